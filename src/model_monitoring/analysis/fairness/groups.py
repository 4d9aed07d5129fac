"""Who is compared with whom: the groups of a protected attribute, and the outcomes that favour a
person.

The words are OpenScale's: a feature has majority groups and minority groups, each a category or a
range of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from numbers import Real

import numpy as np
import pandas as pd

EVERYONE_ELSE = "everyone else"
OTHER = "(other)"
MISSING = "(missing)"


@dataclass(frozen=True)
class Feature:
    """Name a protected attribute, the groups it has, and the fairness score below which it counts
    as biased.

    A group is a category ("female"), a range [low, high] that includes both ends (None leaves an
    end open), or a pandas Interval: Clarify's facet threshold of 40 is ``pd.Interval(40,
    float("inf"))``. Without ``majority`` each minority group is compared with everyone else. 0.8 is
    the four-fifths rule of the US Uniform Guidelines (1978).

    >>> by_age = Feature("age", majority=[[26, None]], minority=[[18, 25]])
    >>> assign([19, 40, None], by_age).labels
    ('[18, 25]', '[26, 40]', '(missing)')
    """

    name: str
    majority: Sequence | None = None
    minority: Sequence = ()
    threshold: float = 0.8


@dataclass(frozen=True)
class Groups:
    """Hold the group of every row: ``codes`` (n,) are positions in ``labels``, ``roles`` and
    ``members``.

    A role is minority, majority, other (in no group) or missing (no value). ``members`` has the
    category or the pandas Interval behind each group; None where there is no single one. ``alike``
    has for a category that no row has the value that is spelled almost like it, if there is one.
    """

    name: str
    labels: tuple[str, ...]
    roles: tuple[str, ...]
    members: tuple
    codes: np.ndarray
    alike: tuple[str | None, ...]

    def positions(self, role: str) -> list[int]:
        """Return the positions of the groups of one role."""
        return [i for i, has in enumerate(self.roles) if has == role]


def assign(values, feature: Feature) -> Groups:
    """Tell each of n values its group.

    Numbers given as text are read as numbers where a group is a range. Open ends of a range are
    labelled with the least or greatest value seen, as Clarify does: ``(40, 75]``.

    Raises:
        ValueError: no minority group, a text instead of a list, groups that overlap, a threshold
            that isn't above 0, or values that are no numbers where a group is a range.
    """
    if not len(feature.minority):
        raise ValueError(f"{feature.name}: minority is empty; name the groups to protect.")
    if not (isinstance(feature.threshold, Real) and feature.threshold > 0):
        raise ValueError(
            f"{feature.name}: threshold is {feature.threshold!r}; it must be above 0, for example "
            "0.8."
        )
    for what in ("minority", "majority"):
        _check_listed(getattr(feature, what), f"{feature.name}: {what}")
    listed = [*feature.minority, *(feature.majority or ())]
    codes, members, seen = _match(values, listed, feature.name)
    labels = [_label(member, seen) for member in members]
    alike = [
        None if (codes == at).any() else _alike(member, seen) for at, member in enumerate(members)
    ]
    roles = ["minority"] * len(feature.minority) + ["majority"] * len(feature.majority or ())
    rest = ("majority", EVERYONE_ELSE) if feature.majority is None else ("other", OTHER)
    for at, role, label in ((-1, *rest), (-2, "missing", MISSING)):
        if (codes == at).any() or role == "majority":
            codes = np.where(codes == at, len(labels), codes)
            labels.append(label)
            roles.append(role)
            members.append(None)
            alike.append(None)
    return Groups(feature.name, tuple(labels), tuple(roles), tuple(members), codes, tuple(alike))


def check_names(names: Sequence[str]) -> None:
    """Refuse features that are none, or two of the same attribute."""
    if not len(names):
        raise ValueError("Name at least one feature.")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"{twice[0]} is listed twice: give one Feature all its groups, or ask in two runs."
        )


def column(rows: pd.DataFrame, name: str) -> pd.Series:
    """Return a protected attribute's column; raises ValueError where there is none, saying what to
    do.
    """
    if name not in rows:
        raise ValueError(
            f"{name} was not logged: columns are {', '.join(map(str, rows.columns))}. Join it "
            "first, for example "
            "from the feedback table."
        )
    return rows[name]


def cross(parts: Sequence[Groups]) -> Groups:
    """Build the intersections of several attributes: every mix of minority groups, against rows in
    no minority.
    """
    labels, roles = [], []
    codes = np.full(len(parts[0].codes), -1)
    for mix in product(*(part.positions("minority") for part in parts)):
        inside = np.logical_and.reduce(
            [part.codes == at for part, at in zip(parts, mix, strict=True)]
        )
        codes[inside] = len(labels)
        labels.append(" & ".join(part.labels[at] for part, at in zip(parts, mix, strict=True)))
        roles.append("minority")
    favoured = np.logical_and.reduce(
        [np.isin(part.codes, part.positions("majority")) for part in parts]
    )
    codes[favoured] = len(labels)
    codes[codes < 0] = len(labels) + 1
    return Groups(
        " & ".join(part.name for part in parts),
        (*labels, " & ".join(_reference(part) for part in parts), OTHER),
        (*roles, "majority", "other"),
        (None,) * (len(labels) + 2),
        codes,
        (None,) * (len(labels) + 2),
    )


def outcomes(values, favourable: Sequence, unfavourable: Sequence | None, name: str) -> np.ndarray:
    """Mark each value 1 where it is favourable, 0 where unfavourable, 2 where neither or missing;
    int, shape (n,).

    Both are lists of values, or of ranges for regression; without ``unfavourable`` every other
    value is.

    Raises:
        ValueError: ``favourable`` is empty or a text, the two overlap, or no value at all is one of
            them.
    """
    if not len(favourable):
        raise ValueError(
            "favourable is empty: name the outcomes that favour a person, for example ['good']."
        )
    for what, listed in (("favourable", favourable), ("unfavourable", unfavourable)):
        _check_listed(listed, what)
    codes, _, _ = _match(values, [*favourable, *(unfavourable or ())], name)
    rest = 2 if unfavourable is not None else 0
    marked = np.where(
        codes == -2, 2, np.where(codes < 0, rest, np.where(codes < len(favourable), 1, 0))
    )
    if len(marked) and (marked == 2).all():
        seen = ", ".join(map(repr, pd.unique(pd.Series(values))[:3]))
        raise ValueError(f"No {name} is favourable or unfavourable; they are {seen} ...")
    return marked


def written(values, favourable: Sequence, name: str) -> str:
    """Write favourable outcomes as Clarify does: categories with commas between, or ranges closed
    at what was seen.
    """
    _, members, seen = _match(values, list(favourable), name)
    return ",".join(_label(member, seen) for member in members)


def unseen(values: Sequence, listed: Sequence) -> list[str]:
    """Say which of the listed outcomes no row has, and what is spelled almost like it; ``values``
    has one or several columns of outcomes. A range is none to be seen.
    """
    seen = [one for column in values for one in pd.Series(column).dropna().unique().tolist()]
    numeric = all(isinstance(value, Real) for value in seen)
    found = []
    for member in listed:
        if isinstance(member, list | tuple | pd.Interval) or member in seen:
            continue
        other = _alike(member, seen)
        if other is not None and numeric:
            continue  # compared as numbers, so '1.0' is 1
        found.append(f"no row has {member!r}" + ("" if other is None else f"; there is {other!r}"))
    return found


def _alike(member, seen: Sequence) -> str | None:
    """Return the value that is like a category but for case, blanks or how a number is written."""
    if isinstance(member, pd.Interval | list | tuple):
        return None

    def plain(value) -> object:
        text = str(value).strip().casefold()
        try:
            return float(text)
        except ValueError:
            return text

    wanted = plain(member)
    return next((str(value) for value in seen if plain(value) == wanted), None)


def _check_listed(listed, what: str) -> None:
    """Refuse a text where a list of them is meant: its letters would be taken for the groups."""
    if isinstance(listed, str):
        raise ValueError(f"{what} is the text {listed!r}; write a list, [{listed!r}].")


def _reference(groups: Groups) -> str:
    """Name the majority groups together."""
    return ", ".join(groups.labels[at] for at in groups.positions("majority"))


def _match(values, listed: Sequence, name: str) -> tuple[np.ndarray, list, np.ndarray]:
    """Find for each value the position of its member in ``listed``; -1 is none of them and -2
    missing.

    Returns positions (n,), the members as categories or Intervals, and the distinct values seen.
    Where groups are ranges, a value that is no number is missing, unless none is a number.
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
        wanted = (
            _numbers(np.asarray(members, dtype=object), name)
            if numeric
            else [str(m) for m in members]
        )
        clash = next((pair for pair in combinations(wanted, 2) if pair[0] == pair[1]), None)
        seen = seen if numeric else np.array([str(value) for value in seen], dtype=object)
    if clash:
        raise ValueError(
            f"{name}: {clash[0]} and {clash[1]} overlap; every value must belong to one group at "
            "most."
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
    """Read numbers, also from text."""
    read = np.asarray(pd.to_numeric(pd.Series(values), errors="coerce"))
    if pd.isna(read).any():
        odd = ", ".join(repr(value) for value in np.asarray(values)[pd.isna(read)][:3])
        raise ValueError(
            f"{name}: {odd} is compared with numbers but is none; groups and values must be of "
            "one kind."
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


def _label(member, seen: np.ndarray) -> str:
    """Write a group as text, open ends of a range closed at what was seen."""
    if not isinstance(member, pd.Interval):
        return str(member)
    inside = seen[_inside(seen, member)]
    left, right, closed = member.left, member.right, (member.closed_left, member.closed_right)
    if len(inside) and np.isinf(left):
        left, closed = inside.min(), (True, closed[1])
    if len(inside) and np.isinf(right):
        right, closed = inside.max(), (closed[0], True)
    ends = ", ".join(
        str(int(end)) if np.isfinite(end) and end == int(end) else str(end) for end in (left, right)
    )
    return f"{'[' if closed[0] else '('}{ends}{']' if closed[1] else ')'}"
