"""Model Monitor's constraint_violations.json: its six checks, in its words."""

from decimal import Decimal
from typing import Any

import pandas as pd

from ..not_measured import NotMeasured
from . import comparison, constraints, validation
from .categories import BOOLEANS
from .columns import Column
from .comparison import compare
from .drift import Mode
from .features import NUMERIC
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
        mode: aws for Model Monitor's own rules to the letter. In exact a column of numbers may hold
            them written in any way (12 beside 12.5; 61.0 is whole), a column of text any cell.

    Returns:
        The violations (feature_name, constraint_check_type, description), and the drift table. In
        mode aws missing or extra columns are reported alone, as on AWS: the other checks are not
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
    found = _columns(set(profile.columns), set(expected))
    if found and mode == "aws":
        return found, pd.DataFrame()
    enabled = {
        name: settings
        for name, feature in expected.items()
        if (settings := constraints.settings(rules, feature))["evaluate_constraints"] == "Enabled"
    }
    for name, config in enabled.items():
        if name in profile.columns:
            column, feature = profile.columns[name].settled(), expected[name]
            found += _data_type(column, feature, config, mode)
            found += [
                *_completeness(column, feature),
                *_categorical_values(column, feature, config, mode),
            ]
    drift = compare(baseline, profile, mode=mode, rules=rules) if baseline else pd.DataFrame()
    found += [
        _drift(row)
        for row in (drift.itertuples() if len(drift) else ())
        if row.drifted and row.feature in enabled
    ]
    order = {name: at for at, name in enumerate(expected)}
    return sorted(found, key=lambda violation: order.get(violation["feature_name"], -1)), drift


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


def _data_type(column: Column, feature: dict, config: dict, mode: Mode) -> list[dict[str, str]]:
    """Compare the share of present cells of the expected type with the threshold."""
    expected = feature["inferred_type"]
    if expected == "Unknown" or not column.present:
        return []
    share, threshold = column.share_of(expected, mode), config["datatype_check_threshold"]
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


def _categorical_values(
    column: Column, feature: dict, config: dict, mode: Mode
) -> list[dict[str, str]]:
    """Compare the share of present cells in the baseline's domain with the threshold.

    In mode exact it doesn't matter how booleans are written.

    The message is that of the AWS container of 2019, with its trailing blank; no later wording has
    been published.
    """
    domain = (feature.get("string_constraints") or {}).get("domains")
    if not domain or not column.present:
        return []
    allowed = set(domain)
    if mode == "exact":
        alike = {value.lower() for value in allowed & BOOLEANS}
        allowed |= {value for value in BOOLEANS if value.lower() in alike}
    share = sum(map(column.rows_of, allowed)) / column.present
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
