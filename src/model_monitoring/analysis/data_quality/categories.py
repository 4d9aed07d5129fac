"""Drift of categorical features, from rows per category."""

import numpy as np
import pandas as pd
from scipy import stats

from . import effects
from .drift import Mode

_FEW = 5  # rows to be expected of a category, for chi-squared (Cochran 1954)
BOOLEANS = {"True", "TRUE", "true", "False", "FALSE", "false"}


def same_case(counts: dict[str, int]) -> dict[str, int]:
    """Return rows per category with booleans written alike: pandas writes True to CSV where Parquet
    and JSON have true.
    """
    found: dict[str, int] = {}
    for value, rows in counts.items():
        value = value.lower() if value in BOOLEANS else value
        found[value] = found.get(value, 0) + rows
    return found


def linf(reference: dict[str, int], current: dict[str, int]) -> float:
    """Return the largest difference of any category's share (deequ's LInfinity)."""
    shares = _table(reference, current)
    shares = shares / shares.sum()
    return float((shares["reference"] - shares["current"]).abs().max())


def _table(reference: dict[str, int], current: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"reference": reference, "current": current}, dtype=float).fillna(0.0)


def effect(reference: dict[str, int], current: dict[str, int]) -> effects.Effect:
    """Return the largest difference of any category's share, with its 95% interval."""
    table = _table(reference, current)
    return effects.of_counts(table["reference"].to_numpy(), table["current"].to_numpy())


def p_value(reference: dict, current: dict) -> float:
    """Return the p-value of two looks at categories, NaN if fewer than two can be compared.

    Chi-squared sees many small changes, Fisher's exact test of each category against the rest the
    change of one (the smallest p-value times their number, Bonferroni). The smaller of both counts
    twice. Rare categories are tested in groups of five expected rows (see _grouped); a group's
    members are of about the same frequency, so top categories stand alone.
    """
    first, second = _grouped(reference, current)
    if len(first) < 2 or not (first.sum() and second.sum()):
        return float("nan")
    one_by_one = _fisher(first, second)
    if len(first) == 2:  # one question, and Fisher's test answers it
        return min(1.0, float(one_by_one.min()))
    together = stats.chi2_contingency(np.array([first, second]), correction=False).pvalue
    return min(1.0, 2 * min(float(together), float(one_by_one.min()) * len(first)))


def _grouped(reference: dict, current: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return rows per group of categories on both sides; each is to have five rows on the smaller
    one. Groups depend on what both sides have together, so they favour no difference.
    """
    names = sorted(
        reference.keys() | current.keys(),
        key=lambda name: (-reference.get(name, 0) - current.get(name, 0), str(name)),
    )
    first, second = (
        np.array([side.get(name, 0) for name in names], float) for side in (reference, current)
    )
    both = first + second
    smaller = min(first.sum(), second.sum()) / max(1.0, both.sum())
    group, filled, groups = 0, 0.0, np.zeros(len(names), int)
    for at, rows in enumerate(both * smaller):
        groups[at] = group
        filled += rows
        if filled >= _FEW:
            group, filled = group + 1, 0.0
    if filled and group:  # too few are left for a group of their own
        groups[groups == group] = group - 1
    return np.bincount(groups, first), np.bincount(groups, second)


def _fisher(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the two-sided p-value of each category's share, doubling the smaller side, with half
    of the chance of the count itself (Lancaster 1961), which makes up for its being discrete.
    """
    both, here = (first + second).round(), second.round()
    drawn = stats.hypergeom(round(both.sum()), both, round(second.sum()))
    half = drawn.pmf(here) / 2
    return 2 * np.minimum(drawn.cdf(here) - half, drawn.sf(here) + half)


def chi_squared_p_value(
    reference: dict[str, int], current: dict[str, int], mode: Mode = "exact"
) -> float:
    """Return the p-value of a chi-squared test, NaN if fewer than two categories can be compared.

    ``exact`` tests whether both sides can come from one distribution (test of homogeneity). ``aws``
    takes the reference as the true distribution and ignores categories that it doesn't have, as
    deequ does (Distance.scala). Both first pool the smallest categories until the expected counts
    allow the test: at least 10 in each of two categories (Cochran 1952), or else at most a fifth of
    the categories below 5 (Yates, Moore & McCabe 1999).
    """
    table = _table(reference, current)
    if mode == "aws":
        table = table.loc[list(reference)]
        expected = table["reference"] / table["reference"].sum() * table["current"].sum()
    else:
        expected = table.sum(axis=1) * min(table.sum()) / table.sum().sum()
    table = _pool(table.assign(expected=expected))
    if len(table) < 2 or not table["current"].sum():
        return float("nan")
    if mode == "aws":
        return float(stats.chisquare(table["current"], table["expected"]).pvalue)
    return float(
        stats.chi2_contingency(table[["reference", "current"]].to_numpy(), correction=False).pvalue
    )


def _pool(table: pd.DataFrame) -> pd.DataFrame:
    """Add the rarest category to the next rarest until each expected count is large enough."""
    while len(table) >= 2:
        few, allowed = (10, 0) if len(table) == 2 else (5, len(table) // 5)
        if np.sum(table["expected"] < few) <= allowed:
            break
        table = table.sort_values("expected", kind="stable")
        pooled = table.iloc[1:].copy()
        pooled.iloc[0] += table.iloc[0]
        table = pooled
    return table
