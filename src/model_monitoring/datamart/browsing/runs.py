"""The runs of monitors: when they ran, what they measured, which alerts they opened."""

from model_monitoring.datamart.browsing.fragments import OUTSIDE
from model_monitoring.datamart.postgres.database import Database

NEWEST, ALERTS = 25, 200  # runs and alerts listed, at most


class Runs:
    """Runs with their measurements and alerts, and what else happened to a subscription."""

    def __init__(self, database: Database):
        self._database = database

    def find(self, run_uid: str) -> dict | None:
        """Return a run, with the model version that it measured."""
        found = self._database.rows(
            """SELECT r.*, s.name AS subscription, s.subscription_uid,
                (SELECT d.asset_revision FROM measurement v JOIN deployment d USING (deployment_key)
                    WHERE v.run_uid = r.run_uid LIMIT 1) AS asset_revision
            FROM run r JOIN subscription s USING (subscription_id) WHERE run_uid = %s::uuid""",
            [run_uid],
        )
        return found[0] if found else None

    def measurements(self, run_uid: str) -> list[dict]:
        """Return what a run measured."""
        return self._database.rows(
            f"""SELECT metric, slice, value, ci_low, ci_high, lower_limit, upper_limit,
                {OUTSIDE} AS outside, chance
            FROM measurement WHERE run_uid = %s::uuid ORDER BY slice, metric""",
            [run_uid],
        )

    def newest(self, subscription_id: int) -> list[dict]:
        """Return a subscription's newest runs."""
        return self._database.rows(
            """SELECT r.run_uid, r.monitor, r.state, r.started, r.finished, r.records,
                r.details->>'reason' AS reason, r.details->>'error' AS error,
                coalesce(jsonb_array_length(r.details->'not_measured'), 0) AS not_measured
            FROM monitor m CROSS JOIN LATERAL (
                SELECT * FROM run r
                WHERE (r.subscription_id, r.monitor) = (m.subscription_id, m.monitor)
                ORDER BY started DESC LIMIT %(most)s
            ) r WHERE m.subscription_id = %(id)s ORDER BY r.started DESC LIMIT %(most)s""",
            {"id": subscription_id, "most": NEWEST},
        )

    def alerts(
        self,
        state: str | None = None,
        subscription_uid: str | None = None,
        run_uid: str | None = None,
    ) -> list[dict]:
        """Return alerts: unresolved ones first, and the newest first within each group.

        They can be limited to a state, a subscription, or a run that opened or closed them.
        """
        return self._database.rows(
            """SELECT a.*, s.name AS subscription, s.subscription_uid
            FROM alert a JOIN subscription s USING (subscription_id)
            WHERE (%(state)s IS NULL OR a.state = %(state)s)
                AND (%(uid)s IS NULL OR s.subscription_uid::text = %(uid)s)
                AND (%(run)s IS NULL
                    OR %(run)s IN (a.opened_by_run::text, a.closed_by_run::text))
            ORDER BY a.state = 'closed', a.opened_at DESC, a.alert_id DESC LIMIT %(limit)s""",
            {"state": state, "uid": subscription_uid, "run": run_uid, "limit": ALERTS},
        )

    def remarks(self, subscription_id: int) -> list[dict]:
        """Return changes of a table and captured lines that weren't stored, newest first."""
        return self._database.rows(
            """(SELECT changed_at AS ts, change AS remark FROM schema_change
                WHERE subscription_id = %(id)s ORDER BY changed_at DESC LIMIT %(most)s)
            UNION ALL
            (SELECT happened_at,
                    format('not taken in: %%s, line %%s: %%s', uri, line_number, reason)
                FROM payload_error
                WHERE subscription_id = %(id)s ORDER BY happened_at DESC LIMIT %(most)s)
            ORDER BY ts DESC LIMIT %(most)s""",
            {"id": subscription_id, "most": NEWEST},
        )
