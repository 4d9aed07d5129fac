"""The accuracy of windows whose labels aren't known yet."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd

from model_monitoring.analysis.data_quality import consistency
from model_monitoring.analysis.not_measured import NotMeasured
from model_monitoring.analysis.quality import accuracy_estimate, label_shift
from model_monitoring.analysis.quality.rows import usable
from model_monitoring.datamart.monitoring.outcomes import Measurement


def learn(asset: Mapping, scored: pd.DataFrame) -> dict:
    """Learn the model's accuracy, and what it depends on, from rows that it was not trained on."""
    wanted = [asset["label_column"], asset["prediction_column"], asset["probability_column"]]
    if absent := [name for name in wanted if name not in scored]:
        raise ValueError(
            f"The scored rows lack the columns {absent}: an estimate needs {wanted} of each row."
        )
    label, prediction, probability = (scored[name].to_numpy() for name in wanted)
    answers = {"label": label, "prediction": prediction}
    fine, scores, _ = usable(asset["problem_type"], answers, probability)
    if scores is None:
        raise ValueError(f"No scored row has a probability from 0 to 1 in {wanted[2]!r}.")
    return accuracy_estimate.fit(
        label[fine],
        prediction[fine],
        _of_answer(scores[fine], asset),
        positive_label=asset["positive_label"],
    )


def estimate(
    asset: Mapping, reference: dict, rows: pd.DataFrame, broken: consistency.Consistency | None
) -> tuple[list[Measurement], dict, list[NotMeasured]]:
    """Estimate the accuracy of a window without labels; return measurements, details and what was
    not measured.

    The loss of an estimate that isn't believable is not measured, so that no alert depends on it.
    The details keep it (`estimated_loss`), and what the window would be if only the shares of the
    labels had changed (`label_shift`).
    """
    prediction, probability = (
        rows[asset[f"{what}_column"]].to_numpy() for what in ("prediction", "probability")
    )
    fine, scores, left = usable(asset["problem_type"], {"prediction": prediction}, probability)
    try:
        if scores is None or not fine.any():
            raise ValueError("no row has a prediction and a probability")
        found = accuracy_estimate.estimate(
            reference, prediction[fine], _of_answer(scores[fine], asset), consistency=broken
        )
    except ValueError as error:
        names = ("predicted_accuracy", "drift_magnitude")
        left += [NotMeasured("metric", name, str(error)) for name in names]
        return [Measurement(name, None) for name in names], {"believable": False}, left
    lost = _loss(found)
    details = {
        "believable": found.believable,
        "doubts": found.reasons,
        "estimated_loss": {
            "value": lost.value,
            "ci_low": lost.ci_low,
            "ci_high": lost.ci_high,
            "method": lost.method,
        },
        "label_shift": _label_shift(reference, prediction[fine]),
    }
    if not found.believable:
        reason = f"the estimate is not believable: {'; '.join(found.reasons)}"
        left.append(NotMeasured("metric", lost.metric, reason))
        lost = Measurement(lost.metric, None)
    accuracy = Measurement(
        "predicted_accuracy", found.accuracy, found.ci_low, found.ci_high, method=found.method
    )
    return [accuracy, lost], details, left


def _loss(found: accuracy_estimate.AccuracyEstimate) -> Measurement:
    """Return how much lower the accuracy is than that of the reference, 0 if it is higher.

    The interval's lower end says by how much it may be higher: there it is below 0.
    """
    before = found.reference_accuracy
    lost = max(0.0, before - found.accuracy)
    low, high = min(lost, before - found.ci_high), max(lost, before - found.ci_low)
    return Measurement("drift_magnitude", lost, low, high, method=found.method)


def _label_shift(reference: dict, predictions: np.ndarray) -> dict:
    """Return the window's labels and accuracy under label shift, or why they can't be told."""
    try:
        return asdict(label_shift.estimate(reference, predictions))
    except ValueError as error:
        return {"not_measured": str(error)}


def _of_answer(scores: np.ndarray, asset: Mapping) -> np.ndarray:
    """Return one probability a row: of several, one a class, that of the likeliest."""
    if scores.ndim == 1:
        return scores
    if asset["problem_type"] == "binary":
        raise ValueError("the probability is a list, not that of the positive class alone")
    return scores.max(axis=1)
