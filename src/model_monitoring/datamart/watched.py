"""One monitored model: its identity, the declaration of its columns, its tables and versions."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import boto3
import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.engines import http
from model_monitoring.datamart.engines.bindings import Bindings
from model_monitoring.datamart.engines.revisions import Revisions
from model_monitoring.datamart.entities import SageMakerMachineLearningAsset
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.tables import changing, tables


class WatchedModel:
    """One subscribed model, as the code that logs, measures or reviews it sees it."""

    def __init__(
        self,
        database: Database,
        boto_session: boto3.Session | None,
        revisions: Revisions,
        row: dict,
    ):
        self.database = database
        self.boto_session = boto_session
        self._revisions = revisions
        self.subscription_id: int = row["subscription_id"]
        self.uid: str = row["subscription_uid"]
        self.name: str = row["name"]
        self.source_uid: str = row["source_uid"]
        self.binding_uid: str = row["binding_uid"]
        # Of the endpoint; None if the engine isn't SageMaker
        self.region: str | None = row["region"]
        self.in_round = False  # whether whoever runs its monitors looks at the others' health
        self.months: set = set()  # whose payload partitions are known to exist

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, uid={self.uid!r})"

    @cached_property
    def binding(self) -> dict:
        """The engine that serves it."""
        return Bindings(self.database, None).get_details(self.binding_uid)

    def score(
        self, rows: Sequence, scoring_id: str, features: Sequence[str] | None = None
    ) -> list[Mapping]:
        """Send rows to the model and return one dict per row with what it predicts.

        `features` names the values of each row in order: by default, all feature columns. See
        `engines.http.score` for what is raised.
        """
        if features is None:
            features = self.asset["feature_columns"]
        return http.score(
            self.binding, self.boto_session, self.source_uid, features, rows, scoring_id
        )

    @property
    def asset(self) -> dict:
        """The declaration of the model's columns, as it is now.

        Every access reads it from the database in a transaction of its own, because a payload may
        add a feature (see `PayloadLogging.enable`). Read it once for each piece of work and pass
        it on, so that the whole work sees one state. Inside a transaction, read it beforehand.
        """
        return self.get_details()["asset"]

    def get_details(self) -> dict:
        """Return the catalogue's row of this subscription; raise ValueError if it was deleted."""
        query = "SELECT * FROM subscription WHERE subscription_uid::text = %s"
        if found := self.database.rows(query, [self.uid]):
            return found[0]
        raise ValueError(f"Subscription {self.name!r} was deleted.")

    def update_row(self, **changes: object) -> None:
        """Change columns of the catalogue's row."""
        assignments = sql.SQL(", ").join(
            sql.SQL("{} = %s").format(sql.Identifier(column)) for column in changes
        )
        self.database.execute(
            sql.SQL("UPDATE subscription SET {} WHERE subscription_id = %s").format(assignments),
            [*changes.values(), self.subscription_id],
        )

    def table(self) -> tables.Table:
        """Return its table's columns; raise ValueError before the first payload."""
        table = self.database.run(lambda cursor: tables.read(cursor, self.subscription_id))
        if table is None:
            raise ValueError(
                f"Subscription {self.name!r} has no payload yet: call payload_logging.store first."
            )
        return table

    def get_deployment_uids(self) -> list[str]:
        """Return the uids of its deployments: on SageMaker, the endpoint's name."""
        return [self.source_uid]

    def list_deployments(self) -> pd.DataFrame:
        """List the versions of the model that have been called, and when each was first seen."""
        return self.database.frame(
            "SELECT deployment_id, asset_revision, first_seen FROM deployment"
            " WHERE subscription_id = %s ORDER BY first_seen",
            [self.subscription_id],
        )

    def deployed_revision(self) -> str:
        """Return the version of the model that SageMaker serves now; see `Revisions`.

        It is empty on any other engine.
        """
        return self._revisions.deployed(self.region, self.source_uid)

    def asset_revision(self) -> str:
        """Return the version of the model in use: the deployed one, or else the last record's."""
        if deployed := self.deployed_revision():
            return deployed
        last = self.database.rows(
            "SELECT d.asset_revision FROM scoring_key k JOIN deployment d USING (deployment_key)"
            " WHERE k.subscription_id = %s ORDER BY k.record_id DESC LIMIT 1",
            [self.subscription_id],
        )
        return last[0]["asset_revision"] if last else ""

    def settled_record(self) -> int:
        """Return the last record id once all records up to it are stored.

        It waits for transactions that are writing.
        """

        def work(cursor: Cursor) -> int:
            cursor.execute(
                f"{changing.locking(exclusive=True)}; SELECT coalesce(max(record_id), 0)"
                " FROM scoring_key WHERE subscription_id = %(id)s",
                {"id": self.subscription_id},
            )
            return cursor.fetchone()[0]

        return self.database.run(work)

    def deployment_key(self, cursor: Cursor, revision: str) -> int:
        """Return the catalogue's number of a model version; add the version if it is new."""
        identity = [self.subscription_id, self.source_uid, revision]
        find = (
            "SELECT deployment_key FROM deployment"
            " WHERE (subscription_id, deployment_id, asset_revision) = (%s,%s,%s)"
        )
        cursor.execute(find, identity)
        if not (found := cursor.fetchone()):
            cursor.execute(
                "INSERT INTO deployment (subscription_id, deployment_id, asset_revision)"
                " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                identity,
            )
            cursor.execute(find, identity)
            found = cursor.fetchone()
        return found[0]


class Index(Protocol):
    """All subscribed models, for code that needs another model beside its own."""

    def add(self, asset: SageMakerMachineLearningAsset) -> WatchedModel:
        """Subscribe a deployed model; see `Subscriptions.add`."""

    def get(self, subscription_uid: str | None = None, *, name: str | None = None) -> WatchedModel:
        """Return a model by uid or by name; see `Subscriptions.get`."""
