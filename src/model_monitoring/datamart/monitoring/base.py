"""What all monitors share: runs, measurements, and the alerts that follow from them."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread

import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.monitoring import alerting, notifications
from model_monitoring.datamart.monitoring.outcomes import Outcome
from model_monitoring.datamart.monitoring.switching import Switch
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.postgres.texts import check_texts, storable
from model_monitoring.datamart.showing import Selection
from model_monitoring.datamart.tables import traces


class Monitor(Switch):
    """A monitor of one subscription; each kind defines in `_measure` what a run does."""

    metrics_view: str

    def _measure(self, parameters: dict) -> Outcome:
        raise TypeError(f"{type(self).__name__} measures nothing.")

    def run(self, background_mode: bool = False) -> dict:
        """Measure now, store the measurements, open and close alerts and send them.

        Returns the run's details. With `background_mode` it returns at once; `get_run_details` then
        shows when the run's state is "finished".

        Raises:
            ValueError: the monitor isn't enabled, or it needs payload and there is none yet.
        """
        details = self.get_details()
        if not details["enabled"]:
            raise ValueError(
                f"{self.name} monitoring of {self._subscription.name!r} is off: call enable()"
                " first."
            )
        run_uid = str(uuid.uuid4())
        self._database.execute(
            "INSERT INTO run (run_uid, subscription_id, monitor, state, started)"
            " VALUES (%s, %s, %s, 'running', now())",
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
            """Store what the run found.

            If rows that it may have read were erased meanwhile, what it found is emptied at once.
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
            self._tell()
            raise
        self._tell()

    def _tell(self) -> None:
        """Settle the alerts on the health of monitors, and send what is due."""
        watched = self._subscription
        only = watched.subscription_id if watched.in_round else None
        notifications.tell(self._database, watched.boto_session, only)

    def _record(
        self, cursor: Cursor, run_uid: str, outcome: Outcome, limits: dict, revision: str
    ) -> None:
        """Store a run's outcome and settle its alerts, in one transaction."""
        identifier = self._subscription.subscription_id
        details = outcome.details | ({"reason": outcome.skipped} if outcome.skipped else {})
        details["not_measured"] = [one._asdict() for one in outcome.not_measured]
        if methods := {one.metric: one.method for one in outcome.measurements if one.method}:
            details["intervals"] = methods
        cursor.execute(
            "UPDATE run SET state = %s, finished = now(), window_start = %s, window_end = %s,"
            " records = %s, details = %s WHERE run_uid = %s RETURNING window_start, window_end",
            [
                "skipped" if outcome.skipped else "finished",
                *outcome.window,
                outcome.records,
                as_json(details),
                run_uid,
            ],
        )
        window = cursor.fetchone()
        deployment = self._subscription.deployment_key(cursor, revision)
        measured = [run_uid, identifier, self.name, deployment, outcome.records]
        held = [
            replace(found, limits=found.limits or limits.get(found.metric, (None, None)))
            for found in outcome.measurements
        ]
        seen = alerting.looks(held, window)
        for found in held:
            look = seen.get((found.metric, found.slice))
            cursor.execute(
                "INSERT INTO measurement (ts, run_uid, subscription_id, monitor, deployment_key,"
                " records, metric, slice, value, ci_low, ci_high, lower_limit, upper_limit, chance)"
                " VALUES (now(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    *measured,
                    found.metric,
                    found.slice,
                    found.value,
                    found.ci_low,
                    found.ci_high,
                    *found.limits,
                    look and look.chance,
                ],
            )
        partial = {(found.metric, found.slice) for found in outcome.measurements if found.partial}
        alerting.settle(cursor, (identifier, self.name), run_uid, seen, partial)
        if not outcome.skipped:
            groups = [one.name for one in outcome.not_measured if one.kind == "group"]
            kept = [f"{name.partition(': ')[0]}: " for name in groups]
            alerting.close_unmeasured(cursor, (identifier, self.name), run_uid, kept)

    def _unmeasured(self) -> tuple[int, int]:
        """Return the first and the last record that no run has measured.

        A run that uses this keeps the last one in its details, as `last_record`. Captured traffic
        arrives late, so the time of a record doesn't tell whether it was measured.
        """
        found = self._database.rows(
            "SELECT max((details->>'last_record')::bigint) AS last FROM run"
            " WHERE (subscription_id, monitor) = (%s, %s)",
            [self._subscription.subscription_id, self.name],
        )
        return (found[0]["last"] or 0) + 1, self._subscription.settled_record()

    def get_run_details(self, run_uid: str | None = None) -> dict:
        """Return a run's state, window, metrics and details; by default, the last run's.

        Raises:
            ValueError: there is no such run.
        """
        check_texts(run_uid, "run_uid")
        found = self._database.rows(
            "SELECT run_uid, monitor, state, started, finished, window_start, window_end, records,"
            " details FROM run WHERE subscription_id = %s AND monitor = %s"
            " AND (%s IS NULL OR run_uid::text = %s) ORDER BY started DESC LIMIT 1",
            [self._subscription.subscription_id, self.name, run_uid, run_uid],
        )
        if not found:
            raise ValueError(
                f"There is no {self.name} run{f' {run_uid!r}' if run_uid else ' yet: call run()'}."
            )
        details = found[0].pop("details")
        metrics = self._database.rows(
            "SELECT metric, slice, value FROM measurement WHERE run_uid = %s"
            " ORDER BY metric, slice",
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
        """Return the measurements since a time, newest run first."""
        since = start_time or datetime(1970, 1, 1, tzinfo=UTC)
        return self._database.frame(
            "SELECT m.ts, m.metric AS id, m.value, m.ci_low, m.ci_high, m.lower_limit,"
            " m.upper_limit, m.records, m.slice, m.run_uid AS measurement_id, d.deployment_id,"
            " d.asset_revision FROM measurement m LEFT JOIN deployment d USING (deployment_key)"
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
