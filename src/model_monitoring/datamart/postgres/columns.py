"""Typed columns of a subscription: their names, types and checked values.

The first payload determines the types.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

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


def type_of(name: str, values: Sequence, keep_integers: bool) -> str:
    """Derive a column's type from its first values.

    Numbers become double precision, because the first request may happen to hold whole numbers for
    a real-valued feature. With `keep_integers` (categories, class labels) whole numbers stay
    bigint.

    Raises:
        ValueError: the values are of several types, or of a type that no column can hold.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        present = values[~np.isnan(values)]
        return INTEGER if keep_integers and (present == np.round(present)).all() else NUMBER
    kinds = {kind for kind in map(type, values) if kind is not type(None)}
    if not kinds:
        return TEXT if keep_integers else NUMBER
    if all(issubclass(kind, bool | np.bool_) for kind in kinds):
        return BOOLEAN
    if all(issubclass(kind, Real) and not issubclass(kind, bool) for kind in kinds):
        whole = keep_integers and all(_is_whole(value) for value in values if value is not None)
        return INTEGER if whole else NUMBER
    if all(issubclass(kind, str) for kind in kinds):
        return TEXT
    if all(issubclass(kind, list | tuple | np.ndarray) for kind in kinds):
        return NUMBERS
    raise ValueError(
        f"field {name!r} mixes {', '.join(sorted(kind.__name__ for kind in kinds))}: send values"
        " of one type."
    )


def _is_whole(value: Real) -> bool:
    return isinstance(value, Integral) or (not _overflows(value) and float(value).is_integer())


def _overflows(value: Real) -> bool:
    try:
        float(value)
    except OverflowError:
        return True
    return False


def check(column: Column, values: Sequence, where: Callable[[int], str]) -> Values:
    """Turn raw values into an array of the column's type.

    None is a missing value, and so is NaN in a numpy array. `where(i)` describes row i in an error.

    Raises:
        ValueError: a value is of another type, NaN or infinite, or can't be stored; the message
            names field and row.
    """

    def refuse(bad: int, reason: str) -> ValueError:
        return ValueError(
            f"field {column.name!r}, {where(bad)}: {shown(values[bad])} {reason}; nothing was"
            " stored."
        )

    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return _check_array(column, values, refuse)
    values = values.tolist() if isinstance(values, np.ndarray) else values
    kinds = set(map(type, values))
    fits = _FITS[column.type]
    if not all(fits(kind) for kind in kinds - {type(None)}):
        bad = next(
            i for i, value in enumerate(values) if value is not None and not fits(type(value))
        )
        raise refuse(bad, f"is not of the column's type, {column.type}")
    if type(None) not in kinds:
        return Values(_converted(column.type, values, refuse))
    missing = np.fromiter((value is None for value in values), bool, len(values))
    filled = [_FILLER[column.type] if value is None else value for value in values]
    return Values(_converted(column.type, filled, refuse), missing)


def _converted(kind: str, values: Sequence, refuse: Callable[[int, str], ValueError]) -> np.ndarray:
    if kind == BOOLEAN:
        return np.array(values, dtype=bool)
    if kind == TEXT:
        # Most strings repeat
        first = {value: row for row, value in reversed(list(enumerate(values)))}
        encoded = {value: _utf8(value, row, refuse) for value, row in first.items()}
        return _bytes([encoded[value] for value in values])
    if kind == NUMBERS:
        return _bytes([_packed(value, i, refuse) for i, value in enumerate(values)])
    try:
        data = np.array(values, dtype=np.float64)
    except OverflowError:
        bad = next(i for i, value in enumerate(values) if _overflows(value))
        raise refuse(bad, "is too large") from None
    if not np.isfinite(data).all():
        raise refuse(
            int(np.argmin(np.isfinite(data))), "is not finite; send None for a missing value"
        )
    if kind == NUMBER:
        return data
    _check_whole(data, refuse)
    return np.array([int(value) for value in values], dtype=np.int64)


def _check_array(
    column: Column, values: np.ndarray, refuse: Callable[[int, str], ValueError]
) -> Values:
    """Check the values of a data frame's column, in which NaN is a missing value."""
    if (values.dtype.kind == "b") != (column.type == BOOLEAN) or column.type not in (
        NUMBER,
        INTEGER,
        BOOLEAN,
    ):
        raise refuse(0, f"is not of the column's type, {column.type}")
    if column.type == BOOLEAN:
        return Values(values)
    data = values.astype(np.float64, copy=False)
    if np.isinf(data).any():
        raise refuse(int(np.argmax(np.isinf(data))), "is not finite")
    missing = np.isnan(data)
    missing = missing if missing.any() else None
    if column.type == NUMBER:
        return Values(data, missing)
    data = data if missing is None else np.where(missing, 0.0, data)
    _check_whole(data, refuse)
    return Values(
        (values if values.dtype.kind == "i" else data).astype(np.int64, copy=False), missing
    )


def _check_whole(data: np.ndarray, refuse: Callable[[int, str], ValueError]) -> None:
    if (data != np.round(data)).any():
        raise refuse(
            int(np.argmax(data != np.round(data))), "is not a whole number, unlike all before it"
        )
    if (np.abs(data) >= 2.0**63).any():
        raise refuse(int(np.argmax(np.abs(data))), "does not fit in 64 bits")


def _bytes(values: list[bytes]) -> np.ndarray:
    data = np.empty(len(values), dtype=object)
    data[:] = values
    return data


def _utf8(value: str, row: int, refuse: Callable[[int, str], ValueError]) -> bytes:
    if why := fault(value):
        raise refuse(row, why)
    return value.encode()


def _packed(value: Sequence, row: int, refuse: Callable[[int, str], ValueError]) -> bytes:
    """Write a list of numbers in PostgreSQL's binary form of an array.

    The form is defined in src/backend/utils/adt/arrayfuncs.c.
    """
    try:
        numbers = np.array(value, dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        raise refuse(row, "is not a list of numbers") from None
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all():
        raise refuse(row, "is not a flat list of finite numbers")
    items = np.empty(len(numbers), dtype=[("length", ">i4"), ("value", ">f8")])
    items["length"], items["value"] = 8, numbers
    return np.array([1, 0, _FLOAT8_OID, len(numbers), 1], dtype=">i4").tobytes() + items.tobytes()


_FLOAT8_OID = 701
_FILLER = {NUMBER: 0.0, INTEGER: 0, BOOLEAN: False, TEXT: "", NUMBERS: (0.0,)}
_FITS = {
    NUMBER: lambda kind: issubclass(kind, Real) and not issubclass(kind, bool),
    INTEGER: lambda kind: issubclass(kind, Real) and not issubclass(kind, bool),
    BOOLEAN: lambda kind: issubclass(kind, bool | np.bool_),
    TEXT: lambda kind: issubclass(kind, str),
    NUMBERS: lambda kind: issubclass(kind, list | tuple | np.ndarray),
}
