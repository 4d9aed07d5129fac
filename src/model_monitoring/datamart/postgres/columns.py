"""Typed columns of a subscription, and values checked against them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from numbers import Real

import numpy as np

from model_monitoring.analysis.data_quality.celltypes import widened
from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.texts import fault
from model_monitoring.datamart.postgres.wording import shown

NUMBER, INTEGER, BOOLEAN, TEXT, NUMBERS = (
    "double precision",
    "bigint",
    "boolean",
    "text",
    "double precision[]",
)


@dataclass(frozen=True)
class Column:
    """A column of a payload or feedback table.

    `name` is the model's name for it, `column_name` PostgreSQL's.
    """

    name: str
    column_name: str
    role: str
    type: str


@dataclass(frozen=True)
class Values:
    """The checked values of one column: an array, and a mask if some are missing."""

    data: np.ndarray
    missing: np.ndarray | None = None

    def take(self, rows: np.ndarray | slice) -> "Values":
        """Return the values of some rows."""
        return Values(self.data[rows], None if self.missing is None else self.missing[rows])


def type_of(name: str, values: Sequence, classes: bool) -> str:
    """Derive the type of a field that the contract doesn't declare from its first values.

    Numbers are real ones, but whole ones if they are `classes`.

    Raises:
        ValueError: the values are of several types, or of a type that no column can hold.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        present = values[~np.isnan(values)]
        return INTEGER if classes and (present == np.round(present)).all() else NUMBER
    kinds = {kind for kind in map(type, values) if kind is not type(None)}
    if not kinds:
        return NUMBER
    if all(issubclass(kind, bool | np.bool_) for kind in kinds):
        return BOOLEAN
    if all(issubclass(kind, Real) and not issubclass(kind, bool) for kind in kinds):
        whole = classes and all(value is None or value % 1 == 0 for value in values)
        return INTEGER if whole else NUMBER
    if all(issubclass(kind, str) for kind in kinds):
        return TEXT
    if all(issubclass(kind, list | tuple | np.ndarray) for kind in kinds):
        return NUMBERS
    given = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise ValueError(
        f"field {name!r} has values of type {given}: send only numbers, only booleans, only text or"
        " only lists of numbers."
    )


def spelt(column: Column, values: Sequence, where: Callable[[int], str]) -> Sequence:
    """Return numbers and booleans that came as text as what they are, for an engine that cares.

    Raises:
        ValueError: one isn't of the column's type.
    """
    if column.type == TEXT or not any(isinstance(value, str) for value in values):
        return values
    return coercing.each(values, _RULES[column.type], refusal(column, values, where))


def read_as(kind: str, value: object) -> object:
    """Read a single value by the rule of a column's type; raises ValueError if it isn't of it."""
    return _RULES[kind](value)


def refusal(
    column: Column, values: Sequence, where: Callable[[int], str]
) -> Callable[[int, str], ValueError]:
    """Return what makes the error of the value in a row, for a reason or for its type."""

    def refuse(bad: int, reason: str) -> ValueError:
        reason = reason or f"is not of the column's type, {column.type}"
        return ValueError(
            f"field {column.name!r}, {where(bad)}: {shown(values[bad])} {reason}; nothing was"
            " stored."
        )

    return refuse


@contextmanager
def unquoting(name: str, never_store: Collection[str]) -> Iterator[None]:
    """Quote no value of a field that may not be stored anywhere, as messages are."""
    try:
        yield
    except ValueError:
        if name not in never_store:
            raise
        raise ValueError(
            f"field {name!r}: a value isn't of the column's type. Nothing was stored."
        ) from None


def check(column: Column, values: Sequence, where: Callable[[int], str]) -> Values:
    """Turn raw values into an array of the column's type, by the rules of `coercing`.

    None is a missing value, and so is NaN in a numpy array. `where(i)` describes row i in an error.

    Raises:
        ValueError: a value is of another type, infinite, or can't be stored; the message has field
            and row.
    """
    refuse = refusal(column, values, where)
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        if column.type == NUMBER and values.dtype.kind != "b":
            return _check_numbers(values, refuse)
        if column.type == BOOLEAN and values.dtype.kind == "b":
            return Values(values)
        if column.type == INTEGER and values.dtype.kind in "iu":
            return Values(_whole_array(values, refuse))
        if column.type == INTEGER and values.dtype.kind == "f":
            with suppress(ValueError):  # the rule says which one isn't whole
                return _whole_floats(values)
        if values.dtype.kind == "f":  # where NaN is a missing value
            values = np.where(np.isnan(values), None, widened(values).astype(object))
    values = values.tolist() if isinstance(values, np.ndarray) else values
    if column.type == NUMBER and set(map(type, values)) <= {float, int, type(None)}:
        with suppress(OverflowError):  # the rule says which one is too large
            data = np.array([np.nan if value is None else value for value in values], np.float64)
            if np.isfinite(data).all():
                return Values(data)
    read = coercing.each(values, _RULES[column.type], refuse)
    missing = np.fromiter((value is None for value in read), bool, len(read))
    filled = [_FILLER[column.type] if value is None else value for value in read]
    return Values(_laid_out(column.type, filled, refuse), missing if missing.any() else None)


def _check_numbers(values: np.ndarray, refuse: Callable[[int, str], ValueError]) -> Values:
    """Check numbers as numpy has them, where NaN is a missing one."""
    data = widened(values).astype(np.float64, copy=False)
    if np.isinf(data).any():
        raise refuse(int(np.argmax(np.isinf(data))), "is not finite")
    missing = np.isnan(data)
    return Values(data, missing if missing.any() else None)


def _whole_floats(values: np.ndarray) -> Values:
    """Take floats for whole numbers; raise ValueError if one isn't, or may have been rounded."""
    missing = np.isnan(values)
    present = np.where(missing, 0.0, values)
    if not ((present == np.round(present)) & (np.abs(present) < 2.0**53)).all():
        raise ValueError
    return Values(present.astype(np.int64), missing if missing.any() else None)


def _whole_array(values: np.ndarray, refuse: Callable[[int, str], ValueError]) -> np.ndarray:
    if values.dtype.kind == "u" and (values >= 2**63).any():
        raise refuse(int(np.argmax(values)), "does not fit in 64 bits")
    return values.astype(np.int64, copy=False)


def _laid_out(kind: str, values: list, refuse: Callable[[int, str], ValueError]) -> np.ndarray:
    """Put values of one kind into an array, as `copy_in` takes them."""
    if kind in _DTYPES:
        return np.array(values, dtype=_DTYPES[kind])
    if kind == NUMBERS:
        return _bytes([_packed(value) for value in values])
    # Most text repeats
    first = {value: row for row, value in reversed(list(enumerate(values)))}
    encoded = {value: _utf8(value, row, refuse) for value, row in first.items()}
    return _bytes([encoded[value] for value in values])


def _bytes(values: list[bytes]) -> np.ndarray:
    data = np.empty(len(values), dtype=object)
    data[:] = values
    return data


def _utf8(value: str, row: int, refuse: Callable[[int, str], ValueError]) -> bytes:
    if why := fault(value):
        raise refuse(row, why)
    return value.encode()


def _packed(value: Sequence[float]) -> bytes:
    """Write a list of numbers in PostgreSQL's binary form of an array.

    The form is defined in src/backend/utils/adt/arrayfuncs.c.
    """
    items = np.empty(len(value), dtype=[("length", ">i4"), ("value", ">f8")])
    items["length"], items["value"] = 8, value
    return np.array([1, 0, _FLOAT8_OID, len(value), 1], dtype=">i4").tobytes() + items.tobytes()


def unpacked(value: bytes) -> list[float]:
    """Read PostgreSQL's binary form of an array of numbers."""
    header = 20  # bytes: dimensions, whether there are NULLs, the type, length, first index
    items = np.frombuffer(value[header:], dtype=[("length", ">i4"), ("value", ">f8")])
    return items["value"].astype(float).tolist()


_FLOAT8_OID = 701
_FILLER = {NUMBER: 0.0, INTEGER: 0, BOOLEAN: False, TEXT: "", NUMBERS: (0.0,)}
_DTYPES = {NUMBER: np.float64, INTEGER: np.int64, BOOLEAN: bool}
_RULES = {
    NUMBER: coercing.number,
    INTEGER: coercing.whole,
    BOOLEAN: coercing.boolean,
    TEXT: coercing.text,
    NUMBERS: coercing.numbers,
}
