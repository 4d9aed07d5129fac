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
from . import classes
from .entries import classification, regression
from .evaluation import check_input

ProblemType = Literal["BinaryClassification", "MulticlassClassification", "Regression"]
KEYS = {
    "BinaryClassification": "binary_classification",
    "MulticlassClassification": "multiclass_classification",
    "Regression": "regression",
}


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
        ValueError: an unknown problem type, a threshold outside 0..1, or input that
            evaluation.evaluate refuses.
    """
    if problem_type not in KEYS:
        raise ValueError(f"problem_type is {problem_type!r}; use one of {', '.join(KEYS)}.")
    labels = np.asarray(labels)
    if predictions is None:
        predictions = _from_probabilities(labels, probabilities, positive_label, threshold)
    predictions = np.asarray(predictions)
    check_input(labels, predictions, probabilities)
    rng = np.random.default_rng(0)
    if problem_type == "Regression":
        values = regression(labels, predictions, rng)
    else:
        binary = problem_type == "BinaryClassification"
        labels, predictions = classes.one_kind(labels, predictions)
        if binary:
            listed = classes.binary(labels, predictions, positive_label)
        else:
            listed = classes.seen(labels, predictions)
        true, predicted = (classes.codes(listed, side) for side in (labels, predictions))
        values = classification(listed, true, predicted, probabilities, binary, rng)
    document = {"version": VERSION, "dataset": {"item_count": len(labels)}}
    return {**document, f"{KEYS[problem_type]}_metrics": values}


def _from_probabilities(
    labels: np.ndarray, probabilities, positive_label, threshold: float
) -> np.ndarray:
    if probabilities is None:
        raise ValueError(
            "There are neither predictions nor probabilities to evaluate: give one of them."
        )
    if not 0 <= threshold <= 1:
        raise ValueError(f"The threshold is {threshold}; a probability lies in 0..1.")
    negative, positive = classes.binary(labels, labels, positive_label)
    return np.where(np.asarray(probabilities, float) >= threshold, positive, negative)
