"""Model Monitor's limits of model quality: a constraints.json from a baseline's statistics, and the
violations of a window.
"""

from difflib import get_close_matches
from math import isfinite
from numbers import Real
from typing import Any

from ..data_quality.statistics import VERSION
from ..data_quality.violations import java_double
from ..not_measured import NotMeasured
from .entries import BEST
from .model_quality import KEYS

_MORE_IS_WORSE = {"false_positive_rate", "false_negative_rate", "mae", "mse", "rmse"}
_OPERATORS = ("GreaterThanThreshold", "LessThanThreshold")


def suggest(found: dict[str, Any]) -> dict[str, Any]:
    """Return the content of constraints.json: every value of a baseline's statistics as the limit
    not to fall short of.

    Curves, the best constant classifier and undefined values give no constraint.
    """
    key, metrics = _metrics(found)
    limits = {}
    for name, entry in metrics.items():
        if "value" in entry and entry["value"] != "NaN" and not name.endswith(BEST):
            worse = "GreaterThanThreshold" if name in _MORE_IS_WORSE else "LessThanThreshold"
            limits[name] = {"threshold": entry["value"], "comparison_operator": worse}
    return {"version": VERSION, f"{key}_constraints": limits}


def _metrics(found: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    for key in KEYS.values():
        if f"{key}_metrics" in found:
            return key, found[f"{key}_metrics"]
    raise ValueError(f"These aren't model quality statistics: they hold {', '.join(found)}.")


def check(found: dict[str, Any], rules: dict[str, Any]) -> list[dict[str, str]]:
    """Return the violations of a window's statistics against a baseline's constraints, in AWS's
    words.

    Raises:
        ValueError: the constraints are of another problem type, or cannot be understood.
    """
    violations = []
    for name, limit, entry in _held(found, rules):
        # AWS writes a constraint for f0_5 and yet has never reported one in the runs known; so do
        # we.
        if name == "f0_5" or entry is None or entry["value"] == "NaN":
            continue
        value, operator = entry["value"], limit["comparison_operator"]
        if (
            value > limit["threshold"]
            if operator == "GreaterThanThreshold"
            else value < limit["threshold"]
        ):
            metric = name.split("_")[0] + "".join(part.capitalize() for part in name.split("_")[1:])
            deviation = entry["standard_deviation"]
            spread = "" if deviation == "NaN" else f" +/- {java_double(deviation)}"
            text = (
                f"Metric {metric} with {java_double(value)}{spread} was {operator} "
                f"'{java_double(limit['threshold'])}'"
            )
            violations.append(
                {"constraint_check_type": operator, "description": text, "metric_name": metric}
            )
    return violations


def not_measured(found: dict[str, Any], rules: dict[str, Any]) -> list[NotMeasured]:
    """List the metrics that have a limit and no value to hold against it."""
    left = []
    for name, _, entry in _held(found, rules):
        if entry is None:
            known = get_close_matches(name, _metrics(found)[1], 1)
            hint = f"; did you mean {known[0]!r}?" if known else ""
            left.append(NotMeasured("metric", name, f"there is no such metric here{hint}"))
        elif entry["value"] == "NaN":
            left.append(NotMeasured("metric", name, "it has no value in this window"))
    return left


def _held(found: dict[str, Any], rules: dict[str, Any]) -> list[tuple[str, dict, dict | None]]:
    """Return each limit with the window's value of its metric, None if there is none."""
    key, metrics = _metrics(found)
    if f"{key}_constraints" not in rules:
        raise ValueError(f"The constraints are not for {key}: they hold {', '.join(rules)}.")
    limits = rules[f"{key}_constraints"]
    validate(limits, f"constraints.json: {key}_constraints")
    return [
        (name, limit, metrics[name] if "value" in metrics.get(name, {}) else None)
        for name, limit in limits.items()
    ]


def validate(limits: Any, place: str) -> None:
    """Refuse limits that cannot be understood, saying where."""
    if not isinstance(limits, dict):
        raise ValueError(f"{place}: {limits!r} is no object with metrics and limits.")
    for name, limit in limits.items():
        if not isinstance(limit, dict):
            raise ValueError(f"{place}.{name}: {limit!r} is no object with a threshold.")
        threshold, operator = limit.get("threshold"), limit.get("comparison_operator")
        number = isinstance(threshold, Real) and not isinstance(threshold, bool)
        if not number or not isfinite(threshold):
            raise ValueError(f"{place}.{name}.threshold: {threshold!r} is no number.")
        if operator not in _OPERATORS:
            raise ValueError(
                f"{place}.{name}.comparison_operator: {operator!r} is neither"
                f" {' nor '.join(_OPERATORS)}."
            )
