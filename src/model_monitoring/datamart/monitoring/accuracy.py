"""The accuracy of windows whose labels aren't known yet."""

from collections.abc import Mapping

import pandas as pd

from model_monitoring.analysis.data_quality import consistency
from model_monitoring.analysis.quality import accuracy_estimate
from model_monitoring.datamart.monitoring.outcomes import Measurement


def learn(asset: Mapping, scored: pd.DataFrame) -> dict:
    """Learn the model's accuracy, and what it depends on, from rows that it was not trained on."""
    wanted = [asset["label_column"], asset["prediction_column"], asset["probability_column"]]
    if absent := [name for name in wanted if name not in scored]:
        raise ValueError(f"The scored rows lack the columns {absent}.")
    values = [scored[name].to_numpy() for name in wanted]
    return accuracy_estimate.fit(*values, positive_label=asset["positive_label"])


def estimate(
    asset: Mapping, reference: dict, rows: pd.DataFrame, broken: consistency.Consistency
) -> tuple[list[Measurement], dict]:
    """Estimate the accuracy of a window without labels; return measurements and details."""
    answers = [rows[asset[f"{what}_column"]].to_numpy() for what in ("prediction", "probability")]
    found = accuracy_estimate.estimate(reference, *answers, consistency=broken)
    lost = max(0.0, found.reference_accuracy - found.accuracy)
    measurements = [
        Measurement("predicted_accuracy", found.accuracy, found.ci_low, found.ci_high),
        Measurement("drift_magnitude", lost),
    ]
    return measurements, {"believable": found.believable, "doubts": found.reasons}
