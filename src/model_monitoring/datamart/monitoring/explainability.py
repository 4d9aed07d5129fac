"""Explainability: why a row was scored as it was, what would change that, and how reasons drift."""

from collections.abc import Sequence

import pandas as pd
from psycopg2 import sql

from model_monitoring.analysis.explain import attribution
from model_monitoring.analysis.explain.contrast import MAX_ROWS, contrast
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.companion.settings import read_csv
from model_monitoring.datamart.entities import ProblemType
from model_monitoring.datamart.monitoring import backgrounds, baselines, explanations
from model_monitoring.datamart.monitoring.base import Monitor
from model_monitoring.datamart.monitoring.explained import Number
from model_monitoring.datamart.monitoring.explanations import Explanation
from model_monitoring.datamart.monitoring.outcomes import Measurement, Outcome, refuse_erased
from model_monitoring.datamart.postgres.texts import check_text
from model_monitoring.datamart.rows import chosen
from model_monitoring.datamart.showing import Selection
from model_monitoring.datamart.tables import traces
from model_monitoring.datamart.watched import WatchedModel

WINDOW = 10_000  # newest rows, from which a run explains a sample
BACKGROUND = 10  # rows, for one explanation
# One explanation scores at most 3,000 rows: attributions at most this many, the contrast the rest
ATTRIBUTED = 2_020


class Explainability(Monitor):
    """Explanations of one subscription's predictions."""

    name = "explainability"
    metrics_view = "ExplainabilityMetrics"

    def __init__(self, subscription: WatchedModel):
        super().__init__(subscription)
        self._sample: int | None = None

    def enable(
        self,
        background: pd.DataFrame | str,
        *,
        changeable: Sequence[str] = (),
        protected: Sequence[str] = (),
        threshold: float = 0.5,
        sample: int = 100,
        min_records: int = 50,
    ) -> dict:
        """Switch explanations on, for the deployed model version.

        Args:
            background: rows that the model was trained on, as a frame or as the S3 URI of a CSV
                file with a header. Up to 1,000 are kept. Ten of them (fewer if there are more than
                a hundred features) represent the average that a prediction is compared with.
            changeable: features that a person can change; advice changes no other.
            protected: features that advice must never change.
            threshold: probability from which on the model predicts the positive class.
            sample: rows of a window that a run explains; each takes about five hundred rows scored
                by the endpoint.
            min_records: windows with fewer rows aren't measured.

        Raises:
            ValueError: the rows lack a feature, or a feature is unknown, or both protected and
                changeable.
        """
        declared = self._subscription.get_details()
        asset, dropped = declared["asset"], declared["never_store"]
        features = asset["feature_columns"]
        if asset["problem_type"] == ProblemType.MULTICLASS_CLASSIFICATION:
            raise ValueError(
                "Explanations need a binary classifier or a regression model, not a multiclass"
                " model."
            )
        rows = background
        if isinstance(background, str):
            rows = read_csv(self._subscription, background)
        backgrounds.check(rows, features, changeable, protected)
        rows = backgrounds.sampled(rows, features, dropped)
        number = Number(self._subscription)
        few = attribution.background(number.ask, rows, backgrounds.FEW)
        size = min(BACKGROUND, max(1, ATTRIBUTED // (backgrounds.coalitions(features) + 2)))
        content = {
            "columns": features,
            "rows": rows.astype(object).where(rows.notna(), None).values.tolist(),
            "background": attribution.background(number.ask, rows, size).index.tolist(),
            "few": few.index.tolist(),
            "global": attribution.global_attributions(
                number.many(rows.head(sample), few).values
            ).to_dict(),
        }
        parameters = {
            "changeable": list(changeable),
            "protected": list(protected),
            "threshold": threshold,
        }
        parameters |= {"sample": sample, "min_records": min_records}
        details = self._enable(parameters, {"ndcg": (attribution.DRIFT_THRESHOLD, None)})
        baselines.keep(self._subscription, self.name, content)
        return details

    def explain(self, scoring_id: str) -> Explanation:
        """Explain the prediction for a row, and store the explanation.

        If it was explained before, the stored explanation is returned. The endpoint scores fewer
        than 3,000 rows, unless the model has more than a thousand features.

        Raises:
            ValueError: there is no such row, explanations are off, or they weren't enabled for the
                deployed version of the model.
        """
        identifier = self._subscription.subscription_id
        erasures = self._database.run(lambda cursor: traces.erasures(cursor, identifier))
        row, parameters = chosen.single(self._subscription, scoring_id), self._parameters()
        row_id = row.about["scoring_id"].iloc[0]
        revision = self._subscription.asset_revision()
        if found := explanations.find(self._database, identifier, row_id, revision):
            return found
        baseline, training = self._baseline()
        features = backgrounds.as_trained(row.features[list(training)], training)
        samples = backgrounds.coalitions(list(training))
        base = training.loc[baseline["background"]]
        number = Number(self._subscription)
        values = attribution.attribute(
            number.ask, features, base, samples=samples, link=number.link
        )
        changes = None
        if not number.regression:
            limits = {"protected": parameters["protected"], "threshold": parameters["threshold"]}
            limits["max_rows"] = MAX_ROWS - 1 - values.scored_rows
            changes = contrast(number.ask, features, training, parameters["changeable"], **limits)
        score = changes.score if changes else float(number.ask(features)[0])
        written = explanations.content(features, score, number.link, values, changes)
        if not explanations.store(self._database, identifier, row, revision, written, erasures):
            return self.explain(scoring_id)  # something was erased meanwhile, perhaps this row
        return self.get(row_id)

    def get(self, scoring_id: str) -> Explanation:
        """Return a row's newest explanation; raise ValueError if it has none."""
        none = f"Row {scoring_id!r:.200} has no explanation yet"
        try:
            check_text(scoring_id, "scoring_id")
        except ValueError as error:
            raise ValueError(f"{none}: {error}") from None
        for row_id in (scoring_id, f"{scoring_id}-1"):
            if found := explanations.find(
                self._database, self._subscription.subscription_id, row_id
            ):
                return found
        raise ValueError(f"{none}: call explain() with its scoring id.")

    def run(self, background_mode: bool = False, sample: int | None = None) -> dict:
        """Explain a sample of the newest rows, and compare what matters with the training data.

        See `Monitor.run`.
        """
        self._sample = sample
        return super().run(background_mode)

    def get_background(self) -> pd.DataFrame:
        """Return the ten training rows whose mean prediction explanations start from.

        Raises:
            ValueError: `enable` hasn't been called yet.
        """
        baseline, training = self._baseline()
        return training.loc[baseline["background"]]

    def get_global(self, run_uid: str | None = None) -> pd.DataFrame:
        """Return each feature's mean absolute attribution in a run and in the training data.

        By default it is the last run.

        Raises:
            ValueError: the run measured nothing, or its details were erased with rows that it read.
        """
        run = self.get_run_details(run_uid)
        refuse_erased(run)
        if run["state"] != "finished":
            raise ValueError(
                f"Run {run['run_uid']} measured nothing: {run.get('reason') or run.get('error')}."
            )
        return pd.DataFrame(run["attributions"], columns=["feature", "current", "baseline"])

    def _measure(self, parameters: dict) -> Outcome:
        try:
            baseline, training = self._baseline()
        except ValueError as error:
            return Outcome(0, skipped=str(error), details={"no_baseline": True})
        rows = chosen.newest(self._subscription, WINDOW)
        if len(rows) < max(1, parameters["min_records"]):
            return Outcome(
                len(rows),
                skipped=f"{counted(len(rows), 'row')}, {parameters['min_records']} needed"
                " (min_records)",
            )
        wanted = min(self._sample or parameters["sample"], len(rows))
        drawn = rows.features[list(training)].sample(wanted, random_state=0)
        number = Number(self._subscription)
        found = number.many(backgrounds.as_trained(drawn, training), training.loc[baseline["few"]])
        usual = pd.Series(baseline["global"])
        current = attribution.global_attributions(found.values)
        ndcg = attribution.attribution_drift(usual, current)
        measured = [Measurement("ndcg", ndcg)]
        measured += [
            Measurement("mean_absolute_attribution", float(value), slice=n)
            for n, value in current.items()
        ]
        details = {
            "violations": attribution.drift_violations(ndcg)["violations"],
            "attributions": [
                {"feature": n, "current": float(current[n]), "baseline": usual[n]}
                for n in current.index
            ],
            "explained_rows": wanted,
            "asked_rows": found.scored_rows,
        }
        return Outcome(len(rows), rows.window, measured, details)

    def _parameters(self) -> dict:
        details = self.get_details()
        if not details["enabled"]:
            raise ValueError(
                f"Explanations of {self._subscription.name!r} are off: call enable() with training"
                " rows."
            )
        return details["parameters"]

    def _baseline(self) -> tuple[dict, pd.DataFrame]:
        """Return what `enable` stored for the deployed model version, and its training rows."""
        content = baselines.find(self._subscription, self.name)
        if not content:
            raise ValueError(
                baselines.retyped(self._subscription, self.name)
                or "the endpoint serves a version of the model that explanations weren't enabled"
                " for: call enable() with its training rows"
            )
        return content, pd.DataFrame(content["rows"], columns=content["columns"])

    def _select(self, limit: int | None) -> Selection:
        query = sql.SQL(
            "SELECT scoring_id, created_at, asset_revision, (content->>'score')::float8 AS score,"
            " content->>'link' AS link, (content->>'base')::float8 AS base,"
            " (content->>'output')::float8 AS output, content AS explanation FROM explanation"
            " WHERE subscription_id = {} ORDER BY created_at DESC, scoring_id LIMIT {}"
        )
        return Selection(
            query.format(sql.Literal(self._subscription.subscription_id), sql.Literal(limit)), {}
        )
