"""One rule for each type of value, whichever door it comes through.

The same value is the same in the table whether Python, JSON, a data frame or CSV brings it: text
that is a number is one in a column of numbers, and a number is a category in a column of those.
Missing are None, pandas' NA and NaT, text that is empty or blank, and NaN in a frame or in CSV.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Integral, Real

import numpy as np
import pandas as pd

BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)


class WrongType(ValueError):
    """A value isn't of the column's type."""


def number(value: object) -> float | None:
    """Read a number, also one that is written as text.

    Raises:
        WrongType: it is none.
        ValueError: it is NaN or infinite.
    """
    if _is_missing(value):
        return None
    written = isinstance(value, str) and DECIMAL.fullmatch(value.strip())
    if not written and (not isinstance(value, Real | Decimal) or isinstance(value, bool)):
        raise WrongType
    try:
        # A narrow float is the number that it was written as
        read = float(str(value) if isinstance(value, np.float32 | np.float16) else value)
    except OverflowError:
        raise ValueError("is too large a number") from None
    if not math.isfinite(read):
        raise ValueError("is not finite; send None for a missing value")
    return read


def whole(value: object) -> int | None:
    """Read a whole number exactly, however many digits it has; 61.0 is 61.

    Raises:
        WrongType: it is no number.
        ValueError: it isn't whole, or too large.
    """
    read = number(value)
    if read is None:
        return None
    if abs(read) > 2**64:
        raise ValueError("does not fit in 64 bits")
    if isinstance(value, str) and WHOLE.fullmatch(value.strip()):
        value = int(value.strip().partition(".")[0])
    if not isinstance(value, Integral) and not read.is_integer():
        raise ValueError("is not a whole number")
    value = int(read if isinstance(value, str) else value)  # 1e3 is whole too
    if not -(2**63) <= value < 2**63:
        raise ValueError("does not fit in 64 bits")
    return value


def boolean(value: object) -> bool | None:
    """Read True and False, also as 1 and 0, or as text of either.

    Raises:
        WrongType: it is neither.
    """
    if _is_missing(value):
        return None
    if isinstance(value, str):
        if value.strip().lower() in BOOLEANS:
            return BOOLEANS[value.strip().lower()]
        value = number(value)  # 1.0 is 1
    if isinstance(value, bool | np.bool_) or (isinstance(value, Real) and value in (0, 1)):
        return bool(value)
    raise WrongType


def text(value: object) -> str | None:
    """Write a category: text as it is, 3 and 3.0 as 3, True and "True" as true, times in ISO 8601.

    Raises:
        WrongType: it is a list, or something else that is no category.
        ValueError: it is a number that is NaN or infinite.
    """
    if _is_missing(value):
        return None
    if isinstance(value, str):
        return value.lower() if value.lower() in ("true", "false") else value
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, Integral):
        if abs(value) >= 2**64:
            raise ValueError("is too large a number")
        return str(int(value))
    if isinstance(value, Real | Decimal):
        read = number(value)
        return str(int(read)) if read.is_integer() else repr(read)
    if isinstance(value, np.datetime64 | datetime):
        time = pd.Timestamp(value)
        return (time.tz_convert(UTC).tz_localize(None) if time.tzinfo else time).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise WrongType


def class_name(value: object) -> str | None:
    """Write a class of text: as a category, but blanks around it don't count.

    Raises:
        WrongType, ValueError: see `text`.
    """
    written = text(value)
    return written.strip() or None if written is not None else None


def numbers(value: object) -> list[float] | None:
    """Read a list of numbers, none of them missing.

    Raises:
        WrongType: it is no list.
        ValueError: an item is no number.
    """
    if _is_missing(value):
        return None
    if not isinstance(value, list | tuple | np.ndarray):
        raise WrongType
    try:
        read = [number(item) for item in value]
    except ValueError:
        raise ValueError("is not a flat list of finite numbers") from None
    if not read or None in read:
        raise ValueError("is not a flat list of finite numbers")
    return read


def parsed(cell: str | None, kind: str) -> str | None:
    """Return a cell of CSV for a column of some type: there, blanks and nan stand for nothing.

    Of text only `nan` itself does, as Python and SageMaker's serializers write a missing value.
    """
    bare = (cell or "").strip()
    if kind == "text":
        return None if bare in ("", "nan") else cell
    return None if bare.lower() in ("", "nan") else bare


def each(
    values: Sequence, rule: Callable[[object], object], refuse: Callable[[int, str], ValueError]
) -> list:
    """Apply a rule to values; `refuse(i, reason)` makes the error of the first that has none."""
    read: dict[object, object] = {}  # most texts repeat
    found = []
    for position, value in enumerate(values):
        if type(value) is str and value in read:
            found.append(read[value])
            continue
        try:
            done = rule(value)
        except ValueError as error:
            raise refuse(position, str(error)) from None
        if type(value) is str:
            read[value] = done
        found.append(done)
    return found


def _is_missing(value: object) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    missing = value is None or value is pd.NA or value is pd.NaT
    return missing or (isinstance(value, np.datetime64) and bool(np.isnat(value)))
