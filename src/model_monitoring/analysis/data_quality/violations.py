"""Model Monitor's constraint_violations.json: its six checks, in its words."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..not_measured import NotMeasured
from . import cells, comparison, constraints, effects, validation
from .cells import java_double, violation
from .comparison import compare
from .drift import Mode
from .features import NUMERIC
from .statistics import Profile


class Findings(NamedTuple):
    """What a check found.

    ``chances`` has for each violation the probability that a clean window has one like it, among
    all that was looked at (a q-value): 0 for what chance doesn't do, such as a missing column.
    """

    violations: list[dict[str, str]]
    drift: pd.DataFrame
    chances: list[float]


def check(
    profile: Profile,
    rules: dict[str, Any],
    baseline: dict[str, Any] | None = None,
    *,
    mode: Mode = "exact",
) -> tuple[list[dict[str, str]], pd.DataFrame]:
    """Compare the profile of a window with a baseline; see ``examine``.

    Returns:
        The violations (feature_name, constraint_check_type, description), and the drift table.

    Raises:
        ValueError: the window has no rows, or the rules cannot be understood.
    """
    return examine(profile, rules, baseline, mode=mode)[:2]


def examine(
    profile: Profile,
    rules: dict[str, Any],
    baseline: dict[str, Any] | None = None,
    *,
    mode: Mode = "exact",
) -> Findings:
    """Compare the profile of a window with a baseline.

    Args:
        profile: of the window; columns are matched by name.
        rules: the content of constraints.json.
        baseline: the content of the baseline's statistics.json; without it there is no drift check,
            and the rules' shares are limits, not shares of so many rows.
        mode: aws for Model Monitor's own rules to the letter. In exact a column of numbers may hold
            them written in any way (12 beside 12.5; 61.0 is whole), a column of text any cell, and
            what chance does is no violation: of 100 clean windows at most five have one, whatever
            the number of columns.

    Returns:
        In mode aws missing or extra columns are reported alone, as on AWS: the other checks are not
        made until the columns are right. In mode exact the columns that both have are checked.

    Raises:
        ValueError: the window has no rows, or the rules cannot be understood.
    """
    if not profile.rows:
        raise ValueError(
            "The window has no rows: nothing was checked, which is not the same as no violation."
        )
    validation.check_constraints(rules)
    if baseline:
        validation.check_statistics(baseline)
    expected = {feature["name"]: feature for feature in rules["features"]}
    found = [(one, 0.0) for one in _columns(set(profile.columns), set(expected))]
    if found and mode == "aws":
        return Findings([one for one, _ in found], pd.DataFrame(), [0.0] * len(found))
    enabled = {
        name: settings
        for name, feature in expected.items()
        if (settings := constraints.settings(rules, feature))["evaluate_constraints"] == "Enabled"
    }
    known = {feature["name"]: feature for feature in (baseline or {"features": []})["features"]}
    looks = [
        look
        for name, config in enabled.items()
        if name in profile.columns
        for look in cells.looks(
            profile.columns[name].settled(), expected[name], config, known.get(name), mode
        )
    ]
    drift = compare(baseline, profile, mode=mode, rules=rules) if baseline else None
    if mode == "exact":
        looks = [look for look in looks if look.counted]
        drift, q_values = comparison.judge(drift, [look.chance for look in looks])
        looks = [
            look._replace(chance=float(q))
            for look, q in zip(looks, q_values, strict=True)
            if q <= effects.ALPHA
        ]
    drift = pd.DataFrame() if drift is None else drift
    found += [(look.violation, look.chance) for look in looks if look.violation]
    found += [
        (_drift(row), row.q_value)
        for row in (drift.itertuples() if len(drift) else ())
        if row.drifted and row.feature in enabled
    ]
    order = {name: at for at, name in enumerate(expected)}
    found.sort(key=lambda pair: order.get(pair[0]["feature_name"], -1))
    return Findings([one for one, _ in found], drift, [chance for _, chance in found])


def not_measured(
    profile: Profile, rules: dict[str, Any], baseline: dict[str, Any] | None, drift: pd.DataFrame
) -> list[NotMeasured]:
    """List what ``check`` could not look at: columns, and cells that are no numbers among numbers.

    A column that the rules switch off was not to be looked at, so it isn't listed.
    """
    expected = {feature["name"]: feature for feature in rules["features"]}
    if not set(expected) & set(profile.columns):
        return [NotMeasured("column", name, "the window has no such column") for name in expected]
    found = comparison.not_measured(drift)
    if baseline is None:
        reason = "the baseline has no statistics.json, so its drift is unknown"
        found = [NotMeasured("column", name, reason, lasting=True) for name in expected]
    else:
        compared = {feature["name"] for feature in baseline["features"]}
        found += [
            NotMeasured("column", name, "the baseline's statistics.json lacks it", lasting=True)
            for name in expected
            if name not in compared
        ]
    for name, feature in expected.items():
        column = profile.columns.get(name)
        if column is None:
            found.append(NotMeasured("column", name, "the window has no such column"))
        elif feature["inferred_type"] in NUMERIC:
            left = column.present - column.numbers - column.texts.amount
            if left:
                some = ", ".join(map(repr, list(column.texts.counts)[:3]))
                found.append(NotMeasured("rows", name, f"no numbers, such as {some}", left))
    off = set(constraints.unchecked(rules))
    return [one for one in found if one.name not in off]


def _columns(current: set[str], expected: set[str]) -> list[dict[str, str]]:
    """Report columns that the baseline has and the window lacks, and the reverse."""
    numbers = (
        f"Number of columns in current dataset: {len(current)}, "
        f"Number of columns in baseline constraints: {len(expected)}"
    )
    missing, extra = expected - current, current - expected
    # Without column names only the number of columns can be compared
    if not expected & current and len(current) != len(expected):
        missing, extra = (missing, set()) if len(current) < len(expected) else (set(), extra)
    found = []
    for kind, names in (("missing", missing), ("extra", extra)):
        if names:
            text = f"There are {kind} columns in current dataset. {numbers}"
            found.append(violation(f"{kind.capitalize()} columns", f"{kind}_column_check", text))
    return found


def _drift(row) -> dict[str, str]:
    distance, threshold = row.distance, row.threshold
    if getattr(row, "effect_threshold", np.nan) == getattr(row, "effect_threshold", np.nan):
        distance, threshold = row.effect, row.effect_threshold  # mode exact's own limit
    # "below" is for the p-value of ChiSquared
    verb = "exceeds" if distance >= threshold else "is below"
    text = f"Baseline drift distance: {java_double(distance)} {verb} threshold: "
    text += java_double(threshold)
    return violation(row.feature, "baseline_drift_check", text)
