"""Drift of categorical features, from rows per category."""

import numpy as np
import pandas as pd
from scipy import stats

from .drift import Mode

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
