"""A model's answers as the contract has them: classes, and probabilities in their order."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import numpy as np

from model_monitoring.analysis.quality.rows import ROUNDING
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart import contract
from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.columns import (
    INTEGER,
    NUMBER,
    NUMBERS,
    TEXT,
    Column,
    Values,
    check,
    refusal,
)
from model_monitoring.datamart.postgres.wording import some

# How far from 1 the sum of probabilities may be: they are often written with few digits
SUM_ROUNDING = 1e-3
Where = Callable[[int], str]


def predictions(column: Column, asset: Mapping, values: Sequence, where: Where) -> Values:
    """Check predictions: none is missing, and each is one of the classes, if these are known.

    Raises:
        ValueError: one is missing, of another type, or no class of the model's.
    """
    if column.type in (INTEGER, NUMBER) and asset["problem_type"] != "regression":
        values = _unflagged(values)
    read = check(column, values, where)
    if read.missing is not None:
        raise ValueError(
            f"field {column.name!r}, {where(int(np.argmax(read.missing)))}: no prediction. Nothing"
            " was stored."
        )
    known = contract.classes(asset)
    if asset["problem_type"] == "regression":
        return read
    if known is None:
        return _bare(column, read, values, where)
    names = coercing.class_name if column.type == TEXT else None
    there = np.array([names(value).encode() for value in known] if names else known)
    if not (unknown := ~np.isin(read.data, there)).any():
        return read
    read = _bare(column, read, values, where)
    if not (unknown := ~np.isin(read.data, there)).any():
        return read
    if column.type == TEXT:
        read = _numbered(read, there)
        if not (unknown := ~np.isin(read.data, there)).any():
            return read
    reason = f"is none of the classes {some(known)} (label_values)"
    raise refusal(column, values, where)(int(np.argmax(unknown)), reason)


def _unflagged(values: Sequence) -> Sequence:
    """Return true and false as 1 and 0, for classes that are numbers."""
    if isinstance(values, np.ndarray):
        return values.astype(int) if values.dtype.kind == "b" else values
    if not {bool, np.bool_, str} & set(map(type, values)):
        return values
    flags = {"true": 1, "false": 0}
    bare = [value.strip().lower() if isinstance(value, str) else value for value in values]
    return [
        int(value) if isinstance(value, bool | np.bool_) else flags.get(word, value)
        for word, value in zip(bare, values, strict=True)
    ]


def _bare(column: Column, read: Values, values: Sequence, where: Where) -> Values:
    """Return classes without the blanks around them, which don't count; none is blank."""
    if column.type != TEXT:
        return read
    found = {name: name.decode().strip().encode() for name in set(read.data.tolist())}
    if b"" in found.values():
        blank = next(row for row, name in enumerate(read.data.tolist()) if not found[name])
        raise refusal(column, values, where)(blank, "is no class")
    data = np.empty(len(read.data), dtype=object)
    data[:] = [found[name] for name in read.data.tolist()]
    return Values(data, read.missing)


def _numbered(read: Values, known: np.ndarray) -> Values:
    """Return classes that are numbers as the contract writes them: "2.0", of CSV, as "2"."""
    spelt = {}
    for name in set(read.data.tolist()) - set(known.tolist()):
        with suppress(ValueError):
            spelt[name] = (coercing.text(coercing.number(name.decode())) or "").encode()
    data = np.empty(len(read.data), dtype=object)
    data[:] = [spelt.get(name, name) for name in read.data.tolist()]
    return Values(data, read.missing)


def probabilities(column: Column, asset: Mapping, values: Sequence, where: Where) -> Values:
    """Check probabilities, and bring them into the contract's form.

    A binary model's column holds that of the positive class, whether it answers one number or one
    a class; a multiclass model's one a class, or that of the predicted class alone.

    Raises:
        ValueError: one is beyond 0 and 1, or there are more or fewer than classes.
    """
    refuse = refusal(column, values, where)
    known = contract.classes(asset)
    if column.type == NUMBERS:
        vectors = coercing.each(values, lambda value: _vector(value, known), refuse)
        return check(column, vectors, where)
    if not isinstance(values, np.ndarray) or values.dtype == object:
        positive = contract.positive_class(asset)
        values = coercing.each(values, lambda value: _scalar(value, known, positive), refuse)
    read = check(column, values, where)
    if column.type != NUMBER or asset["problem_type"] == "regression":
        return read
    beyond = (read.data < -ROUNDING) | (read.data > 1 + ROUNDING)
    if beyond.any():
        raise refuse(int(np.argmax(beyond)), "is no probability, which is from 0 to 1")
    return Values(np.clip(read.data, 0.0, 1.0) + 0.0, read.missing)  # -0.0 is 0.0


def _scalar(value: object, known: Sequence | None, positive: object) -> object:
    """Take the positive class's probability from one a class; leave a single one as it is."""
    if not isinstance(value, list | tuple | np.ndarray):
        return value
    if not len(value):
        raise ValueError("has no probability")
    if len(value) == 1:
        return value[0]
    if known is None or positive not in known:
        raise ValueError(
            "are probabilities of classes whose order isn't known: declare label_values, and"
            " positive_label if it isn't 1"
        )
    return _vector(value, known)[known.index(positive)]


def _vector(value: object, known: Sequence | None) -> list[float] | None:
    """Check the probabilities of one row; a single one is the predicted class's."""
    single = not isinstance(value, list | tuple | np.ndarray)
    read = coercing.number(value) if single else coercing.numbers(value)
    if read is None:
        return None
    found = [read] if single else read
    if min(found) < -ROUNDING or max(found) > 1 + ROUNDING:
        raise ValueError("is no probability, which is from 0 to 1")
    if len(found) == 1:
        return found
    if known is None:
        raise ValueError(
            "are probabilities of classes whose order isn't known: declare label_values"
        )
    if len(found) != len(known):
        raise ValueError(
            f"are {len(found)} probabilities for the"
            f" {counted(len(known), 'class', 'classes')} {some(known)}"
        )
    if abs(sum(found) - 1) > SUM_ROUNDING:
        raise ValueError(f"are probabilities whose sum isn't 1 but {sum(found):.6g}")
    return [min(max(item, 0.0), 1.0) for item in found]
