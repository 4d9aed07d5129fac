"""The accuracy of windows whose labels aren't known yet."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from model_monitoring.analysis.data_quality import consistency
from model_monitoring.analysis.not_measured import NotMeasured
from model_monitoring.analysis.quality import accuracy_estimate
from model_monitoring.analysis.quality.rows import usable
from model_monitoring.datamart.monitoring.outcomes import Measurement


def learn(asset: Mapping, scored: pd.DataFrame) -> dict:
    """Learn the model's accuracy, and what it depends on, from rows that it was not trained on."""
    wanted = [asset["label_column"], asset["prediction_column"], asset["probability_column"]]
    if absent := [name for name in wanted if name not in scored]:
        raise ValueError(f"The scored rows lack the columns {absent}.")
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
    lost = max(0.0, found.reference_accuracy - found.accuracy)
    measurements = [
        Measurement("predicted_accuracy", found.accuracy, found.ci_low, found.ci_high),
        Measurement("drift_magnitude", lost),
    ]
    return measurements, {"believable": found.believable, "doubts": found.reasons}, left


def _of_answer(scores: np.ndarray, asset: Mapping) -> np.ndarray:
    """Return one probability a row: of several, one a class, that of the likeliest."""
    if scores.ndim == 1:
        return scores
    if asset["problem_type"] == "binary":
        raise ValueError("the probability is a list, not that of the positive class alone")
    return scores.max(axis=1)
