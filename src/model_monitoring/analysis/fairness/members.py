"""Match values with the members of a list: categories, or ranges of numbers."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd


def check_listed(listed, what: str) -> None:
    """Refuse a string instead of a list: its letters would be taken for the groups."""
    if isinstance(listed, str):
        raise ValueError(f"{what} is the string {listed!r}; write a list, [{listed!r}].")


def match(values, listed: Sequence, name: str) -> tuple[np.ndarray, list, np.ndarray]:
    """Find the position of each value's member in ``listed``: -1 if none, -2 if it is missing.

    Returns the positions (n,), the members as categories or Intervals, and the distinct values. In
    a column of numbers a value that isn't one is missing, unless none is one.
    """
    places, seen = pd.factorize(pd.Series(values), use_na_sentinel=True)
    seen = np.asarray(seen)
    ranged = any(isinstance(member, list | tuple | pd.Interval) for member in listed)
    numeric = ranged or seen.dtype.kind in "biuf"
    if numeric:
        seen = _some_numbers(seen, name)
    members = [_interval(member, name) if ranged else member for member in listed]
    if ranged:
        clash = next((pair for pair in combinations(members, 2) if pair[0].overlaps(pair[1])), None)
    else:
        if numeric:
            wanted = _numbers(np.asarray(members, dtype=object), name)
        else:
            wanted = [str(member) for member in members]
            seen = np.array([str(value) for value in seen], dtype=object)
        clash = next((pair for pair in combinations(wanted, 2) if pair[0] == pair[1]), None)
    if clash:
        raise ValueError(
            f"{name}: {clash[0]} and {clash[1]} overlap; a value can belong to only one group."
        )
    found = np.full(len(seen) + 1, -1)
    found[-1] = -2  # factorize marks a missing value with -1, the last position
    for position, member in enumerate(members):
        found[:-1][_inside(seen, member) if ranged else seen == wanted[position]] = position
    found[:-1][pd.isna(seen)] = -2
    return found[places], members, seen


def _some_numbers(values: np.ndarray, name: str) -> np.ndarray:
    """Read the values of rows; NaN where one is no number, unless none is."""
    read = np.asarray(pd.to_numeric(pd.Series(values), errors="coerce"))
    return _numbers(values, name) if pd.isna(read).all() else read


def _numbers(values: np.ndarray, name: str) -> np.ndarray:
    """Read numbers, also from strings."""
    read = np.asarray(pd.to_numeric(pd.Series(values), errors="coerce"))
    if pd.isna(read).any():
        odd = ", ".join(repr(value) for value in np.asarray(values)[pd.isna(read)][:3])
        raise ValueError(
            f"{name}: {odd} is compared with numbers but isn't a number; groups and values must "
            "be of one kind."
        )
    return read


def _interval(member, name: str) -> pd.Interval:
    """Read a range; a single number becomes a range of itself."""
    if isinstance(member, pd.Interval):
        return member
    try:
        low, high = member if isinstance(member, list | tuple) else (member, member)
        return pd.Interval(
            -np.inf if low is None else low, np.inf if high is None else high, closed="both"
        )
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}: {member!r} is not a range; write [low, high] with low <= high."
        ) from None


def _inside(values: np.ndarray, interval: pd.Interval) -> np.ndarray:
    """Tell which values lie in an interval."""
    above = values >= interval.left if interval.closed_left else values > interval.left
    return above & (values <= interval.right if interval.closed_right else values < interval.right)


def label(member, seen: np.ndarray) -> str:
    """Write a group as a string; open ends of a range are closed at the values seen."""
    if not isinstance(member, pd.Interval):
        return str(member)
    inside = seen[_inside(seen, member)]
    left, right, closed = member.left, member.right, (member.closed_left, member.closed_right)
    if len(inside) and np.isinf(left):
        left, closed = inside.min(), (True, closed[1])
    if len(inside) and np.isinf(right):
        right, closed = inside.max(), (closed[0], True)
    opening, closing = "[" if closed[0] else "(", "]" if closed[1] else ")"
    return f"{opening}{_end(left)}, {_end(right)}{closing}"


def alike(member, seen: Sequence) -> str | None:
    """Return the value that equals a category but for case, blanks or how a number is written."""
    if isinstance(member, pd.Interval | list | tuple):
        return None
    wanted = _plain(member)
    return next((str(value) for value in seen if _plain(value) == wanted), None)


def _plain(value) -> float | str:
    text = str(value).strip().casefold()
    try:
        return float(text)
    except ValueError:
        return text


def _end(number: float) -> str:
    """Write an end of a range; a whole number has no decimals."""
    return str(int(number)) if np.isfinite(number) and number == int(number) else str(number)
