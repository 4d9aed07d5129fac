"""The data mart itself, and its alerts."""

import boto3
import pandas as pd

from model_monitoring.datamart.browsing import Browsing, overview
from model_monitoring.datamart.engines.bindings import Bindings
from model_monitoring.datamart.monitoring import outcomes
from model_monitoring.datamart.monitoring.notifications import Notifications
from model_monitoring.datamart.postgres.connecting import PAGES, WORK, TimeOuts
from model_monitoring.datamart.postgres.database import Database
from model_monitoring.datamart.postgres.migrations import migrate
from model_monitoring.datamart.postgres.texts import check_text
from model_monitoring.datamart.reviews import Reviews
from model_monitoring.datamart.subscriptions import Subscriptions
from model_monitoring.datamart.tables import erasing, vacuuming


class Alerts:
    """Metrics outside their limits: opened by a run, acknowledged by a person, closed when the
    metric recovers.
    """

    def __init__(self, database: Database):
        self._database = database

    def list(self, state: str | None = None) -> pd.DataFrame:
        """List alerts, newest first: all of them, or those in one state (open, acknowledged,
        closed).

        Raises:
            ValueError: there is no such state.
        """
        if state not in (None, "open", "acknowledged", "closed"):
            raise ValueError(f"There is no state {state!r} of alerts: open, acknowledged, closed.")
        return self._database.frame(
            "SELECT alert_id, subscription, monitor, metric, slice, state, value, lower_limit,"
            " upper_limit, opened_at,"
            " last_seen_at, acknowledged_at, acknowledged_by, note, closed_at FROM alerts"
            " WHERE %s IS NULL OR state = %s ORDER BY opened_at DESC, alert_id DESC",
            [state, state],
        )

    def acknowledge(self, alert_id: int, by: str, note: str = "") -> None:
        """Note that somebody has seen an open alert; it stays until the metric recovers.

        Raises:
            ValueError: there is no such alert, it isn't open, or nobody is named.
        """
        check_text(by, "by")
        check_text(note, "note", empty=True)
        if not by.strip():
            raise ValueError("by is empty: say who looks after the alert.")
        changed = self._database.rows(
            "UPDATE alert SET state = 'acknowledged', acknowledged_at = now(), acknowledged_by ="
            " %s, note = %s"
            " WHERE alert_id = %s AND state = 'open' RETURNING alert_id",
            [by, note, int(alert_id)],
            once=True,
        )
        if not changed:
            raise ValueError(f"There is no open alert {alert_id}: see alerts.list(state='open').")


class DataMart:
    """A data mart in one schema of a PostgreSQL database.

    `boto_session` is how SageMaker is asked about endpoints and model versions, and how
    notifications are sent; without it everything else works. `time_outs` are those of a program
    that does long work, unless said otherwise.

    `url` is that of a PostgreSQL database:

    >>> from model_monitoring import DataMart, SageMakerMachineLearningInstance
    >>> mart = DataMart(url, schema="example")
    >>> mart.setup()["status"]
    'active'
    >>> sagemaker = SageMakerMachineLearningInstance(region="us-east-1")
    >>> uid = mart.bindings.add("Amazon SageMaker", sagemaker)
    >>> mart.get_details()["bindings"]
    1
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
        self.alerts = Alerts(self._database)
        self.browsing = Browsing(self._database)
        self.reviews = Reviews(self._database, boto_session, self.subscriptions)
        self.notifications = Notifications(self._database, boto_session)

    @classmethod
    def for_pages(
        cls, database_url: str, schema: str, boto_session: boto3.Session | None = None
    ) -> "DataMart":
        """Open a data mart that answers while a person waits: it gives up after seconds."""
        return cls(database_url, schema, boto_session, PAGES)

    def setup(self) -> dict:
        """Make the schema and its tables, or bring them up to date, and return `get_details()`.

        Nothing is ever dropped; safe to repeat, and from several processes at once.

        Raises:
            DataMartError: PostgreSQL can't be reached, or the schema was made by a newer version of
                this code.
        """
        migrate(self._database)
        return self.get_details()

    def get_details(self) -> dict:
        """Return where the data mart is and how much it holds."""
        counts = self._database.rows(
            "SELECT (SELECT max(version) FROM migration) AS version, (SELECT count(*) FROM"
            " binding) AS bindings,"
            " (SELECT count(*) FROM subscription) AS subscriptions,"
            " (SELECT count(*) FROM alert WHERE state <> 'closed') AS open_alerts,"
            " current_database() AS database, current_setting('server_version') AS postgresql"
        )[0]
        return {"schema": self._database.schema, "status": "active"} | counts

    def get_deployment_metrics(self) -> pd.DataFrame:
        """Return the last value of every metric of every subscription."""
        return overview.deployment_metrics(self._database)

    def run_monitors(self) -> pd.DataFrame:
        """Run every enabled monitor of every subscription, one after the other: what a schedule
        does every hour.

        Returns one row a run: subscription, monitor, state, records, and the reason of one that was
        skipped or failed or did not measure everything; a failed run stops none of the others.
        """
        rows = []
        for uid in self.subscriptions.get_uids():
            subscription = self.subscriptions.get(uid)
            for monitor in subscription.monitors():
                if monitor.get_details()["enabled"]:
                    try:
                        run = monitor.run()
                    except Exception as error:  # noted with the run in the data mart too
                        run = {"state": "failed", "records": 0, "reason": str(error)}
                    about = (run["records"], run.get("reason") or outcomes.left_out(run))
                    rows.append((subscription.name, monitor.name, run["state"], *about))
        return pd.DataFrame(rows, columns=["subscription", "monitor", "state", "records", "reason"])

    def maintain(self) -> dict[str, int]:
        """Make the partitions of the months to come and drop what is older than its subscription's
        `keep_days`.

        To be run every day or so. Returns, by subscription, how many requests were dropped.
        """
        gone = self._database.run(erasing.maintain, once=True)
        for name, requests in gone.items():
            if requests:
                vacuuming.sweep(self._database, self.subscriptions.get(name=name).subscription_id)
        return gone
