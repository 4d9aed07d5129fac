"""Alerts on monitors that fail, are blind or don't run: opened once, closed if they recover."""

from collections.abc import Collection, Sequence
from contextlib import suppress

from model_monitoring.datamart.monitoring.health import history, sentences, states
from model_monitoring.datamart.monitoring.health.history import METRIC
from model_monitoring.datamart.monitoring.health.states import Health
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.postgres.errors import DataMartError


def settle(database: Database, subscription_id: int | None = None) -> list[Health]:
    """Open and close alerts on the health of monitors, of one subscription or of all.

    Returns the health of each. An alert's `value` is how many runs failed or measured nothing, or
    for how many days a stale monitor has been silent. The alerts stay as they are for somebody who
    may only read, and while they are locked.
    """
    found = states.read(database, subscription_id)
    with suppress(DataMartError):
        database.run(lambda cursor: _settle(cursor, found), once=True)
    return found


def _settle(cursor: Cursor, found: Sequence[Health]) -> None:
    cursor.execute(
        "SELECT subscription_id, monitor, slice, alert_id,"
        " last_seen_at < now() - interval '10 minutes' AS is_old"
        " FROM alert WHERE state <> 'closed' AND metric = %s",
        [METRIC],
    )
    opened = {tuple(row[:3]): row[3:] for row in cursor.fetchall()}
    found = _current(cursor, found, opened)
    for one in found:
        known = opened.get((one.subscription_id, one.monitor, one.silent))
        if one.silent and not known:
            _open(cursor, one)
        elif known and known[1]:
            statement = "UPDATE alert SET value = %s, last_seen_at = now() WHERE alert_id = %s"
            cursor.execute(statement, [one.size, known[0]])
    by_monitor = {(one.subscription_id, one.monitor): one for one in found}
    for (identifier, monitor, state), (alert_id, _) in opened.items():
        one = by_monitor.get((identifier, monitor))
        if one and one.silent != state:
            _close(cursor, alert_id, one)


def _current(cursor: Cursor, found: Sequence[Health], opened: Collection[tuple]) -> list[Health]:
    """Leave out what is no longer so: a run that began since it was read has settled it already."""
    alerts: dict[tuple[int, str], set] = {}
    for identifier, monitor, state in opened:
        alerts.setdefault((identifier, monitor), set()).add(state)
    changes = {}
    for one in found:
        identity = (one.subscription_id, one.monitor)
        if alerts.get(identity, set()) != ({one.silent} if one.silent else set()):
            changes[identity] = one.last_run_uid
    newest = history.newest(cursor, list(changes)) if changes else {}
    outdated = {identity for identity in changes if newest[identity] != changes[identity]}
    return [one for one in found if (one.subscription_id, one.monitor) not in outdated]


def _open(cursor: Cursor, one: Health) -> None:
    cursor.execute(
        "INSERT INTO alert (subscription_id, monitor, metric, slice, state, value, opened_at,"
        " opened_by_run, last_seen_at, opened_because)"
        " VALUES (%s, %s, %s, %s, 'open', %s, now(), %s, now(), %s)"
        " ON CONFLICT (subscription_id, monitor, metric, slice) WHERE state <> 'closed' DO NOTHING",
        [
            one.subscription_id,
            one.monitor,
            METRIC,
            one.silent,
            one.size,
            one.last_run_uid,
            one.because,
        ],
    )


def _close(cursor: Cursor, alert_id: int, one: Health) -> None:
    run = None if one.state == "off" else one.last_run_uid
    cursor.execute(
        "UPDATE alert SET state = 'closed', closed_at = now(), closed_by_run = %s,"
        " closed_because = %s WHERE alert_id = %s AND state <> 'closed'",
        [run, sentences.recovered(one.state, one.silent), alert_id],
    )
