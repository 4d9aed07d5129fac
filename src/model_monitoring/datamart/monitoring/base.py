"""What all monitors share: parameters and thresholds, runs, measurements, and the alerts that
follow from them.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from numbers import Real
from threading import Thread

import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.monitoring import alerting, notifications
from model_monitoring.datamart.postgres.database import Cursor, Database, as_json
from model_monitoring.datamart.postgres.texts import check_texts, storable
from model_monitoring.datamart.showing import Selection, TableVerbs
from model_monitoring.datamart.tables import traces
from model_monitoring.datamart.watched import WatchedModel


@dataclass(frozen=True)
class Measurement:
    """One value of one metric; `slice` names the part it is of, and is empty for the whole.

    `limits` are those of this slice, where they aren't its metric's.
    """

    metric: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    slice: str = ""
    limits: tuple[float | None, float | None] | None = None


@dataclass(frozen=True)
class Outcome:
    """What a monitor found in a window; with `skipped`, why it measured nothing.

    `limits` are those of `enable`, unless a run has reason to apply others.
    """

    records: int
    window: tuple[datetime | None, datetime | None] = (None, None)
    measurements: Sequence[Measurement] = ()
    details: dict = field(default_factory=dict)
    skipped: str | None = None
    limits: dict[str, tuple[float | None, float | None]] | None = None


class Monitor(TableVerbs):
    """A monitor of one subscription; each kind says in `_measure` what a run does."""

    name: str
    metrics_view: str

    def __init__(self, subscription: WatchedModel):
        self._subscription = subscription
        self._database = subscription.database

    def _measure(self, parameters: dict) -> Outcome:
        raise TypeError(f"{type(self).__name__} measures nothing.")

    def _enable(
        self, parameters: dict, limits: dict[str, tuple[float | None, float | None]]
    ) -> dict:
        """Switch the monitor on; `limits` are (lower, upper) per metric, ValueError where one isn't
        a number.
        """
        for metric, pair in limits.items():
            if bad := [
                limit for limit in pair if limit is not None and not isinstance(limit, Real)
            ]:
                raise ValueError(f"The limit of {metric} is {bad[0]!r}, which isn't a number.")
        identity = [self._subscription.subscription_id, self.name]

        def work(cursor: Cursor) -> None:
            cursor.execute(
                "INSERT INTO monitor VALUES (%s, %s, true, %s) ON CONFLICT (subscription_id,"
                " monitor)"
                " DO UPDATE SET enabled = true, parameters = EXCLUDED.parameters",
                [*identity, as_json(parameters, f"{self.name} parameters")],
            )
            cursor.execute(
                "DELETE FROM threshold WHERE (subscription_id, monitor) = (%s, %s)", identity
            )
            for metric, (lower, upper) in limits.items():
                cursor.execute(
                    "INSERT INTO threshold VALUES (%s, %s, %s, %s, %s)",
                    [*identity, metric, lower, upper],
                )

        self._database.run(work)
        return self.get_details()

    def disable(self) -> None:
        """Switch the monitor off; what it measured stays."""
        self._database.execute(
            "UPDATE monitor SET enabled = false WHERE (subscription_id, monitor) = (%s, %s)",
            [self._subscription.subscription_id, self.name],
        )

    def get_details(self) -> dict:
        """Return whether the monitor is enabled, its parameters and its thresholds."""
        identity = [self._subscription.subscription_id, self.name]
        found = self._database.rows(
            "SELECT enabled, parameters FROM monitor WHERE (subscription_id, monitor) = (%s, %s)",
            identity,
        )
        limits = self._database.rows(
            "SELECT metric, lower_limit, upper_limit FROM threshold WHERE (subscription_id,"
            " monitor) = (%s, %s)",
            identity,
        )
        return (found[0] if found else {"enabled": False, "parameters": {}}) | {
            "thresholds": limits
        }

    def run(self, background_mode: bool = False) -> dict:
        """Measure now, store the measurements, open and close alerts, send them, and return the
        run's details.

        With `background_mode` it returns at once; `get_run_details` tells when the run's state is
        "finished".

        Raises:
            ValueError: the monitor isn't enabled, or there is nothing to measure.
        """
        details = self.get_details()
        if not details["enabled"]:
            raise ValueError(
                f"{self.name} monitoring of {self._subscription.name!r} is off: call enable()"
                " first."
            )
        run_uid = str(uuid.uuid4())
        self._database.execute(
            "INSERT INTO run (run_uid, subscription_id, monitor, state, started) VALUES (%s, %s,"
            " %s, 'running', now())",
            [run_uid, self._subscription.subscription_id, self.name],
            once=True,
        )
        if background_mode:
            Thread(target=self._run, args=(run_uid, details), daemon=True).start()
        else:
            self._run(run_uid, details)
        return self.get_run_details(run_uid)

    def _run(self, run_uid: str, details: dict) -> None:
        identifier, revision = (
            self._subscription.subscription_id,
            self._subscription.asset_revision(),
        )
        erasures = self._database.run(lambda cursor: traces.erasures(cursor, identifier))

        def keep(record: Callable[[Cursor], None]) -> None:
            """Store what the run found, emptied at once if rows that it may have read were erased
            meanwhile.
            """

            def work(cursor: Cursor) -> None:
                outdated = traces.erasures(cursor, identifier) != erasures
                record(cursor)
                if outdated:
                    traces.empty_runs(
                        cursor, sql.SQL("r.run_uid = {}").format(sql.Literal(run_uid))
                    )

            self._database.run(work, once=True)

        try:
            outcome = self._measure(details["parameters"])
            outcome = replace(
                outcome, details=outcome.details | {"parameters": details["parameters"]}
            )
            limits = outcome.limits or {
                limit["metric"]: (limit["lower_limit"], limit["upper_limit"])
                for limit in details["thresholds"]
            }
            keep(lambda cursor: self._record(cursor, run_uid, outcome, limits, revision))
        except Exception as error:
            failed = (
                "UPDATE run SET state = 'failed', finished = now(), details = %s WHERE run_uid = %s"
            )
            said = as_json({"error": storable(str(error))})
            keep(lambda cursor: cursor.execute(failed, [said, run_uid]))
            raise
        notifications.send(self._database, self._subscription.boto_session)

    def _record(
        self, cursor: Cursor, run_uid: str, outcome: Outcome, limits: dict, revision: str
    ) -> None:
        """Store a run's outcome and settle its alerts, in one transaction."""
        identifier = self._subscription.subscription_id
        details = outcome.details | ({"reason": outcome.skipped} if outcome.skipped else {})
        cursor.execute(
            "UPDATE run SET state = %s, finished = now(), window_start = %s, window_end = %s,"
            " records = %s,"
            " details = %s WHERE run_uid = %s",
            [
                "skipped" if outcome.skipped else "finished",
                *outcome.window,
                outcome.records,
                as_json(details),
                run_uid,
            ],
        )
        deployment = self._subscription.deployment_key(cursor, revision)
        measured = [run_uid, identifier, self.name, deployment, outcome.records]
        for found in outcome.measurements:
            lower, upper = found.limits or limits.get(found.metric, (None, None))
            cursor.execute(
                "INSERT INTO measurement (ts, run_uid, subscription_id, monitor, deployment_key,"
                " records, metric,"
                " slice, value, ci_low, ci_high, lower_limit, upper_limit)"
                " VALUES (now(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    *measured,
                    found.metric,
                    found.slice,
                    found.value,
                    found.ci_low,
                    found.ci_high,
                    lower,
                    upper,
                ],
            )
            if found.value is not None:
                identity = (identifier, self.name, found.metric, found.slice)
                alerting.settle(cursor, identity, run_uid, found.value, lower, upper)
        if not outcome.skipped:
            alerting.close_unmeasured(cursor, (identifier, self.name), run_uid)

    def _unmeasured(self) -> tuple[int, int]:
        """Return the first and the last record that no run has measured.

        A run that goes by this keeps the last one in its details, as `last_record`. Captured
        traffic arrives late, so that times say nothing here.
        """
        found = self._database.rows(
            "SELECT max((details->>'last_record')::bigint) AS last FROM run"
            " WHERE (subscription_id, monitor) = (%s, %s)",
            [self._subscription.subscription_id, self.name],
        )
        return (found[0]["last"] or 0) + 1, self._subscription.settled_record()

    def get_run_details(self, run_uid: str | None = None) -> dict:
        """Return a run's state, window, metrics and details; of the last run where none is named.

        Raises:
            ValueError: there is no such run.
        """
        check_texts(run_uid, "run_uid")
        found = self._database.rows(
            "SELECT run_uid, monitor, state, started, finished, window_start, window_end, records,"
            " details FROM run"
            " WHERE subscription_id = %s AND monitor = %s AND (%s IS NULL OR run_uid::text = %s)"
            " ORDER BY started DESC LIMIT 1",
            [self._subscription.subscription_id, self.name, run_uid, run_uid],
        )
        if not found:
            raise ValueError(
                f"There is no {self.name} run{f' {run_uid!r}' if run_uid else ' yet: call run()'}."
            )
        details = found[0].pop("details")
        metrics = self._database.rows(
            "SELECT metric, slice, value FROM measurement WHERE run_uid = %s ORDER BY metric,"
            " slice",
            [found[0]["run_uid"]],
        )
        named = {
            row["metric"] + (f" [{row['slice']}]" if row["slice"] else ""): row["value"]
            for row in metrics
        }
        return found[0] | details | {"metrics": named}

    def get_metrics(
        self, start_time: datetime | None = None, limit: int | None = None
    ) -> pd.DataFrame:
        """Return the measurements, newest run first, since a time."""
        since = start_time or datetime(1970, 1, 1, tzinfo=UTC)
        return self._database.frame(
            "SELECT m.ts, m.metric AS id, m.value, m.ci_low, m.ci_high, m.lower_limit,"
            " m.upper_limit, m.records,"
            " m.slice, m.run_uid AS measurement_id, d.deployment_id, d.asset_revision FROM"
            " measurement m"
            " LEFT JOIN deployment d USING (deployment_key)"
            " WHERE m.subscription_id = %s AND m.monitor = %s AND m.ts >= %s"
            " ORDER BY m.ts DESC, m.metric, m.slice LIMIT %s",
            [self._subscription.subscription_id, self.name, since, limit],
        )

    def _select(self, limit: int | None) -> Selection:
        query = sql.SQL("SELECT * FROM {} WHERE subscription_id = {} ORDER BY ts DESC LIMIT {}")
        uid = sql.Literal(self._subscription.uid)
        return Selection(
            query.format(sql.Identifier(self.metrics_view), uid, sql.Literal(limit)), {}
        )


def refuse_erased(run: Mapping) -> None:
    """Raise ValueError where a run's details are asked for that went with erased rows."""
    if run.get("erased"):
        raise ValueError(
            f"Run {run['run_uid']} keeps its measurements only: data that it read was erased, and"
            " its details with it."
            " Run the monitor again for details of what is there now."
        )


def deployment_metrics(database: Database, subscription_id: int | None = None) -> pd.DataFrame:
    """Return each monitor's last measurements, of one subscription or of all, with the number of
    unresolved alerts.
    """
    return database.frame(
        "SELECT s.name AS subscription, s.source_uid AS deployment, m.monitor AS metric_type,"
        " m.metric, m.slice,"
        " m.value, (SELECT count(*) FROM alert a WHERE a.state <> 'closed' AND (a.subscription_id,"
        " a.monitor, a.metric,"
        " a.slice) = (m.subscription_id, m.monitor, m.metric, m.slice)) AS issues, m.ts AS"
        " timestamp"
        " FROM subscription s JOIN monitor o USING (subscription_id) CROSS JOIN LATERAL (SELECT"
        " run_uid FROM run r"
        " WHERE (r.subscription_id, r.monitor, r.state) = (o.subscription_id, o.monitor,"
        " 'finished')"
        " ORDER BY started DESC LIMIT 1) last JOIN measurement m USING (run_uid)"
        " WHERE %s IS NULL OR s.subscription_id = %s ORDER BY s.name, m.monitor, m.metric, m.slice",
        [subscription_id, subscription_id],
    )
