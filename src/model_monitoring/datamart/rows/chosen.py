"""Whole rows with all that is known about them: the newest, those labelled last, a single one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.postgres.columns import TEXT
from model_monitoring.datamart.postgres.copying import copy_out
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.texts import fault
from model_monitoring.datamart.postgres.values import row_key
from model_monitoring.datamart.rows.framing import PLACE, frames
from model_monitoring.datamart.watched import WatchedModel

ABOUT = PLACE | {"scoring_id": TEXT}
ALL = sql.SQL("true")


@dataclass(frozen=True)
class ScoredRows:
    """n scored rows, newest first.

    `features` has a column per feature, `answers` one per output (the companion's among them).
    `labels` (n,) are None or NaN if unknown. `about` has the columns of ABOUT; its scoring_id is
    the row's, `<scoring id>-<row number>`.
    """

    features: pd.DataFrame
    answers: pd.DataFrame
    labels: np.ndarray
    about: pd.DataFrame

    def __len__(self) -> int:
        return len(self.about)

    @property
    def window(self) -> tuple:
        """The times of the first and the last row."""
        return tuple(self.about["scored_at"].agg(["min", "max"])) if len(self) else (None, None)


def newest(subscription: WatchedModel, limit: int, condition: sql.Composable = ALL) -> ScoredRows:
    """Read the newest rows, except those that are known to be of another model version.

    `condition` is an SQL condition on the payload, `p`.

    Raises:
        ValueError: there is no payload yet.
    """
    keys = sql.SQL(
        "SELECT record_id FROM scoring_key JOIN deployment d USING (deployment_key)"
        " WHERE scoring_key.subscription_id = {}"
        " AND ({revision} = '' OR asset_revision IN ({revision}, ''))"
        " AND deleted < row_count ORDER BY record_id DESC LIMIT {}"
    ).format(
        sql.Literal(subscription.subscription_id),
        sql.Literal(limit),
        revision=sql.Literal(subscription.asset_revision()),
    )
    return _chosen(subscription, keys, condition, limit)


def labelled(subscription: WatchedModel, limit: int) -> ScoredRows:
    """Read the rows that were labelled last; raise ValueError before the first payload."""
    keys = sql.SQL(
        "SELECT DISTINCT record_id FROM (SELECT record_id FROM {} WHERE record_id IS NOT NULL"
        " ORDER BY record_timestamp DESC, record_id DESC LIMIT {}) f"
    )
    keys = keys.format(sql.Identifier(subscription.table().feedback), sql.Literal(limit))
    return _chosen(subscription, keys, sql.SQL("f.record_timestamp IS NOT NULL"), limit)


def single(subscription: WatchedModel, scoring_id: str) -> ScoredRows:
    """Read one row by its id; for a request of one row, the request's id is enough.

    Raises:
        ValueError: there is no such row, or the request has several.
    """
    key, number = row_key(scoring_id)
    sought = "" if fault(scoring_id) else scoring_id  # no row has such an id
    keys = sql.SQL(
        "SELECT record_id FROM scoring_key WHERE subscription_id = {} AND scoring_id IN ({}, {})"
    ).format(
        sql.Literal(subscription.subscription_id), sql.Literal(key.decode()), sql.Literal(sought)
    )
    condition = sql.SQL("(k.scoring_id = {} OR p.row_number = {})").format(
        sql.Literal(sought), sql.Literal(number)
    )
    found = _chosen(subscription, keys, condition, 2)
    if len(found) == 1:
        return found
    if len(found):
        raise ValueError(
            f"Request {scoring_id!r} has several rows: add a hyphen and the row's number, from 1."
        )
    raise ValueError(
        f"No scored row of {subscription.name!r} has scoring id {scoring_id!r:.200}. A row's id is"
        " the request's scoring id, a hyphen and the row's number, from 1:"
        " payload_logging.show_table() lists them."
    )


def _chosen(
    subscription: WatchedModel, keys: sql.Composable, condition: sql.Composable, limit: int
) -> ScoredRows:
    """Read whole rows of the requests that `keys` selects."""
    table = subscription.table()
    label = table.of("label")[0]
    columns = {("about", name): (sql.Identifier(name), kind) for name, kind in ABOUT.items()}
    for part, roles in (("features", ["feature"]), ("answers", ["output", "debiased"])):
        columns |= {
            (part, column.name): (sql.Identifier(column.column_name), column.type)
            for column in table.of(*roles)
        }
    columns["labels", label.name] = (sql.Identifier(label.column_name), label.type)
    # The rows are chosen once, because strings are read in a second query. With statistics of the
    # keys, PostgreSQL doesn't look for each key separately; with their range, it can use the
    # payload's BRIN index.
    chosen = sql.SQL(
        "CREATE TEMPORARY TABLE chosen_key ON COMMIT DROP AS {keys}; ANALYZE chosen_key;"
        " CREATE TEMPORARY TABLE chosen_row ON COMMIT DROP AS"
        " SELECT p.*, k.scoring_id || '-' || p.row_number AS scoring_id, f.{label}"
        " FROM {payload} p JOIN chosen_key USING (record_id) JOIN scoring_key k USING (record_id)"
        " LEFT JOIN {feedback} f USING (record_id, row_number) WHERE p.record_id BETWEEN"
        " (SELECT min(record_id) FROM chosen_key) AND (SELECT max(record_id) FROM chosen_key)"
        " AND {condition} ORDER BY p.record_id DESC, p.row_number LIMIT {limit}"
    ).format(
        keys=keys,
        label=sql.Identifier(label.column_name),
        payload=sql.Identifier(table.payload),
        feedback=sql.Identifier(table.feedback),
        condition=condition,
        limit=sql.Literal(limit),
    )

    def work(cursor: Cursor) -> dict:
        cursor.execute(chosen)
        return copy_out(cursor, sql.SQL("chosen_row"), columns)

    arrays = subscription.database.run(work)
    features, answers, about = frames(arrays, "features", "answers", "about")
    about["scored_at"] = about["scored_at"].dt.tz_localize("UTC")
    labels = arrays["labels", label.name]
    if isinstance(labels, pd.arrays.IntegerArray):
        labels = labels.to_numpy(float, na_value=np.nan)
    return ScoredRows(features, answers, labels, about)
