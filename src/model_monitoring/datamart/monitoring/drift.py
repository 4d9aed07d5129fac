"""Drift monitoring: traffic compared with the training data, without labels."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from model_monitoring.analysis.data_quality import comparison, consistency, constraints
from model_monitoring.analysis.data_quality.statistics import Profile, profile
from model_monitoring.analysis.not_measured import NotMeasured
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.monitoring import accuracy, baselines, drift_window, expecting
from model_monitoring.datamart.monitoring.base import Monitor
from model_monitoring.datamart.monitoring.decisions import Rule
from model_monitoring.datamart.monitoring.outcomes import Outcome
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.postgres.texts import check_frame
from model_monitoring.datamart.rows import typing, windows


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
        """Switch drift monitoring on, with a baseline for the deployed model version.

        Args:
            training_data: the features that the model was trained on. If the prediction or
                probability column is among the columns, its drift is monitored as well.
            scored: labelled rows that the model was *not* trained on, with its output: the label,
                prediction and probability columns. With them, accuracy is estimated for windows
                without labels.
            threshold: upper limit of drift_magnitude, the estimated loss of accuracy.
            data_threshold: upper limit of data_drift_magnitude: the share of rows that break a
                constraint learned from the training data, beyond the share that unseen training
                data breaks.
            min_records: windows with fewer rows aren't measured.

        Raises:
            ValueError: the training data lacks a feature, `scored` lacks a column, or there are too
                few rows.
        """
        declared = self._subscription.get_details()
        asset, dropped = declared["asset"], declared["never_store"]
        if absent := [name for name in asset["feature_columns"] if name not in training_data]:
            raise ValueError(f"The training data lacks the feature columns {absent}.")
        answers = [
            name
            for name in (asset["prediction_column"], asset["probability_column"])
            if name in training_data and not _is_listed(training_data[name])
        ]
        check_frame(training_data, "training_data")
        training_data = typing.probabilities(asset, training_data, "training_data")
        training_data = typing.predictions(asset, training_data, "training_data")
        if scored is not None:
            check_frame(scored, "scored")
            scored = typing.probabilities(asset, scored, "scored")
        features = [name for name in asset["feature_columns"] if name not in dropped]
        logged = typing.as_logged(self._subscription, training_data, features, "training_data")
        training_data = logged.assign(**{name: training_data[name].array for name in answers})
        # Categories and text, whatever they look like: 01234 isn't 1234
        textual = training_data.select_dtypes(exclude=["number", "bool"]).columns
        reference = profile(training_data, textual=textual)
        content = {
            "statistics": reference.statistics("exact"),
            "constraints": constraints.suggest(reference),
            "consistency": consistency.learn(training_data[features]),
            "accuracy": None if scored is None else accuracy.learn(asset, scored),
        }
        limit = content["consistency"]["expected_share"] + data_threshold
        limits = {
            "drifted_features": (None, 0),
            "violations": (None, 0),
            "data_drift_magnitude": (None, limit),
        }
        parameters = {
            "threshold": threshold,
            "data_threshold": data_threshold,
            "min_records": min_records,
        }
        self._enable(parameters, limits | {"drift_magnitude": (None, threshold)})
        baselines.keep(self._subscription, self.name, content)
        return self.get_details()

    def _seen(self, parameters: dict, by: Rule) -> str:
        baseline = baselines.find(self._subscription, self.name)
        if baseline is None:
            reason = baselines.retyped(self._subscription, self.name)
            return (
                f"Nothing would be seen: {reason or 'this version of the model has no baseline'}."
            )
        limits = {limit["metric"]: limit["upper_limit"] for limit in self._limits()}
        return expecting.drift(baseline, limits, self._window(parameters), by)

    def _measure(self, parameters: dict) -> Outcome:
        """Measure what was logged since the last run, whenever it was scored.

        Captured traffic arrives late.
        """
        baseline = baselines.find(self._subscription, self.name)
        if baseline is None:
            reason = baselines.retyped(self._subscription, self.name) or (
                "the endpoint serves a model version without a baseline: call enable() with its"
                " training data"
            )
            return Outcome(0, skipped=reason, details={"no_baseline": True})
        first, last = self._unmeasured()
        about, rows = windows.between(self._subscription, first, last)
        if len(rows) < max(1, parameters["min_records"]):
            return Outcome(
                len(rows),
                skipped=f"{counted(len(rows), 'new row')}, {parameters['min_records']} needed"
                " (min_records)",
            )
        asset = self._subscription.asset
        details = {"first_record": int(about["record_id"].min()), "last_record": last}
        window = tuple(about["scored_at"].agg(["min", "max"]))
        left: list[NotMeasured] = []
        columns, seen, more = drift_window.columns(rows, baseline, left)
        shares, broken = drift_window.inconsistent(rows[asset["feature_columns"]], baseline, left)
        measurements = [*columns, *shares]
        details |= more
        if broken is not None:
            details["inconsistent"] = broken.constraints.head(20).to_dict("records")
        if baseline["accuracy"]:
            estimated, more, without = accuracy.estimate(asset, baseline["accuracy"], rows, broken)
            measurements += estimated
            details |= more
            left += without
        found = list(map(drift_window.defined, measurements))
        if all(measurement.value is None for measurement in found):
            reason = "; ".join(map(str, left))
            return Outcome(len(rows), window, (), details, skipped=reason, not_measured=left)
        if seen is not None:
            details["profile"] = seen.to_dict()
        return Outcome(len(rows), window, found, details, not_measured=left)

    def _record(
        self, cursor: Cursor, run_uid: str, outcome: Outcome, limits: dict, revision: str
    ) -> None:
        kept = {name: value for name, value in outcome.details.items() if name != "profile"}
        super()._record(cursor, run_uid, replace(outcome, details=kept), limits, revision)
        if "profile" in outcome.details:
            cursor.execute(
                "INSERT INTO profile VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [
                    run_uid,
                    self._subscription.subscription_id,
                    revision,
                    *outcome.window,
                    outcome.records,
                    as_json(outcome.details["profile"]),
                ],
            )

    def show_drift(
        self, start_time: datetime | None = None, end_time: datetime | None = None
    ) -> pd.DataFrame:
        """Compare all windows of a period, merged, with the baseline; no payload row is read.

        Returns one row per feature, with the columns of `analysis.data_quality.comparison.compare`.
        A window counts if it lies completely within the period; windows of earlier model versions
        don't count.

        Raises:
            ValueError: there is no baseline, or no window of the deployed model version in this
                period.
        """
        baseline = baselines.find(self._subscription, self.name)
        profiles = self._database.rows(
            "SELECT content FROM profile WHERE (subscription_id, asset_revision) = (%s, %s)"
            " AND window_start >= %s AND window_end <= %s ORDER BY window_start",
            [
                self._subscription.subscription_id,
                self._subscription.asset_revision(),
                start_time or datetime.min.replace(tzinfo=UTC),
                end_time or datetime.max.replace(tzinfo=UTC),
            ],
        )
        if baseline is None or not profiles:
            gone = None if baseline else baselines.retyped(self._subscription, self.name)
            raise ValueError(
                gone
                or "There is no drift run of the deployed model version in this period: call run()"
                " first."
            )
        total, *others = (Profile.from_dict(window["content"]) for window in profiles)
        for other in others:
            total.merge(other)
        return comparison.compare(baseline["statistics"], total, rules=baseline["constraints"])

    def show_inconsistent_rows(self, run_uid: str | None = None) -> pd.DataFrame:
        """Return the rows of a run's window that break a constraint learned in training.

        By default it is the last run. The columns are scoring_id, scored_at and the features.

        Raises:
            ValueError: there is no such run, or it measured nothing.
        """
        run = self.get_run_details(run_uid)
        baseline = baselines.find(self._subscription, self.name)
        if baseline is None or "first_record" not in run:
            raise ValueError(
                f"Run {run['run_uid']} measured nothing: {run.get('reason', run['state'])}."
            )
        features = self._subscription.asset["feature_columns"]
        about, rows = windows.between(self._subscription, run["first_record"], run["last_record"])
        found = consistency.find_inconsistent(rows[features], baseline["consistency"])
        about, rows = about[found.rows], rows.loc[found.rows, features]
        ids = self._database.run(lambda cursor: windows.row_ids(cursor, self._subscription, about))
        shown = about[["scored_at"]].join(rows)
        shown.insert(0, "scoring_id", ids)
        return shown.reset_index(drop=True)


def _is_listed(answers: pd.Series) -> bool:
    """Say whether a column holds lists, such as probabilities of all classes."""
    return any(isinstance(value, list | tuple | np.ndarray) for value in answers.head(100))
