"""Model Monitor's constraint_violations.json: its six checks, in its words."""

from decimal import Decimal
from typing import Any

import pandas as pd

from . import constraints
from .columns import Column
from .comparison import compare
from .drift import Mode
from .statistics import Profile


def check(
    profile: Profile,
    rules: dict[str, Any],
    baseline: dict[str, Any] | None = None,
    *,
    mode: Mode = "exact",
) -> tuple[list[dict[str, str]], pd.DataFrame]:
    """Compare the profile of a window with a baseline.

    Args:
        profile: of the window; columns are matched by name.
        rules: the content of constraints.json.
        baseline: the content of the baseline's statistics.json; without it there is no drift check.
        mode: how drift is measured, see comparison.compare.

    Returns:
        The violations (feature_name, constraint_check_type, description), and the drift table. As
        on AWS, missing or extra columns are reported alone; the other checks are not made until the
        columns are right.

    Raises:
        ValueError: the window has no rows.
    """
    if not profile.rows:
        raise ValueError(
            "The window has no rows: nothing was checked, which is not the same as no violation."
        )
    expected = {feature["name"]: feature for feature in rules["features"]}
    wrong_columns = _columns(set(profile.columns), set(expected))
    if wrong_columns:
        return wrong_columns, pd.DataFrame()
    found = []
    for name, feature in expected.items():
        config = constraints.settings(rules, feature)
        if config["evaluate_constraints"] == "Enabled":
            column = profile.columns[name]
            found += [*_data_type(column, feature, config), *_completeness(column, feature)]
            found += _categorical_values(column, feature, config)
    drift = compare(baseline, profile, mode=mode, rules=rules) if baseline else pd.DataFrame()
    for row in drift.itertuples() if len(drift) else ():
        enabled = (
            constraints.settings(rules, expected.get(row.feature, {}))["evaluate_constraints"]
            == "Enabled"
        )
        if row.drifted and enabled:
            found.append(_drift(row))
    order = list(expected)
    return sorted(found, key=lambda violation: order.index(violation["feature_name"])), drift


def _violation(feature: str, kind: str, description: str) -> dict[str, str]:
    return {"feature_name": feature, "constraint_check_type": kind, "description": description}


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
            found.append(_violation(f"{kind.capitalize()} columns", f"{kind}_column_check", text))
    return found


def _data_type(column: Column, feature: dict, config: dict) -> list[dict[str, str]]:
    """Compare the share of present cells of exactly the expected type with the threshold.

    This is deequ's hasDataType.
    """
    expected = feature["inferred_type"]
    if expected == "Unknown" or not column.present:
        return []
    share, threshold = column.share_of(expected), config["datatype_check_threshold"]
    if share >= threshold:
        return []
    text = (
        f"Data type match requirement is not met. Expected data type: {expected}, "
        f"Expected match: {java_double(threshold * 100)}%. "
        f"Observed: Only {java_double(share * 100)}% of data is {expected}."
    )
    return [_violation(column.name, "data_type_check", text)]


def _completeness(column: Column, feature: dict) -> list[dict[str, str]]:
    expected = feature.get("completeness", 0.0)
    if column.completeness >= expected:
        return []
    text = (
        f"Data completeness requirement is not met. Expected: {java_double(expected * 100)}%. "
        f"Observed: Only {java_double(column.completeness * 100)}%."
    )
    return [_violation(column.name, "completeness_check", text)]


def _categorical_values(column: Column, feature: dict, config: dict) -> list[dict[str, str]]:
    """Compare the share of present cells in the baseline's domain with the threshold.

    The message is that of the AWS container of 2019, with its trailing blank; no later wording has
    been published.
    """
    domain = (feature.get("string_constraints") or {}).get("domains")
    if not domain or not column.present:
        return []
    share = column.rows_in(domain) / column.present
    if share >= config["domain_content_threshold"]:
        return []
    text = f"Value: {java_double(share)} does not meet the constraint requirement! "
    return [_violation(column.name, "categorical_values_check", text)]


def _drift(row) -> dict[str, str]:
    # "below" is for the p-value of ChiSquared
    verb = "exceeds" if row.distance > row.threshold else "is below"
    text = (
        f"Baseline drift distance: {java_double(row.distance)} {verb} threshold: "
        f"{java_double(row.threshold)}"
    )
    return _violation(row.feature, "baseline_drift_check", text)


def java_double(value: float) -> str:
    """Write a float as Java's Double.toString does: 0.001 <= x < 10,000,000 plain, else 1.0E-5."""
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = exponent + len(digits) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"
