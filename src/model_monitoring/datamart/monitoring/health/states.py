"""One state for each monitor, since when, and what to do."""

from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import pandas as pd

from model_monitoring.datamart.monitoring.health import history, judging, sentences
from model_monitoring.datamart.postgres.database import Cursor, Database

SILENT = ("failing", "blind", "stale")  # nobody watches; each opens an alert
UNHEALTHY = ("outside", *SILENT)  # a person must look
SHOWN = ["subscription", "monitor", "state", "since", "last_run", "alerts", "to_do"]


class Health(NamedTuple):
    """The state of one monitor.

    `state` is the first that applies of: off; outside (a metric's alert is unresolved); failing
    (the last run failed); blind (it runs, but measures nothing that counts); stale (it hasn't run,
    or what it measures hasn't come, for longer than usual); waiting (it is new and has measured
    nothing yet); fresh. `silent` is failing, blind, stale or None, also of a monitor that is
    outside.

    `since` is when that began: the alert, the first failed or blind run, the last run of a stale
    monitor or the newest that it measured, the last measurement of a fresh one. `size` counts
    failed or blind runs, or the days that a stale monitor is silent. `alerts` counts unresolved
    alerts on its metrics. `because` is the part of `to_do` that quotes nothing from a run.
    """

    subscription_id: int
    uid: str
    subscription: str
    monitor: str
    state: str
    since: datetime | None = None
    last_run: datetime | None = None
    last_run_uid: str | None = None
    alerts: int = 0
    to_do: str = ""
    silent: str | None = None
    size: float = 0.0
    because: str = ""


def read(database: Database, subscription_id: int | None = None) -> list[Health]:
    """Return the health of every monitor that was ever enabled, of one subscription or of all."""

    def work(cursor: Cursor) -> list[Health]:
        rows = history.read(cursor, subscription_id)
        past = history.earlier(cursor, [row for row in rows if judging.is_suspicious(row)])
        keys = [(row["subscription_id"], row["monitor"]) for row in rows]
        return [_health(cursor, row, past.get(key)) for key, row in zip(keys, rows, strict=True)]

    return database.run(work)


def _health(cursor: Cursor, row: dict, past: dict | None) -> Health:
    about = (row["subscription_id"], row["uid"], row["subscription"], row["monitor"])
    last = _time(row["starts"][0]) if row["starts"] else None
    if not row["enabled"]:
        ran = (None, last, row["last_run"])
        return Health(*about, "off", *ran, row["alerts"], "It is switched off.")
    further = (partial(ask, cursor, row) for ask in (history.streak, history.arrivals))
    found = judging.judge(row, past, *further)
    silent = found.state if found.state in SILENT else None
    state, since, to_do = found.state, _time(found.since), " ".join(found.said).strip()
    if row["alerts"]:
        state, since = "outside", row["opened_at"]
        to_do = " ".join([sentences.outside(row["alerts"]), *([to_do] if silent else [])])
    ran = (since, last, row["last_run"])
    return Health(*about, state, *ran, row["alerts"], to_do, silent, found.size, found.said[0])


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def frame(database: Database, subscription_id: int | None = None) -> pd.DataFrame:
    """Return the health of every monitor as a frame, of one subscription or of all."""
    return pd.DataFrame(read(database, subscription_id), columns=Health._fields)[SHOWN]
