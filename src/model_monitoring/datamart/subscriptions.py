"""Subscriptions: deployed models whose payload, feedback and quality the data mart keeps."""

import uuid
from collections.abc import Mapping

import boto3
import pandas as pd

from model_monitoring.datamart import contract
from model_monitoring.datamart.browsing import overview
from model_monitoring.datamart.companion.model import CompanionModel
from model_monitoring.datamart.engines.bindings import Bindings
from model_monitoring.datamart.engines.revisions import Revisions
from model_monitoring.datamart.entities import SageMakerMachineLearningAsset
from model_monitoring.datamart.monitoring import base, decisions
from model_monitoring.datamart.monitoring.drift import DriftMonitoring
from model_monitoring.datamart.monitoring.explainability import Explainability
from model_monitoring.datamart.monitoring.fairness import FairnessMonitoring
from model_monitoring.datamart.monitoring.health import states
from model_monitoring.datamart.monitoring.performance import PerformanceMonitoring
from model_monitoring.datamart.monitoring.quality import QualityMonitoring
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.postgres.jsonb import as_json, plain
from model_monitoring.datamart.postgres.texts import check_text, fault
from model_monitoring.datamart.records import content_ids
from model_monitoring.datamart.records.feedback_logging import FeedbackLogging
from model_monitoring.datamart.records.payload_logging import PayloadLogging
from model_monitoring.datamart.tables import changing, dropping, retyping, vacuuming
from model_monitoring.datamart.watched import Index, WatchedModel


class Subscription(WatchedModel):
    """One subscribed model: its logs and its monitors."""

    def __init__(
        self,
        index: Index,
        database: Database,
        boto_session: boto3.Session | None,
        revisions: Revisions,
        row: dict,
    ):
        super().__init__(database, boto_session, revisions, row)
        self._index = index

    @property
    def payload_logging(self) -> PayloadLogging:
        """The requests to the model and its responses."""
        return PayloadLogging(self)

    @property
    def feedback_logging(self) -> FeedbackLogging:
        """The labels that became known later."""
        return FeedbackLogging(self)

    @property
    def quality_monitoring(self) -> QualityMonitoring:
        """How often the model is right."""
        return QualityMonitoring(self)

    @property
    def drift_monitoring(self) -> DriftMonitoring:
        """Whether the traffic still looks like the training data."""
        return DriftMonitoring(self)

    @property
    def fairness_monitoring(self) -> FairnessMonitoring:
        """Whether it treats groups of people alike."""
        companion = self.companion
        return FairnessMonitoring(
            self, after_run=companion.follow, described_companion=companion.described
        )

    @property
    def companion(self) -> CompanionModel:
        """The de-biased model deployed beside it."""
        return CompanionModel(self, self._index)

    @property
    def explainability(self) -> Explainability:
        """Why the model predicts what it predicts."""
        return Explainability(self)

    @property
    def performance_monitoring(self) -> PerformanceMonitoring:
        """Response times and throughput."""
        return PerformanceMonitoring(self)

    def retype(self, feature_types: Mapping[str, str]) -> dict:
        """Declare features to be of other types than before, and convert what is stored.

        So are the fairness groups of these features, and the companion's subscription. Feedback
        that was sent before still counts once. Enable the monitors that go by training data again
        afterwards. Lines of data capture that failed before are stored with
        `payload_logging.retry_errors`.

        Raises:
            ValueError: a type isn't known, or a stored value or a fairness group isn't of it;
                nothing is changed.
        """
        both = [self, self.companion.get_subscription()] if self.companion.exists() else [self]
        all_details = [one.get_details() for one in both]

        def work(cursor: Cursor) -> dict:
            own, *_ = [_retyped(cursor, details, feature_types) for details in all_details]
            return own

        return self.database.run(work)

    def set_alerting(self, false_alerts_a_month: float = 1.0, rule: str = "chance") -> dict:
        """Say how many false alerts a month are bearable, of all monitors together.

        By default, an alert opens if a model within its limits would rarely give such a value: so
        rarely that there is about one false alert a month. With the rule `limits`, every value
        outside its limit opens one, as in Model Monitor. Returns what is set.

        Raises:
            ValueError: there is no such rule, or the number isn't above 0.
        """
        settings = decisions.settings(false_alerts_a_month, rule)
        self.update_row(alerting=as_json(settings))
        return settings

    def monitors(self) -> list[base.Monitor]:
        """Return its monitors, enabled or not."""
        watched = [self.quality_monitoring, self.performance_monitoring, self.drift_monitoring]
        return [*watched, self.fairness_monitoring, self.explainability]

    def get_deployment_metrics(self) -> pd.DataFrame:
        """Return each monitor's last measurements; `issues` counts a metric's unresolved alerts."""
        return overview.deployment_metrics(self.database, self.subscription_id)

    def health(self) -> pd.DataFrame:
        """Return the state of each monitor, since when, and what to do; see `DataMart.health`."""
        return states.frame(self.database, self.subscription_id)


def _retyped(cursor: Cursor, details: dict, feature_types: Mapping[str, str]) -> dict:
    """Retype one subscription's features; return its new contract."""
    identifier = details["subscription_id"]
    cursor.execute(changing.locking(exclusive=True), {"id": identifier})
    with content_ids.following(cursor, identifier, feature_types):
        return retyping.retype(cursor, details, feature_types)


class Subscriptions:
    """The subscriptions of a data mart."""

    def __init__(self, database: Database, boto_session: boto3.Session | None):
        self._database = database
        self._boto_session = boto_session
        self._revisions = Revisions(boto_session)

    def add(
        self, asset: SageMakerMachineLearningAsset, training_data: pd.DataFrame | None = None
    ) -> Subscription:
        """Subscribe a deployed model; adding the same asset again returns the same subscription.

        With training data, the features that `feature_types` doesn't name are of the types that
        they have there.

        Raises:
            ValueError: its columns contradict each other, there is no such binding, or another
                asset has this name.
        """
        properties = asset.properties()
        if training_data is not None:
            properties["feature_types"] = contract.kinds_in(training_data, properties)
        name = asset.name or asset.source_uid
        if not isinstance(name, str) or not name or fault(name):
            raise ValueError(
                f"{name!r} can't be a subscription's name: use a non-empty string without NUL"
                " characters or lone surrogates."
            )
        check_text(asset.source_uid, "source_uid")
        binding = Bindings(self._database, None).get_details(asset.binding_uid)["binding_uid"]
        self._database.execute(
            "INSERT INTO subscription (subscription_uid, binding_uid, name, source_uid, asset)"
            " VALUES (%s,%s,%s,%s,%s)"
            " ON CONFLICT (name) DO NOTHING",
            [str(uuid.uuid4()), binding, name, asset.source_uid, as_json(properties)],
        )
        subscription = self.get(name=name)
        there = {
            "binding_uid": subscription.binding_uid,
            "source_uid": subscription.source_uid,
        } | subscription.asset
        new = {"binding_uid": binding, "source_uid": asset.source_uid} | plain(properties)
        if not new["feature_types"]:  # nothing is said of them: those of the subscription stay
            del new["feature_types"]
        if differing := [key for key in new if new[key] != there.get(key)]:
            raise ValueError(
                f"Subscription {name!r} already exists with a different {', '.join(differing)}."
                " Choose another name for this model."
            )
        return subscription

    def delete(self, subscription_uid: str | None = None, *, name: str | None = None) -> None:
        """Delete a subscription, by uid or name, with all that the data mart holds of it.

        Raises:
            ValueError: there is no such subscription, or it is the companion of another.
        """
        identifier = self.get(subscription_uid, name=name).subscription_id
        self._database.run(lambda cursor: dropping.drop(cursor, identifier), once=True)
        vacuuming.sweep(self._database, identifier)

    def get_uids(self) -> list[str]:
        """Return the uids of all subscriptions."""
        return self.list()["uid"].tolist()

    def list(self) -> pd.DataFrame:
        """List the subscriptions."""
        return self._database.frame(
            "SELECT s.subscription_uid AS uid, s.name, s.source_uid, b.name AS binding,"
            " s.asset->>'problem_type' AS problem_type, s.created_at FROM subscription s"
            " JOIN binding b USING (binding_uid) ORDER BY s.name"
        )

    def get(self, subscription_uid: str | None = None, *, name: str | None = None) -> Subscription:
        """Return a subscription by uid or by name; raise ValueError if there is none."""
        if (subscription_uid is None) == (name is None):
            raise ValueError("Give a subscription's uid or name=: exactly one of the two.")
        check_text(
            subscription_uid if name is None else name,
            "subscription_uid" if name is None else "name",
        )
        column, wanted = (
            ("s.subscription_uid::text", subscription_uid) if name is None else ("s.name", name)
        )
        found = self._database.rows(
            "SELECT s.*, b.properties->>'region' AS region FROM subscription s"
            f" JOIN binding b USING (binding_uid) WHERE {column} = %s",
            [wanted],
        )
        if not found:
            names = ", ".join(repr(each) for each in self.list()["name"]) or "none yet"
            raise ValueError(f"There is no subscription {wanted!r}. Existing ones: {names}.")
        return Subscription(self, self._database, self._boto_session, self._revisions, found[0])

    def get_details(self, subscription_uid: str | None = None) -> dict:
        """Return the details of one subscription, or of all under "subscriptions"."""
        if subscription_uid is not None:
            return self.get(subscription_uid).get_details()
        return {"subscriptions": [self.get(uid).get_details() for uid in self.get_uids()]}
