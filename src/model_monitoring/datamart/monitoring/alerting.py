"""Alerts from a run's measurements: opened outside the limits, closed within them."""

from collections.abc import Sequence

from model_monitoring.datamart.postgres.database import Cursor


def settle(
    cursor: Cursor,
    identity: tuple[int, str, str, str],
    run_uid: str,
    value: float,
    limit: tuple[float | None, float | None],
    whole: bool = True,
) -> None:
    """Open, update or close an alert, depending on whether a value is outside its limits.

    `limit` is the lower and the upper one. A value that isn't of the `whole` window closes none.

    `identity` is the subscription's id, the monitor, the metric and the slice. Each identity has at
    most one open alert.
    """
    lower, upper = limit
    if (lower is not None and value < lower) or (upper is not None and value > upper):
        cursor.execute(
            "INSERT INTO alert (subscription_id, monitor, metric, slice, state, value, lower_limit,"
            " upper_limit, opened_at, opened_by_run, last_seen_at)"
            " VALUES (%s,%s,%s,%s,'open',%s,%s,%s,now(),%s,now())"
            " ON CONFLICT (subscription_id, monitor, metric, slice) WHERE state <> 'closed'"
            " DO UPDATE SET value = EXCLUDED.value, lower_limit = EXCLUDED.lower_limit,"
            " upper_limit = EXCLUDED.upper_limit, last_seen_at = now()",
            [*identity, value, lower, upper, run_uid],
        )
    elif whole:
        cursor.execute(
            "UPDATE alert SET state = 'closed', closed_at = now(), closed_by_run = %s"
            " WHERE state <> 'closed'"
            " AND (subscription_id, monitor, metric, slice) = (%s, %s, %s, %s)",
            [run_uid, *identity],
        )


def close_unmeasured(
    cursor: Cursor, identity: tuple[int, str], run_uid: str, kept: Sequence[str] = ()
) -> None:
    """Close the alerts on what a run no longer measured, such as a group that was removed.

    No later run would look at them. Alerts on the monitor's health aren't measured. `identity` is the subscription's id and the monitor. Slices
    that begin with one of `kept` stay: the run lacks rows of such a group, and names a range with
    an open end by the rows it has.
    """
    cursor.execute(
        "UPDATE alert SET state = 'closed', closed_at = now(), closed_by_run = %s"
        " WHERE state <> 'closed' AND (subscription_id, monitor) = (%s, %s)"
        " AND metric <> 'health'"
        " AND (metric, slice) NOT IN (SELECT metric, slice FROM measurement WHERE run_uid = %s)"
        " AND NOT EXISTS (SELECT FROM unnest(%s::text[]) k WHERE starts_with(slice, k))",
        [run_uid, *identity, run_uid, list(kept)],
    )
