"""Switching a monitor on and off, with its parameters and limits."""

from numbers import Real

from model_monitoring.datamart.monitoring import alerting, expecting
from model_monitoring.datamart.monitoring.decisions import Rule
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.showing import TableVerbs
from model_monitoring.datamart.watched import WatchedModel


class Switch(TableVerbs):
    """The settings of one kind of monitor for one subscription."""

    name: str

    def __init__(self, subscription: WatchedModel):
        self._subscription = subscription
        self._database = subscription.database

    def _enable(
        self, parameters: dict, limits: dict[str, tuple[float | None, float | None]]
    ) -> dict:
        """Switch the monitor on; `limits` are (lower, upper) by metric.

        Raises:
            ValueError: a limit isn't a number.
        """
        for metric, pair in limits.items():
            if bad := [
                limit for limit in pair if limit is not None and not isinstance(limit, Real)
            ]:
                raise ValueError(
                    f"The limit of {metric} is {bad[0]!r:.80}, which isn't a number: give one, or"
                    " None for no limit."
                )
        identity = [self._subscription.subscription_id, self.name]

        def work(cursor: Cursor) -> None:
            cursor.execute(
                "INSERT INTO monitor AS m (subscription_id, monitor, enabled, parameters)"
                " VALUES (%s, %s, true, %s) ON CONFLICT (subscription_id, monitor) DO UPDATE"
                " SET enabled = true, parameters = EXCLUDED.parameters,"
                " enabled_at = CASE WHEN m.enabled THEN m.enabled_at ELSE now() END",
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
        """Switch the monitor off; its measurements stay."""
        self._database.execute(
            "UPDATE monitor SET enabled = false WHERE (subscription_id, monitor) = (%s, %s)",
            [self._subscription.subscription_id, self.name],
        )

    def get_details(self) -> dict:
        """Return whether the monitor is enabled, its parameters, its thresholds and what to expect.

        `expect` says in words how many false alerts a month there may be, and the smallest change
        that would be seen half of the time.
        """
        identity = [self._subscription.subscription_id, self.name]
        found = self._database.rows(
            "SELECT enabled, parameters FROM monitor WHERE (subscription_id, monitor) = (%s, %s)",
            identity,
        )
        limits = self._limits()
        details = found[0] if found else {"enabled": False, "parameters": {}}
        return details | {"thresholds": limits, "expect": self._expect(details, len(limits))}

    def _limits(self) -> list[dict]:
        """Return the lower and upper limit of each metric that has any."""
        return self._database.rows(
            "SELECT metric, lower_limit, upper_limit FROM threshold"
            " WHERE (subscription_id, monitor) = (%s, %s)",
            [self._subscription.subscription_id, self.name],
        )

    def _expect(self, details: dict, limits: int) -> str:
        if not details["enabled"]:
            return "It is off and opens no alerts."
        identity = (self._subscription.subscription_id, self.name)
        by = self._database.run(lambda cursor: alerting.rule(cursor, identity, max(1, limits)))
        if by.alpha is None:
            return "Any value outside its limit opens an alert, chance or not (rule: limits)."
        return f"{expecting.false_alerts(by)} {self._seen(details['parameters'], by)}"

    def _seen(self, parameters: dict, by: Rule) -> str:
        """Say which change would be seen."""
        return "Its values are facts about a window: any that is outside its limit opens an alert."

    def _last_measured(self) -> dict | None:
        """Return the last run that measured something: `run_uid`, `records` and `details`."""
        found = self._database.rows(
            "SELECT run_uid, records, details FROM run"
            " WHERE (subscription_id, monitor, state) = (%s, %s, 'finished')"
            " ORDER BY started DESC LIMIT 1",
            [self._subscription.subscription_id, self.name],
        )
        return found[0] if found else None

    def _last_interval(self, metric: str) -> tuple[float, float, float] | None:
        """Return a metric's value and interval, if the last run that measured gave them."""
        last = self._last_measured()
        found = self._database.rows(
            "SELECT value, ci_low, ci_high FROM measurement WHERE run_uid = %s AND metric = %s"
            " AND slice = '' AND value IS NOT NULL AND ci_low IS NOT NULL",
            [last and last["run_uid"], metric],
        )
        return tuple(found[0].values()) if found else None

    def _window(self, parameters: dict) -> int:
        """Return the rows of the last window that was measured, or the fewest that would be."""
        last = self._last_measured()
        return max(1, last["records"] if last else parameters["min_records"])
