"""Columns of many rows: of a period, of some records, or of the rows with a label."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ as REPEATABLE_READ

from model_monitoring.datamart.postgres.columns import TEXT
from model_monitoring.datamart.postgres.copying import TIMESTAMP, copy_out
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.values import utc
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.rows.framing import PLACE, frames
from model_monitoring.datamart.tables.tables import Table
from model_monitoring.datamart.watched import WatchedModel

# Columns that `window` also reads if they are named
BESIDE = {
    "scoring_id": (sql.SQL("(k.scoring_id || '-' || p.row_number)"), TEXT),
    "scoring_timestamp": (sql.SQL("p.scored_at"), TIMESTAMP),
    "asset_revision": (sql.SQL("d.asset_revision"), TEXT),
}
WITH_KEYS = (
    "{payload} p JOIN scoring_key k USING (record_id)"
    " JOIN deployment d ON d.deployment_key = p.deployment_key"
)


def _within(start: datetime | None, end: datetime | None) -> str:
    """Return an SQL condition: rows of the payload, `p`, scored from `start` until before `end`."""
    limits = [(">=", start), ("<", end)]
    said = [f"p.scored_at {sign} '{utc(time)}Z'" for sign, time in limits if time is not None]
    return " AND ".join(said) or "true"


def _places(table: Table, names: Iterable[str]) -> dict:
    """Return what `copy_out` reads for some columns: the rows' places, and the columns."""
    columns = {("about", name): (sql.Identifier(name), kind) for name, kind in PLACE.items()}
    for column in map(table.named, names):
        columns["values", column.name] = (sql.Identifier(column.column_name), column.type)
    return columns


def window(
    subscription: WatchedModel,
    start: datetime | None,
    end: datetime | None,
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read columns of the rows scored in a period, in no particular order.

    `names` are features, outputs and those of BESIDE; by default, all features and outputs.

    Raises:
        ValueError: there is no such column, or no payload yet.
    """
    table = subscription.table()
    there = table.of("feature", "output", "debiased")
    known = BESIDE | {c.name: (sql.Identifier("p", c.column_name), c.type) for c in there}
    names = list(names or (column.name for column in there))
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"Subscription {subscription.name!r} has no column {some(unknown)}.")
    source = WITH_KEYS if set(names) & {"scoring_id", "asset_revision"} else "{payload} p"
    query = sql.SQL(f"{source} WHERE {_within(start, end)}").format(
        payload=sql.Identifier(table.payload)
    )
    wanted = {("values", name): known[name] for name in names}
    arrays = subscription.database.run(
        lambda cursor: copy_out(cursor, query, wanted), REPEATABLE_READ
    )
    return frames(arrays, "values")[0]


def identified(
    subscription: WatchedModel,
    names: Iterable[str],
    start: datetime | None,
    end: datetime | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the rows scored in a period: their places with scoring ids, and the named columns.

    Raises:
        ValueError: there is no payload yet.
    """
    table = subscription.table()
    columns = _places(table, names)
    source = sql.SQL(f"{{}} p WHERE {_within(start, end)}").format(sql.Identifier(table.payload))

    def work(cursor: Cursor) -> tuple[pd.DataFrame, pd.DataFrame]:
        about, values = frames(copy_out(cursor, source, columns), "about", "values")
        return about.assign(scoring_id=row_ids(cursor, subscription, about)), values

    return subscription.database.run(work, REPEATABLE_READ)


def row_ids(cursor: Cursor, subscription: WatchedModel, places: pd.DataFrame) -> pd.Series:
    """Read the ids of rows, given with record_id and row_number.

    They are read separately from the rows: a join took minutes before PostgreSQL had statistics of
    new tables.
    """
    records = places["record_id"]
    ends = (int(records.min()), int(records.max())) if len(records) else (0, 0)
    cursor.execute(
        "SELECT record_id, scoring_id FROM scoring_key"
        " WHERE subscription_id = %s AND record_id BETWEEN %s AND %s",
        [subscription.subscription_id, *ends],
    )
    known = dict(cursor.fetchall())
    pairs = zip(records.tolist(), places["row_number"].tolist(), strict=True)
    return pd.Series([f"{known[r]}-{n}" for r, n in pairs], places.index, dtype=object)


def between(subscription: WatchedModel, first: int, last: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the rows of records `first` to `last`: their places, and features with outputs.

    Raises:
        ValueError: there is no payload yet.
    """
    table = subscription.table()
    columns = _places(table, [column.name for column in table.of("feature", "output")])
    source = sql.SQL(
        "(SELECT * FROM {} WHERE record_id BETWEEN {} AND {} ORDER BY record_id, row_number) p"
    ).format(sql.Identifier(table.payload), sql.Literal(first), sql.Literal(last))
    arrays = subscription.database.run(
        lambda cursor: copy_out(cursor, source, columns), REPEATABLE_READ
    )
    about, values = frames(arrays, "about", "values")
    return about.assign(scored_at=about["scored_at"].dt.tz_localize("UTC")), values


def judged(
    subscription: WatchedModel, asset: Mapping, limit: int | None
) -> tuple[dict[str, np.ndarray], tuple, datetime | None]:
    """Read label, prediction and probability of the newest labelled rows.

    Returns them with the times at which the first and the last row were scored, and the last label
    came.
    """
    table = subscription.table()
    times = (("p", "scored_at"), ("f", "record_timestamp"))
    columns = {name: (sql.Identifier(where, name), TIMESTAMP) for where, name in times}
    for what, where in (("label", "f"), ("prediction", "p"), ("probability", "p")):
        if name := asset[f"{what}_column"]:
            column = table.named(name)
            columns[what] = (sql.Identifier(where, column.column_name), column.type)
    newest = "ORDER BY record_timestamp DESC, record_id, row_number LIMIT {limit}" if limit else ""
    source = sql.SQL(
        "(SELECT record_id, row_number, record_timestamp, {label} FROM {feedback}"
        " WHERE record_id IS NOT NULL"
        f" {newest}) f JOIN {{payload}} p USING (record_id, row_number)"
    ).format(
        label=sql.Identifier(table.of("label")[0].column_name),
        feedback=sql.Identifier(table.feedback),
        payload=sql.Identifier(table.payload),
        limit=sql.Literal(limit),
    )
    rows = subscription.database.run(
        lambda cursor: copy_out(cursor, source, columns), REPEATABLE_READ
    )
    scored, labelled = (rows.pop(name) for _, name in times)
    if not len(scored):
        return rows, (None, None), None
    return rows, (scored.min().item(), scored.max().item()), labelled.max().item()
