"""The de-biased companion of a subscription: a second endpoint beside the original.

It never replaces the original.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd
from psycopg2 import sql

from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.datamart import asking
from model_monitoring.datamart.companion import answers as payload
from model_monitoring.datamart.companion import deployment, making
from model_monitoring.datamart.companion.answers import PREDICTION, PROBABILITY
from model_monitoring.datamart.companion.settings import Companion
from model_monitoring.datamart.postgres.texts import check_texts
from model_monitoring.datamart.rows import chosen
from model_monitoring.datamart.watched import Index, WatchedModel

NEWEST_ROWS = 10_000  # of the payload, which `score` looks at


class CompanionModel:
    """The companion of one subscription, and what is kept about it."""

    def __init__(self, subscription: WatchedModel, index: Index):
        self._subscription = subscription
        self._index = index
        self._database = subscription.database

    def exists(self) -> bool:
        """Tell whether there is or was a companion."""
        return bool(self._rows())

    def described(self) -> dict | None:
        """Return its details; None if there is no companion, or if its findings were erased."""
        if not self.exists() or (details := self.get_details()).get("erased"):
            return None
        return details

    def get_details(self) -> dict:
        """Return its endpoint, when it was created and deleted, its rule, effect and costs.

        Raises:
            ValueError: there never was a companion.
        """
        if not (rows := self._rows()):
            raise ValueError(
                f"{self._subscription.name!r} has no companion: enable fairness_monitoring with"
                " companion=. A run that finds bias then makes one."
            )
        return rows[0].pop("content") | rows[0]

    def get_rule(self) -> dict:
        """Return the rule that it predicts by."""
        return self._found()["rule"]

    def get_original(self) -> dict:
        """Return fairness, accuracy and favourable_rate of the original on the validation rows."""
        return self._found()["original"]

    def get_frontier(self) -> pd.DataFrame:
        """Return the trade-offs between fairness and accuracy that no other rule beats in both.

        The least fair comes first. The columns are those of `Companion.frontier`.
        """
        details = self._found()
        return pd.DataFrame(details["frontier"], columns=details["frontier_columns"])

    def get_costs(self) -> pd.DataFrame:
        """Return what the rule costs each group on the validation rows.

        The columns are those of `Companion.costs`.
        """
        details = self._found()
        return pd.DataFrame(details["costs"], columns=details["costs_columns"])

    def get_subscription(self) -> WatchedModel:
        """Return the companion's own subscription, `<name> debiased`."""
        return self._index.get(str(self.get_details()["companion_uid"]))

    def get_groups(self) -> pd.DataFrame:
        """Return groups, rates and scores of the companion's predictions for live traffic.

        Groups and outcomes are those of the last fairness run. The columns are those of
        `Fairness.groups`.

        Raises:
            ValueError: it hasn't scored any row, or there is no such run.
        """
        self.get_details()
        parameters = self._run_parameters()
        rows = self._live(sql.SQL("p.{} IS NOT NULL"))
        found = evaluate(
            rows.features,
            [Feature(**feature) for feature in parameters["features"]],
            favourable=parameters["favourable_classes"],
            unfavourable=parameters["unfavourable_classes"],
            predictions=rows.answers[PREDICTION],
            intersections=parameters["intersections"],
            flip=False,
        )
        return found.groups

    def create(
        self, settings: Companion, feature: Feature, favourable: object, unfavourable: object
    ) -> dict:
        """Search a rule for a feature, then deploy and subscribe the companion.

        It replaces a companion that is already there.

        Raises:
            ValueError: the model can't have one, its validation rows are missing or unsuitable, or
                SageMaker doesn't deploy it.
        """
        self._region()
        check_texts(asdict(settings), "companion")
        content, example = making.search(
            self._subscription, settings, feature, favourable, unfavourable
        )
        if self.exists():
            self.delete()
        making.deploy(self._index, self._subscription, settings, content, example)
        return self.get_details()

    def follow(self, parameters: Mapping, groups: Sequence[Mapping]) -> dict:
        """Do what a fairness run leaves to do, and return what was done.

        If the run found bias by a single attribute, a companion is made, unless the deployed
        version of the model already has one. An existing companion scores the rows that it hasn't
        scored yet.
        """
        settings = Companion(**parameters["companion"])
        features = {one["name"]: Feature(**one) for one in parameters["features"]}
        wanted = [settings.feature] if settings.feature else list(features)
        biased = [row for row in groups if row["biased"] and row["feature"] in wanted]
        there = self._is_current()
        if biased and not there:
            worst = features[min(biased, key=lambda row: row["fairness_score"])["feature"]]
            favourable, unfavourable = (
                parameters["favourable_classes"][0],
                parameters["unfavourable_classes"][0],
            )
            self.create(settings, worst, favourable, unfavourable)
        if not biased and not there:
            return {"created": False}
        return {
            "endpoint": self.get_details()["endpoint"],
            "created": not there,
            "rows_answered": self.score(),
        }

    def score(self) -> int:
        """Have the companion score the newest 10,000 rows, as far as it hasn't; return how many.

        Its predictions are stored in the original's payload, as debiased_prediction and
        debiased_probability.

        Raises:
            ValueError: there is no companion, or it was deleted.
        """
        if (details := self.get_details())["deleted_at"]:
            raise ValueError(
                f"The companion {details['endpoint']!r} was deleted: create it again first."
            )
        payload.add_columns(self._subscription)
        rows = self._live(sql.SQL("p.{} IS NULL"))
        if len(rows):
            answers = asking.ask(self.get_subscription(), rows.features, PREDICTION, PROBABILITY)
            payload.store(self._subscription, rows.about, answers)
        return len(rows)

    def delete(self) -> None:
        """Delete its endpoint, configuration, model and archive.

        Its predictions and what is known about it stay.
        """
        details, region = self.get_details(), self._region()
        if details["deleted_at"]:
            return
        deployment.delete(self._subscription.boto_session, region, details)
        self._database.execute(
            "UPDATE companion SET deleted_at = now() WHERE subscription_id = %s",
            [self._subscription.subscription_id],
        )

    def _is_current(self) -> bool:
        """Tell whether the companion is in service and made from the deployed model version."""
        if not self.exists() or (details := self.get_details())["deleted_at"]:
            return False
        same = details["asset_revision"] == self._subscription.asset_revision()
        session = self._subscription.boto_session
        return same and deployment.is_in_service(session, self._region(), details["endpoint"])

    def _region(self) -> str:
        """Return the region of SageMaker; raise ValueError if there is none, or no session."""
        if self._subscription.boto_session is None or not self._subscription.region:
            raise ValueError(
                "A companion needs a model on SageMaker and a session: DataMart(url,"
                " boto_session=...)."
            )
        return self._subscription.region

    def _found(self) -> dict:
        """Return its details with its findings; raise ValueError if those were erased."""
        if (details := self.get_details()).get("erased"):
            raise ValueError(
                f"Rows that the companion {details['endpoint']!r} was made from were erased, and"
                " with them its rule, trade-offs and costs. Its endpoint still works as before."
                " Call delete(): the next fairness run then makes another companion from the"
                " remaining rows."
            )
        return details

    def _run_parameters(self) -> dict:
        """Return the parameters of the last fairness run."""
        found = self._database.rows(
            "SELECT details->'parameters' AS parameters FROM run WHERE subscription_id = %s"
            " AND monitor = 'fairness' AND details ? 'parameters' ORDER BY started DESC LIMIT 1",
            [self._subscription.subscription_id],
        )
        if not found:
            raise ValueError(
                f"There is no fairness run of {self._subscription.name!r} to take the groups from:"
                " call fairness_monitoring.run() first."
            )
        return found[0]["parameters"]

    def _live(self, condition: sql.SQL) -> chosen.ScoredRows:
        """Read the newest rows, by a condition on the companion's prediction."""
        columns = self._subscription.table().of(payload.ROLE)
        if not columns:
            raise ValueError("The companion hasn't scored any row yet: call companion.score().")
        within = condition.format(sql.Identifier(columns[0].column_name))
        return chosen.newest(self._subscription, NEWEST_ROWS, within)

    def _rows(self) -> list[dict]:
        return self._database.rows(
            "SELECT companion_uid, asset_revision, created_at, deleted_at, content FROM companion"
            " WHERE subscription_id = %s",
            [self._subscription.subscription_id],
        )
