"""The data mart itself."""

import boto3
import pandas as pd

from model_monitoring.datamart.browsing import Browsing, overview
from model_monitoring.datamart.engines.bindings import Bindings
from model_monitoring.datamart.monitoring import outcomes
from model_monitoring.datamart.monitoring.alerts import Alerts
from model_monitoring.datamart.monitoring.health import states
from model_monitoring.datamart.monitoring.notifications import Notifications
from model_monitoring.datamart.postgres.connecting import PAGES, WORK, TimeOuts
from model_monitoring.datamart.postgres.database import Database
from model_monitoring.datamart.postgres.migrations import migrate
from model_monitoring.datamart.records import content_ids
from model_monitoring.datamart.reviews import Reviews
from model_monitoring.datamart.subscriptions import Subscriptions
from model_monitoring.datamart.tables import erasing, vacuuming


class DataMart:
    """A data mart in one schema of a PostgreSQL database.

    `boto_session` is used to look up endpoints and model versions in SageMaker, and to send
    notifications; everything else works without it. `time_outs` are by default those of a program
    that does long work.

    `url` is the URL of a PostgreSQL database:

    >>> from model_monitoring import DataMart, SageMakerMachineLearningInstance
    >>> mart = DataMart(url, schema="example")
    >>> mart.setup()["status"]
    'active'
    >>> sagemaker = SageMakerMachineLearningInstance(region="us-east-1")
    >>> uid = mart.bindings.add("Amazon SageMaker", sagemaker)
    >>> mart.get_details()["bindings"]
    1
    >>> list(mart.health().columns)
    ['subscription', 'monitor', 'state', 'since', 'last_run', 'alerts', 'to_do']
    """

    def __init__(
        self,
        database_url: str,
        schema: str = "data_mart",
        boto_session: boto3.Session | None = None,
        time_outs: TimeOuts = WORK,
    ):
        self._database = Database(database_url, schema, time_outs)
        self.bindings = Bindings(self._database, boto_session)
        self.subscriptions = Subscriptions(self._database, boto_session)
        self.alerts = Alerts(self._database, boto_session)
        self.browsing = Browsing(self._database)
        self.reviews = Reviews(self._database, boto_session, self.subscriptions)
        self.notifications = Notifications(self._database, boto_session)

    @classmethod
    def for_pages(
        cls, database_url: str, schema: str, boto_session: boto3.Session | None = None
    ) -> "DataMart":
        """Open a data mart for requests that a person waits for: it gives up after seconds."""
        return cls(database_url, schema, boto_session, PAGES)

    def setup(self) -> dict:
        """Create the schema and its tables, or bring them up to date, and return `get_details()`.

        Nothing is ever dropped. It is safe to call again, and from several processes at once.

        Raises:
            DataMartError: PostgreSQL can't be reached, or the schema was made by a newer version of
                this code.
        """
        migrate(self._database, content_ids.name_earlier)
        return self.get_details()

    def get_details(self) -> dict:
        """Return where the data mart is and how much it holds."""
        counts = self._database.rows(
            "SELECT (SELECT max(version) FROM migration) AS version,"
            " (SELECT count(*) FROM binding) AS bindings,"
            " (SELECT count(*) FROM subscription) AS subscriptions,"
            " (SELECT count(*) FROM alert WHERE state <> 'closed') AS open_alerts,"
            " current_database() AS database, current_setting('server_version') AS postgresql"
        )[0]
        return {"schema": self._database.schema, "status": "active"} | counts

    def get_deployment_metrics(self) -> pd.DataFrame:
        """Return the last value of every metric of every subscription."""
        return overview.deployment_metrics(self._database)

    def run_monitors(self) -> pd.DataFrame:
        """Run every enabled monitor of every subscription, one after the other.

        A schedule calls this every hour. Returns one row per run: subscription, monitor, state,
        records and, if it was skipped, failed or didn't measure everything, the reason. A failed
        run doesn't stop the others. At the end, alerts on the health of all monitors are opened
        and closed, and sent.
        """
        rows = []
        for uid in self.subscriptions.get_uids():
            subscription = self.subscriptions.get(uid)
            subscription.in_round = True
            for monitor in subscription.monitors():
                if monitor.get_details()["enabled"]:
                    try:
                        run = monitor.run()
                    except Exception as error:  # also stored with the run
                        run = {"state": "failed", "records": 0, "reason": str(error)}
                    about = (run["records"], run.get("reason") or outcomes.left_out(run))
                    rows.append((subscription.name, monitor.name, run["state"], *about))
        self.notifications.send()
        return pd.DataFrame(rows, columns=["subscription", "monitor", "state", "records", "reason"])

    def health(self) -> pd.DataFrame:
        """Return the state of every monitor of every subscription, since when, and what to do.

        The states are off, outside, failing, blind, stale, waiting and fresh; see
        `monitoring.health.states.Health`.
        """
        return states.frame(self._database)

    def maintain(self) -> dict[str, int]:
        """Create the coming months' partitions, and drop what is older than its `keep_days`.

        Run it about once a day. Returns the number of dropped requests by subscription.
        """
        gone = self._database.run(erasing.maintain, once=True)
        for name, requests in gone.items():
            if requests:
                vacuuming.sweep(self._database, self.subscriptions.get(name=name).subscription_id)
        return gone
