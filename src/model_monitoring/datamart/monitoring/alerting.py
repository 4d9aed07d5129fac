"""Alerts from a run's measurements: opened, kept and closed as `decisions` says."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from model_monitoring.datamart.monitoring import decisions
from model_monitoring.datamart.monitoring.decisions import Decision, Look
from model_monitoring.datamart.monitoring.health.history import METRIC
from model_monitoring.datamart.monitoring.outcomes import Measurement
from model_monitoring.datamart.postgres.database import Cursor

USUAL_RUNS = 30  # a month: as many as a monitor is taken to have that has run less often


def looks(found: Sequence[Measurement], window: tuple) -> dict[tuple[str, str], Look]:
    """Return a look at each value that has a limit of its own, by metric and slice.

    The slices of one metric are corrected for their number, unless their monitor has done so.
    """
    held: defaultdict[str, list[Measurement]] = defaultdict(list)
    for one in found:
        if one.value is not None and one.limits not in (None, (None, None)):
            held[one.metric].append(one)
    seen = {}
    for metric, parts in held.items():
        derived = decisions.corrected(
            [decisions.chance(p.value, (p.ci_low, p.ci_high), *p.limits) for p in parts]
        )
        for part, chance in zip(parts, derived, strict=True):
            chance = chance if part.chance is None else part.chance
            seen[metric, part.slice] = Look(
                part.value, part.ci_low, part.ci_high, *part.limits, chance, window
            )
    return seen


def rule(cursor: Cursor, identity: tuple[int, str], metrics: int) -> decisions.Rule:
    """Return the rule for a monitor's metrics; `identity` is the subscription's id and the monitor.

    How many runs a month has is what the last 30 days show, and at least one a day. The runs of the
    first day are taken to be those of a whole day: of k of them the last has a k-th of a daily
    run's false alerts, and all of them together about 1 + ln k of it, whatever the schedule.
    """
    cursor.execute(
        "SELECT s.alerting, (SELECT count(*) FROM monitor m"
        " WHERE m.subscription_id = s.subscription_id AND m.enabled),"
        " count(r.run_uid)::float8, (extract(epoch FROM now() - min(r.started)) / 86400)::float8"
        " FROM subscription s LEFT JOIN run r ON r.subscription_id = s.subscription_id"
        " AND r.monitor = %s AND r.state = 'finished' AND r.started > now() - interval '30 days'"
        " WHERE s.subscription_id = %s GROUP BY s.subscription_id",
        [identity[1], identity[0]],
    )
    settings, monitors, runs, days = cursor.fetchone()
    expected = runs * 30 / max(1.0, days or 0.0)
    return decisions.rule(settings, monitors, metrics, max(USUAL_RUNS, expected))


def settle(
    cursor: Cursor,
    identity: tuple[int, str],
    run_uid: str,
    seen: Mapping[tuple[str, str], Look],
    partial: Collection[tuple[str, str]],
) -> None:
    """Open, update and close the alerts on what a run has seen.

    `identity` is the subscription's id and the monitor; `seen` are looks by metric and slice. Those
    in `partial` aren't of the whole window, so they close no alert. Each metric and slice has at
    most one open alert.
    """
    if not seen:
        return
    by = rule(cursor, identity, len({metric for metric, _ in seen}))
    earlier = _earlier(cursor, identity, run_uid)
    for part, look in seen.items():
        decision = decisions.decide(look, earlier.get(part, []), by)
        if decision.opens:
            _open(cursor, (*identity, *part), run_uid, look, decision)
        elif decision.closes and part not in partial:
            _close(cursor, (*identity, *part), run_uid, decision)
        elif look.outside:
            _update(cursor, (*identity, *part), look)


def _earlier(cursor: Cursor, identity: tuple[int, str], run_uid: str) -> dict:
    """Return the last looks before a run, the newest first, by metric and slice."""
    cursor.execute(
        "SELECT m.metric, m.slice, m.value, m.ci_low, m.ci_high, m.lower_limit, m.upper_limit,"
        " coalesce(m.chance, 1), r.window_start, r.window_end"
        " FROM (SELECT * FROM run WHERE (subscription_id, monitor) = (%s, %s)"
        " AND state = 'finished' AND run_uid <> %s ORDER BY started DESC LIMIT %s) r"
        " JOIN measurement m USING (run_uid) WHERE m.value IS NOT NULL ORDER BY r.started DESC",
        [*identity, run_uid, decisions.SPAN - 1],
    )
    found: defaultdict[tuple[str, str], list[Look]] = defaultdict(list)
    for metric, slice_, *about, start, end in cursor.fetchall():
        found[metric, slice_].append(Look(*about, (start, end)))
    return found


def _open(cursor: Cursor, identity: tuple, run_uid: str, look: Look, decision: Decision) -> None:
    cursor.execute(
        "INSERT INTO alert (subscription_id, monitor, metric, slice, state, value, lower_limit,"
        " upper_limit, opened_at, opened_by_run, last_seen_at, opened_because)"
        " VALUES (%s,%s,%s,%s,'open',%s,%s,%s,now(),%s,now(),%s)"
        " ON CONFLICT (subscription_id, monitor, metric, slice) WHERE state <> 'closed'"
        " DO UPDATE SET value = EXCLUDED.value, lower_limit = EXCLUDED.lower_limit,"
        " upper_limit = EXCLUDED.upper_limit, last_seen_at = now()",
        [*identity, look.value, look.lower, look.upper, run_uid, decision.because],
    )


def _update(cursor: Cursor, identity: tuple, look: Look) -> None:
    """Note the value of an open alert that is too close to its limit to open or close one."""
    cursor.execute(
        "UPDATE alert SET value = %s, last_seen_at = now() WHERE state <> 'closed'"
        " AND (subscription_id, monitor, metric, slice) = (%s, %s, %s, %s)",
        [look.value, *identity],
    )


def _close(cursor: Cursor, identity: tuple, run_uid: str, decision: Decision) -> None:
    cursor.execute(
        "UPDATE alert SET state = 'closed', closed_at = now(), closed_by_run = %s,"
        " closed_because = %s WHERE state <> 'closed'"
        " AND (subscription_id, monitor, metric, slice) = (%s, %s, %s, %s)",
        [run_uid, decision.because, *identity],
    )


def close_unmeasured(
    cursor: Cursor, identity: tuple[int, str], run_uid: str, kept: Sequence[str] = ()
) -> None:
    """Close the alerts on what a run no longer measured, such as a group that was removed.

    No later run would look at them. Alerts on the monitor's health aren't measured. `identity` is
    the subscription's id and the monitor. Slices that begin with one of `kept` stay: the run lacks
    rows of such a group, and names a range with an open end by the rows it has.
    """
    cursor.execute(
        "UPDATE alert SET state = 'closed', closed_at = now(), closed_by_run = %s,"
        " closed_because = 'The monitor no longer measures it.'"
        " WHERE state <> 'closed' AND (subscription_id, monitor) = (%s, %s)"
        " AND metric <> %s"
        " AND (metric, slice) NOT IN (SELECT metric, slice FROM measurement WHERE run_uid = %s)"
        " AND NOT EXISTS (SELECT FROM unnest(%s::text[]) k WHERE starts_with(slice, k))",
        [run_uid, *identity, METRIC, run_uid, list(kept)],
    )
