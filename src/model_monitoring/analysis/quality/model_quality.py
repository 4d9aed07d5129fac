"""Model quality in Model Monitor's own formats: statistics, constraints and violations.

Values follow the documents and files of AWS. Each standard deviation is a seeded bootstrap
(resampling.py): the standard error of the value. AWS takes the spread over five random subsamples
of 80%, which is about half as large and changes from run to run. Below 200 rows the standard
deviation is the string NaN, as it is on AWS. The best constant classifier predicts the most
frequent label.
"""

from typing import Any, Literal

import numpy as np

from ..data_quality.statistics import VERSION
from ..data_quality.violations import java_double
from .entries import BEST, classification, regression
from .evaluation import binary_classes, check_input, seen_classes

ProblemType = Literal["BinaryClassification", "MulticlassClassification", "Regression"]
_KEYS = {
    "BinaryClassification": "binary_classification",
    "MulticlassClassification": "multiclass_classification",
    "Regression": "regression",
}
_MORE_IS_WORSE = {"false_positive_rate", "false_negative_rate", "mae", "mse", "rmse"}


def statistics(
    problem_type: ProblemType,
    labels,
    predictions=None,
    probabilities=None,
    *,
    positive_label=None,
    threshold: float = 0.5,
) -> dict[str, Any]:
    """Return the content of a model quality statistics.json.

    Args:
        problem_type: BinaryClassification, MulticlassClassification or Regression.
        labels: the n true labels or numbers.
        predictions: the n predicted ones; may be left out for a binary problem that has
            probabilities.
        probabilities: binary only: those of the positive class, shape (n,); without them there is
            no AUC and no curve.
        positive_label: which label counts as positive; may be left out if the labels are 0 and 1.
        threshold: without predictions, the lowest probability that counts as positive.

    Raises:
        ValueError: an unknown problem type, or input that evaluation.evaluate refuses.
    """
    if problem_type not in _KEYS:
        raise ValueError(f"problem_type is {problem_type!r}; use one of {', '.join(_KEYS)}.")
    labels = np.asarray(labels)
    if predictions is None:
        predictions = _from_probabilities(labels, probabilities, positive_label, threshold)
    predictions = np.asarray(predictions)
    check_input(labels, predictions, probabilities)
    rng = np.random.default_rng(0)
    if problem_type == "Regression":
        values = regression(labels, predictions, rng)
    elif problem_type == "BinaryClassification":
        classes = binary_classes(labels, predictions, positive_label)
        true, predicted = ((side == classes[1]).astype(int) for side in (labels, predictions))
        values = classification(classes, true, predicted, probabilities, True, rng)
    else:
        classes = seen_classes(labels, predictions)
        true, predicted = (np.searchsorted(classes, side) for side in (labels, predictions))
        values = classification(classes, true, predicted, probabilities, False, rng)
    document = {"version": VERSION, "dataset": {"item_count": len(labels)}}
    return {**document, f"{_KEYS[problem_type]}_metrics": values}


def _from_probabilities(
    labels: np.ndarray, probabilities, positive_label, threshold: float
) -> np.ndarray:
    if probabilities is None:
        raise ValueError("There are neither predictions nor probabilities to evaluate.")
    negative, positive = binary_classes(labels, labels, positive_label)
    return np.where(np.asarray(probabilities, float) >= threshold, positive, negative)


def suggest(found: dict[str, Any]) -> dict[str, Any]:
    """Return the content of constraints.json: each value of a baseline's statistics is a limit.

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
    for key in _KEYS.values():
        if f"{key}_metrics" in found:
            return key, found[f"{key}_metrics"]
    raise ValueError(f"These aren't model quality statistics: they hold {', '.join(found)}.")


def check(found: dict[str, Any], rules: dict[str, Any]) -> list[dict[str, str]]:
    """Return a window's violations of a baseline's constraints, in the words of AWS.

    Raises:
        ValueError: the constraints are for another problem type.
    """
    key, metrics = _metrics(found)
    if f"{key}_constraints" not in rules:
        raise ValueError(f"The constraints are not for {key}: they hold {', '.join(rules)}.")
    violations = []
    for name, limit in rules[f"{key}_constraints"].items():
        # AWS writes a constraint for f0_5, but no known run has reported a violation of it; we
        # do the same.
        entry = metrics.get(name, {"value": "NaN"})
        if name == "f0_5" or entry["value"] == "NaN":
            continue
        value, operator = entry["value"], limit["comparison_operator"]
        above, below = value > limit["threshold"], value < limit["threshold"]
        if above if operator == "GreaterThanThreshold" else below:
            first, *rest = name.split("_")
            metric = first + "".join(part.capitalize() for part in rest)
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
