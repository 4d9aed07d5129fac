r"""Tell numbers from strings, cell by cell, as Model Monitor does: by the raw text of the cell.

The rules are deequ's (StatefulDataType). "12" and "-3" are Integral, "1.5" and "1e-3" Fractional,
"true" and "false" Boolean; an empty cell is missing; everything else is String, including "1.",
".5", "NaN", "inf" and "1,000".

Values that aren't strings count as CSV would have them: a float of 32 bits as the shortest decimal
that rounds to it (0.1, and not 0.10000000149), a time as pandas writes it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from . import times

FRACTIONAL = r"^(-|\+)? ?\d+((\.\d+)|((?:\.\d+)?[Ee][-+]?\d+))$"
INTEGRAL = r"^(-|\+)? ?\d+$"
BOOLEAN = r"^(true|false)$"
LARGE = 2.0**53  # from here on a double doesn't hold every whole number


class Cells(NamedTuple):
    """Hold the cells of one column by kind.

    ``numbers`` holds the values of the numeric cells in row order. ``written`` holds how they were
    written (None: they were numbers that a double holds, not strings). ``texts`` holds the other
    cells that are present; ``boolean`` counts those of them that are true or false.
    """

    missing: int
    integral: int
    fractional: int
    boolean: int
    numbers: np.ndarray
    written: pa.Array | None
    texts: pa.Array


_NO_TEXT = pa.array([], pa.string())


def cells(values) -> Cells:
    """Sort the cells of a column by kind.

    Args:
        values: an Arrow array, a pandas series or a numpy array, shape (n,). Integers are Integral,
            floats Fractional (also 3.0), and NaN is missing. An infinite float is judged by its
            text, so it is String. Objects are judged one by one by their ``str``.
    """
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        values = pd.Series(values, copy=False)
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fiu":
            return _numbers(values.to_numpy())
        values = _to_arrow(values)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if isinstance(values.type, pa.BaseExtensionType):
        values = _meant(values)
    if pa.types.is_timestamp(values.type):
        values = times.text(values, times.unit(values))
    if pa.types.is_duration(values.type):
        values = times.seconds(values)
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        present = values.drop_null()
        found = _numbers(present.to_numpy(zero_copy_only=False))
        return found._replace(missing=found.missing + values.null_count)
    return _texts(_as_text(values))


def _meant(values: pa.ExtensionArray) -> pa.Array:
    """Return what values of an extension type mean, where their storage doesn't show it."""
    name = values.type.extension_name
    if name == "arrow.bool8":
        return values.storage.cast(pa.bool_())
    if name in ("pandas.period", "pandas.interval"):  # 2026-01 is stored as 672 months
        # pandas makes an interval of a missing one
        there = values.is_valid().to_numpy(zero_copy_only=False)
        return _to_arrow(values.to_pandas().astype(object).where(there, None))
    if name == "arrow.uuid":
        return pa.array([v if v is None else str(v) for v in values.to_pylist()], pa.string())
    return values.storage


def _as_text(values: pa.Array) -> pa.Array:
    """Write the values of any other type as text."""
    if pa.types.is_time(values.type):
        return times.clock(values)
    try:
        return values if pa.types.is_string(values.type) else values.cast(pa.string())
    except pa.ArrowNotImplementedError:
        raise ValueError(
            f"a column of type {values.type} cannot be monitored: flatten it first."
        ) from None
    except pa.ArrowInvalid:
        raise ValueError(
            f"a column of type {values.type} holds bytes that are no text: decode them, or leave"
            " it out."
        ) from None


def texts(values: pd.Series) -> Cells:
    """Take the cells of a column of categories or text as they are written: 01234 isn't 1234."""
    present = _to_arrow(values.astype(object)).drop_null()
    present = present.filter(pc.greater(pc.binary_length(present), 0))
    return Cells(len(values) - len(present), 0, 0, 0, np.empty(0), None, present)


def _to_arrow(series: pd.Series) -> pa.Array:
    """Convert a pandas column to Arrow; objects become strings."""
    if series.dtype != object:
        try:
            return pa.array(series, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            pass
    return pa.array(
        [None if m else _written(v) for v, m in zip(series, series.isna(), strict=True)],
        pa.string(),
    )


def _written(value) -> str:
    """Write a value as a CSV or JSON file has it; bytes are text, as in Parquet."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise ValueError(
                f"a column of bytes holds some that are no text, such as {value[:20]!r}: decode"
                " them, or leave the column out."
            ) from None
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def _numbers(values: np.ndarray) -> Cells:
    """Sort numbers; the dtype decides whether they are Integral or Fractional."""
    if values.dtype.kind in "iu":
        numbers = values.astype(float)
        written = pc.cast(pa.array(values), pa.string()) if are_large(numbers) else None
        return Cells(0, len(values), 0, 0, numbers, written, _NO_TEXT)
    values = np.ascontiguousarray(widened(values), dtype=float)
    finite = np.isfinite(values)
    if finite.all():
        return Cells(0, 0, len(values), 0, values, None, _NO_TEXT)
    missing = np.isnan(values)
    infinite = values[~finite & ~missing]
    numbers = values[finite]
    texts = pa.array([str(v) for v in infinite.tolist()], pa.string())
    return Cells(int(missing.sum()), 0, len(numbers), 0, numbers, None, texts)


def widened(values: np.ndarray) -> np.ndarray:
    """Return floats of 16 or 32 bits as the numbers that they were written as."""
    if values.dtype == np.float16:
        return values.astype(str).astype(float)
    if values.dtype == np.float32:
        text = pc.cast(pa.array(values), pa.string())
        return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def are_large(numbers: np.ndarray) -> bool:
    """Return whether any number is one that a double may hold for another."""
    return max(numbers.max(initial=0.0), -numbers.min(initial=0.0)) >= LARGE


def _texts(values: pa.StringArray) -> Cells:
    """Sort strings; an empty string is missing."""
    present = values.drop_null()
    if len(present) and pc.min(pc.binary_length(present)).as_py() == 0:
        present = present.filter(pc.greater(pc.binary_length(present), 0))
    missing = len(values) - len(present)
    plain = _plain_numbers(present)
    if plain is not None:
        numbers, fractional = plain
        return Cells(missing, len(numbers) - fractional, fractional, 0, numbers, present, _NO_TEXT)
    is_fractional = _matches(present, FRACTIONAL)
    is_integral = _matches(present, INTEGRAL)
    is_number = is_fractional | is_integral
    written = present.filter(pa.array(is_number))
    numbers = pc.cast(pc.replace_substring(written, " ", ""), pa.float64()).to_numpy(
        zero_copy_only=False
    )
    too_big = ~np.isfinite(numbers)  # "1e400" doesn't fit in a double, so it stays a string
    if too_big.any():
        is_number[np.flatnonzero(is_number)[too_big]] = False
        numbers, written = numbers[~too_big], written.filter(pa.array(~too_big))
    texts = present.filter(pa.array(~is_number))
    integral = int((is_integral & is_number).sum())
    boolean = int(_matches(texts, BOOLEAN).sum())
    return Cells(missing, integral, len(numbers) - integral, boolean, numbers, written, texts)


def _matches(values: pa.StringArray, pattern: str) -> np.ndarray:
    return pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False).astype(bool)


def _plain_numbers(values: pa.StringArray) -> tuple[np.ndarray, int] | None:
    """Return (numbers, how many are fractional) of plain numbers, or None.

    A plain number has digits and at most a sign and a point. If all cells are plain numbers, two
    regular expressions per cell aren't needed, which matters for speed on large files.
    """
    if not len(values):
        return np.empty(0), 0
    _, offsets, text = values.buffers()
    offsets = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    text = np.frombuffer(text, np.uint8)[: offsets[-1]]
    first, last = text[offsets[:-1]], text[offsets[1:] - 1]
    used = text[offsets[0] :]
    point = ord(".")
    # The full rules are needed if a cell has a letter, ends in a point, or starts in one (perhaps
    # after a sign).
    starts = np.where(first < point, text[np.minimum(offsets[:-1] + 1, len(text) - 1)], first)
    if used.max() > ord("9") or (last == point).any() or (starts == point).any():
        return None
    try:
        numbers = pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return (numbers, int(np.count_nonzero(used == point))) if np.isfinite(numbers).all() else None


def value_counts(values: pa.Array | np.ndarray, whole: bool) -> list[tuple[str, int]]:
    """Return the different cells as text, those of an Arrow array in order of coming up, and rows
    per cell; of numbers ``whole`` says whether they are whole ones.
    """
    if isinstance(values, np.ndarray):
        numbers, counts = np.unique(values, return_counts=True)
        texts = map(str, numbers.astype(int).tolist() if whole else numbers.tolist())
        return list(zip(texts, counts.tolist(), strict=True))
    return [(pair["values"], pair["counts"]) for pair in pc.value_counts(values).to_pylist()]
