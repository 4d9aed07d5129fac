"""The groups of a protected attribute, which are compared with each other.

The terms are OpenScale's: a feature has majority groups and minority groups, each a category or a
range of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from numbers import Real

import numpy as np
import pandas as pd

from .members import alike, check_listed, label, match

EVERYONE_ELSE = "everyone else"
OTHER = "(other)"
MISSING = "(missing)"


@dataclass(frozen=True)
class Feature:
    """Name a protected attribute and its groups.

    A group is a category ("female"), a range [low, high] that includes both ends (None leaves an
    end open), or a pandas Interval: Clarify's facet threshold of 40 is ``pd.Interval(40,
    float("inf"))``. Without ``majority``, each minority group is compared with everyone else. A
    group counts as biased if its fairness score is below ``threshold``; 0.8 is the four-fifths rule
    of the US Uniform Guidelines (1978).

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
    """Hold the group of each row.

    ``codes`` (n,) are positions in ``labels``, ``roles`` and ``members``. A role is minority,
    majority, other (in no group) or missing (no value). ``members`` has the category or the pandas
    Interval behind each group, or None if there isn't exactly one. For a category that no row has,
    ``alike`` has the value that is spelled almost like it, if there is one.
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
    """Assign each of n values to its group.

    If a group is a range, numbers given as strings are read as numbers. The label of an open range
    has the lowest or highest value seen, as in Clarify: ``(40, 75]``.

    Raises:
        ValueError: no minority group, a string instead of a list, groups that overlap, a threshold
            that isn't above 0, or values that aren't numbers although a group is a range.
    """
    if not len(feature.minority):
        raise ValueError(f"{feature.name}: minority is empty; name the groups to protect.")
    if not (isinstance(feature.threshold, Real) and feature.threshold > 0):
        raise ValueError(
            f"{feature.name}: threshold is {feature.threshold!r}; it must be a number above 0, for "
            "example 0.8."
        )
    for what in ("minority", "majority"):
        check_listed(getattr(feature, what), f"{feature.name}: {what}")
    listed = [*feature.minority, *(feature.majority or ())]
    codes, members, seen = match(values, listed, feature.name)
    labels = [label(member, seen) for member in members]
    similar = [
        None if (codes == at).any() else alike(member, seen) for at, member in enumerate(members)
    ]
    roles = ["minority"] * len(feature.minority) + ["majority"] * len(feature.majority or ())
    rest = ("majority", EVERYONE_ELSE) if feature.majority is None else ("other", OTHER)
    for at, role, name in ((-1, *rest), (-2, "missing", MISSING)):
        if (codes == at).any() or role == "majority":
            codes = np.where(codes == at, len(labels), codes)
            labels.append(name)
            roles.append(role)
            members.append(None)
            similar.append(None)
    return Groups(feature.name, tuple(labels), tuple(roles), tuple(members), codes, tuple(similar))


def check_names(names: Sequence[str]) -> None:
    """Refuse an empty list of features, and two features of the same attribute."""
    if not len(names):
        raise ValueError("features is empty: name at least one feature.")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"{twice[0]} is listed twice: give one Feature all its groups, or evaluate it in two "
            "runs."
        )


def column(rows: pd.DataFrame, name: str) -> pd.Series:
    """Return a protected attribute's column; raises ValueError if there is none."""
    if name not in rows:
        raise ValueError(
            f"{name} was not logged: columns are {', '.join(map(str, rows.columns))}. Join it "
            "first, for example from the feedback table."
        )
    return rows[name]


def cross(parts: Sequence[Groups]) -> Groups:
    """Build the intersections of several attributes.

    Each combination of minority groups is a group. It is compared with the rows that are in the
    majority of every attribute.
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


def _reference(groups: Groups) -> str:
    """Join the names of the majority groups."""
    return ", ".join(groups.labels[at] for at in groups.positions("majority"))
