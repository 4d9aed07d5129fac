"""Alerts: listing them, and acknowledging one."""

from collections.abc import Sequence
from contextlib import suppress

import boto3
import pandas as pd

from model_monitoring.datamart.monitoring import notifications
from model_monitoring.datamart.monitoring.health import alerts as health
from model_monitoring.datamart.monitoring.health.states import Health
from model_monitoring.datamart.postgres.database import Database
from model_monitoring.datamart.postgres.errors import DataMartError
from model_monitoring.datamart.postgres.texts import check_text


class Alerts:
    """Metrics outside their limits by more than chance explains.

    A run opens an alert, a person acknowledges it, and it is closed when the metric recovers. What
    opened and closed it is said in words.
    """

    def __init__(self, database: Database, boto_session: boto3.Session | None = None):
        self._database = database
        self._boto_session = boto_session

    def list(self, state: str | None = None) -> pd.DataFrame:
        """List alerts, newest first: all of them, or those in one state.

        The states are open, acknowledged and closed.

        Raises:
            ValueError: there is no such state.
        """
        if state not in (None, "open", "acknowledged", "closed"):
            raise ValueError(
                f"{state!r} is not a state of alerts: use open, acknowledged or closed."
            )
        return self._database.frame(
            "SELECT alert_id, subscription, monitor, metric, slice, state, value, lower_limit,"
            " upper_limit, opened_at, opened_because, last_seen_at, acknowledged_at,"
            " acknowledged_by, note, closed_at, closed_because"
            " FROM alerts WHERE %s IS NULL OR state = %s"
            " ORDER BY opened_at DESC, alert_id DESC",
            [state, state],
        )

    def check_health(self, subscription_id: int | None = None) -> Sequence[Health]:
        """Open and close alerts on monitors that are silent, of one subscription or of all.

        If the data mart has a session, the messages about them are sent at once, so that nobody who
        looks sees what wasn't said. Returns the health of each monitor, also to somebody who may
        only read; the alerts then stay as they are.
        """
        found = health.settle(self._database, subscription_id)
        if self._boto_session is not None:
            with suppress(DataMartError):
                notifications.publish(self._database, self._boto_session)
        return found

    def acknowledge(self, alert_id: int, by: str, note: str = "") -> None:
        """Record that somebody has seen an open alert; it stays until the metric recovers.

        Raises:
            ValueError: there is no such alert, it isn't open, or `by` is empty.
        """
        check_text(by, "by")
        check_text(note, "note", empty=True)
        if not by.strip():
            raise ValueError("by is empty: say who looks after the alert.")
        changed = self._database.rows(
            "UPDATE alert SET state = 'acknowledged', acknowledged_at = now(),"
            " acknowledged_by = %s, note = %s WHERE alert_id = %s AND state = 'open'"
            " RETURNING alert_id",
            [by, note, int(alert_id)],
            once=True,
        )
        if not changed:
            raise ValueError(f"There is no open alert {alert_id}: see alerts.list(state='open').")
