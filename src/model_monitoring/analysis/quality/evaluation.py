"""Quality of a model's predictions once the true labels are known, for all three problem types.

Metric names and the gate of each problem type are Watson OpenScale's. An undefined metric (the AUC
of one class, the precision of a model that never predicts the positive class) is None, never 0 and
never an error.

Every interval covers 95%, and ``Metric.method`` says how it was computed. Proportions (accuracy,
the binary rates, and by way of a proportion F1) have the exact interval, the area under ROC a score
interval; other metrics of counts have Wilson's interval on an effective number of rows, and means
of losses and errors a bootstrap-t (proportions.py, ranking.py, posterior.py, skewed.py). Where
too few rows decide a metric there are no bounds, and ``method`` says why.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ..not_measured import NotMeasured
from ..wording import counted
from . import classes
from .metric import Metric
from .metrics import binary_metrics, multiclass_metrics
from .regression import regression_metrics

ProblemType = Literal["binary", "multiclass", "regression"]
OF_PROBABILITIES = ("area_under_roc", "area_under_pr", "log_loss")
GATES = {"binary": "area_under_roc", "multiclass": "accuracy", "regression": "r2"}


@dataclass(frozen=True)
class QualityResult:
    """Hold what one quality evaluation found; ``gate`` names the metric that decides an alert, and
    ``not_measured`` the metrics that have no value.
    """

    problem_type: str
    records: int
    gate: str
    metrics: dict[str, Metric]
    labels: list
    confusion_matrix: list[list[int]] | None
    not_measured: list[NotMeasured]


def evaluate(
    problem_type: ProblemType,
    labels,
    predictions,
    probabilities=None,
    *,
    positive_label=None,
    seed: int = 0,
) -> QualityResult:
    """Compare predictions with true labels, one of each per row.

    Args:
        problem_type: binary, multiclass or regression.
        labels: the n true labels (numbers or strings; numbers for regression).
        predictions: the n predicted labels or numbers.
        probabilities: binary: the probability of the positive class, shape (n,); multiclass: shape
            (n, k), a data frame whose columns are the classes, or an array in the sorted order of
            the classes seen (if it has another width, log_loss is None).
        positive_label: which label counts as positive; may be left out if the labels are 0 and 1.
        seed: of the bootstrap.

    Returns:
        Metrics by name, and for classification the confusion matrix: a row per true label and a
            column per predicted label, in the order of ``labels`` (binary: the negative label
            first).

    Raises:
        ValueError: nothing to compare, unequal lengths, missing values, a probability outside 0..1,
            labels of another type than predictions, more than two classes in binary, or an unclear
            positive label.
    """
    if problem_type not in GATES:
        raise ValueError(f"problem_type is {problem_type!r}; use one of {', '.join(GATES)}.")
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    check_input(labels, predictions, probabilities)
    rng = np.random.default_rng(seed)
    listed, matrix = [], None
    if problem_type == "regression":
        metrics = regression_metrics(labels, predictions, rng)
    else:
        labels, predictions = classes.one_kind(labels, predictions)
        listed = (
            classes.binary(labels, predictions, positive_label)
            if problem_type == "binary"
            else classes.seen(labels, predictions)
        )
        k, true = len(listed), classes.codes(listed, labels)
        cells = true * k + classes.codes(listed, predictions)
        matrix = np.bincount(cells, minlength=k * k).reshape(k, k)
        metrics = (
            binary_metrics(matrix, true, probabilities, rng)
            if problem_type == "binary"
            else multiclass_metrics(matrix, listed, true, probabilities, rng)
        )
    never = {name: name in OF_PROBABILITIES and probabilities is None for name in metrics}
    undefined = [
        NotMeasured("metric", name, _why(name, matrix, probabilities), lasting=never[name])
        for name, metric in metrics.items()
        if metric.value is None
    ]
    confusion = None if matrix is None else matrix.tolist()
    gate = GATES[problem_type]
    return QualityResult(problem_type, len(labels), gate, metrics, listed, confusion, undefined)


def _why(name: str, matrix: np.ndarray | None, probabilities) -> str:
    """Say why a metric has no value."""
    if matrix is None:
        return "all labels are equal"
    if name in OF_PROBABILITIES and probabilities is None:
        return "there are no probabilities"
    if name == "log_loss":
        return "the probabilities are not one for each class seen"
    if (matrix.sum(axis=1) > 0).sum() == 1:
        return "the labels hold one class only"
    return "the predictions hold one class only"


def check_input(labels: np.ndarray, predictions: np.ndarray, probabilities) -> None:
    """Refuse input that cannot be evaluated, and say why."""
    if not len(labels):
        raise ValueError("No labelled records to evaluate: labels is empty.")
    for name, values in (
        ("labels", labels),
        ("predictions", predictions),
        ("probabilities", probabilities),
    ):
        if values is None:
            continue
        if len(values) != len(labels):
            raise ValueError(
                f"{name}: {counted(len(values), 'value')} for {counted(len(labels), 'label')};"
                " there must be one of each per row."
            )
        missing = np.asarray(pd.isna(values)).reshape(len(labels), -1).any(axis=1).sum()
        if missing:
            raise ValueError(
                f"{name}: no value in {missing} of {counted(len(labels), 'row')}; drop or fill"
                " these rows first."
            )
    if probabilities is not None:
        low, high = (
            np.min(np.asarray(probabilities, float)),
            np.max(np.asarray(probabilities, float)),
        )
        if low < 0 or high > 1:
            raise ValueError(f"probabilities lie in {low:g}..{high:g}; they must lie in 0..1.")
