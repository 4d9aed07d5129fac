"""Times as text, written as pandas writes a column to CSV: only as fine as the column needs.

So the same times are the same text from Parquet, from a data frame and from CSV.
"""

from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

Unit = Literal["day", "s", "ms", "us", "ns"]
_UNITS: tuple[Unit, ...] = ("day", "s", "ms", "us", "ns")
_NAMES = {"day": "day", "s": "second", "ms": "millisecond", "us": "microsecond"}


def unit(times: pa.Array) -> Unit:
    """Return the coarsest unit in which all of a column's timestamps are whole."""
    for one, name in _NAMES.items():
        if pc.all(pc.equal(pc.floor_temporal(times, unit=name), times)).as_py() is not False:
            return one
    return "ns"


def finest(*units: Unit) -> Unit:
    """Return the finest of some units."""
    return max(units, key=_UNITS.index)


def text(times: pa.Array, one: Unit) -> pa.Array:
    """Write timestamps in a unit: ``2024-03-01``, ``2024-03-01 10:00:00.500``; those of a time zone
    with its offset.
    """
    kind = times.type
    form = "%Y-%m-%d"
    if one != "day":
        times, form = times.cast(pa.timestamp(one, kind.tz)), f"{form} %H:%M:%S"
    if kind.tz:
        form = f"{form}%Ez" if one != "day" else f"{form} 00:00:00%Ez"
    return pc.strftime(times, format=form)


def clock(times: pa.Array) -> pa.Array:
    """Write times of day as Python does: ``10:00:00``, and ``10:00:00.500000`` for those that need
    it.
    """
    return pc.replace_substring_regex(
        times.cast(pa.time64("us"), safe=False).cast(pa.string()), r"\.0+$", ""
    )


def seconds(durations: pa.Array) -> pa.Array:
    """Return durations of any unit in seconds."""
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[durations.type.unit]
    return pc.divide(durations.cast(pa.int64()).cast(pa.float64(), safe=False), float(per_second))
