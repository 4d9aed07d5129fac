"""Drift monitoring: the traffic of a window against the data that the model was trained on; no labels needed."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ as REPEATABLE_READ

from helpers.datamart.copying import TIMESTAMP, copy_out
from helpers.datamart.database import as_json
from helpers.datamart.monitoring import Measurement, Monitor, Outcome
from helpers.monitors import accuracy_estimate, comparison, consistency, constraints, violations
from helpers.monitors.statistics import Profile, profile


class DriftMonitoring(Monitor):
    """Drift of one subscription's traffic."""

    name = "drift"
    metrics_view = "DriftMetrics"

    def enable(
        self,
        training_data: pd.DataFrame,
        *,
        scored: pd.DataFrame | None = None,
        threshold: float = 0.05,
        data_threshold: float = 0.1,
        min_records: int = 50,
    ) -> dict:
        """Switch drift monitoring on, with a baseline for the model version that the endpoint serves now.

        Args:
            training_data: the features that the model was trained on; with the prediction or probability column beside
                them, its answers are watched for drift as well.
            scored: labelled rows that the model was *not* trained on, with its answers: the label, prediction and
                probability columns. With it, accuracy is estimated for windows without labels.
            threshold: upper limit of drift_magnitude, the estimated loss of accuracy.
            data_threshold: upper limit of data_drift_magnitude, the share of rows that break a constraint learned from
                the training data, beyond the share that unseen training data breaks.
            min_records: a window with fewer rows isn't judged.

        Raises:
            ValueError: a feature is missing from the training data, or a column from `scored`; too few rows.
        """
        asset = self._subscription.asset
        if absent := [name for name in asset["feature_columns"] if name not in training_data]:
            raise ValueError(f"The training data lacks the feature columns {absent}.")
        answers = [name for name in (asset["prediction_column"], asset["probability_column"]) if name in training_data]
        reference = profile(training_data[[*asset["feature_columns"], *answers]])
        content = {
            "statistics": reference.statistics(),
            "constraints": constraints.suggest(reference),
            "consistency": consistency.learn(training_data[asset["feature_columns"]]),
            "accuracy": None if scored is None else self._learn_accuracy(scored),
        }
        limit = content["consistency"]["expected_share"] + data_threshold
        limits = {"drifted_features": (None, 0), "violations": (None, 0), "data_drift_magnitude": (None, limit)}
        parameters = {"threshold": threshold, "data_threshold": data_threshold, "min_records": min_records}
        details = self._enable(parameters, limits | {"drift_magnitude": (None, threshold)})
        self._database.execute(
            "INSERT INTO baseline (subscription_id, monitor, asset_revision, content) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (subscription_id, monitor, asset_revision)"
            " DO UPDATE SET content = EXCLUDED.content, created_at = now()",
            [self._subscription.subscription_id, self.name, self._subscription.asset_revision(), as_json(content)],
        )
        return details

    def _learn_accuracy(self, scored: pd.DataFrame) -> dict:
        asset = self._subscription.asset
        wanted = [asset["label_column"], asset["prediction_column"], asset["probability_column"]]
        if absent := [name for name in wanted if name not in scored]:
            raise ValueError(f"The scored rows lack the columns {absent}.")
        values = [scored[name].to_numpy() for name in wanted]
        return accuracy_estimate.fit(*values, positive_label=asset["positive_label"])

    def _measure(self, parameters: dict) -> Outcome:
        """Measure what was scored since the last run."""
        baseline = self._baseline()
        if baseline is None:
            return Outcome(0, skipped="no baseline for the model version that is deployed now: call enable() with its")
        rows, window = self._rows_since(self._last_window_end())
        if len(rows) < max(1, parameters["min_records"]):
            return Outcome(len(rows), skipped=f"{len(rows)} new rows, {parameters['min_records']} needed (min_records)")
        watched = [feature["name"] for feature in baseline["statistics"]["features"]]
        seen = profile(rows[watched])
        found, table = violations.check(seen, baseline["constraints"], baseline["statistics"])
        broken = consistency.find_inconsistent(rows[self._subscription.asset["feature_columns"]], baseline["consistency"])
        measurements = [
            Measurement("drifted_features", float(table["drifted"].sum())),
            Measurement("violations", float(len(found))),
            Measurement("data_drift_magnitude", broken.share),
            *(Measurement("drift_distance", row.distance, slice=row.feature) for row in table.itertuples()),
        ]
        details = {
            "violations": found,
            "drift": table.replace({np.nan: None}).to_dict("records"),
            "inconsistent": broken.constraints.head(20).to_dict("records"),
        }
        if baseline["accuracy"]:
            estimated, more = self._estimate_accuracy(baseline["accuracy"], rows, broken)
            measurements += estimated
            details |= more
        return Outcome(len(rows), window, [_defined(one) for one in measurements], details | {"profile": seen.to_dict()})

    def _estimate_accuracy(
        self, reference: dict, rows: pd.DataFrame, broken: consistency.Consistency
    ) -> tuple[list[Measurement], dict]:
        asset = self._subscription.asset
        answers = [rows[asset[f"{what}_column"]].to_numpy() for what in ("prediction", "probability")]
        found = accuracy_estimate.estimate(reference, *answers, consistency=broken)
        lost = max(0.0, found.reference_accuracy - found.accuracy)
        measurements = [
            Measurement("predicted_accuracy", found.accuracy, found.ci_low, found.ci_high),
            Measurement("drift_magnitude", lost),
        ]
        return measurements, {"believable": found.believable, "doubts": found.reasons}

    def _baseline(self) -> dict | None:
        found = self._database.rows(
            "SELECT content FROM baseline WHERE (subscription_id, monitor, asset_revision) = (%s, %s, %s)",
            [self._subscription.subscription_id, self.name, self._subscription.asset_revision()],
        )
        return found[0]["content"] if found else None

    def _last_window_end(self) -> datetime:
        found = self._database.rows(
            "SELECT max(window_end) AS last FROM run WHERE (subscription_id, monitor) = (%s, %s)",
            [self._subscription.subscription_id, self.name],
        )
        return found[0]["last"] or datetime(1, 1, 1, tzinfo=UTC)
