"""Feedback logging: true labels, joined to the scored rows by scoring id."""

import time
import uuid
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.engines import sagemaker
from model_monitoring.datamart.entities import PayloadRecord, StoreReport
from model_monitoring.datamart.postgres.columns import TEXT, Values, check
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, TIMESTAMP, copy_in
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.errors import ConflictError
from model_monitoring.datamart.postgres.values import row_id, row_key
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.records import labelling, writing
from model_monitoring.datamart.records.batches import batch_of
from model_monitoring.datamart.records.feedback_formats import columns_of
from model_monitoring.datamart.showing import Selection, TableVerbs
from model_monitoring.datamart.tables import changing, tables
from model_monitoring.datamart.watched import WatchedModel

ROWS_PER_REQUEST = 500  # sent to an endpoint at once


class FeedbackLogging(TableVerbs):
    """The feedback of one subscription."""

    def __init__(self, subscription: WatchedModel):
        self._subscription = subscription
        self._database = subscription.database

    def store(
        self,
        feedback_data: Sequence | str | pd.DataFrame,
        fields: Sequence[str] | None = None,
        data_header: bool = False,
        data_delimiter: str = ",",
        score: bool = False,
    ) -> StoreReport:
        """Store labels, all or none of them.

        `feedback_data` is a data frame, a list of dicts, a list of lists with `fields`, or a CSV
        string with a header (`data_header`) or `fields`. Without `fields`, lists and CSV must hold
        the features and the label in the subscription's order.

        It holds either `scoring_id` and the label, or all features and the label. A scoring id
        (`<scoring_id>-<row number>`) joins the label to the row that was scored under it. Without
        one there is no prediction to compare the label with, unless `score` is set: the endpoint
        then scores the features first, and the payload is logged too.

        A label that is sent twice for a scoring id is stored once.

        Raises:
            ValueError: fields, labels or scoring ids aren't known, values don't fit, or the
                endpoint can't score them.
            ConflictError: a row already has another label.
        """
        table, details = self._subscription.table(), self._subscription.get_details()
        asset = details["asset"]
        label_column = asset["label_column"]
        columns = columns_of(
            feedback_data,
            fields or [*asset["feature_columns"], label_column],
            data_header,
            data_delimiter,
        )
        if not columns or not len(next(iter(columns.values()))):
            return StoreReport(0, 0, 0)
        joins = set(columns) == {"scoring_id", label_column}
        expected = [*asset["feature_columns"], label_column]
        if not joins and set(columns) != set(expected):
            lacking, extra = (
                [n for n in expected if n not in columns],
                [n for n in columns if n not in expected],
            )
            raise ValueError(
                f"Feedback lacks {some(lacking) or 'no field'}; unknown fields:"
                f" {some(extra) or 'none'}. Send scoring_id and {label_column}, or all features"
                f" and {label_column}. Nothing was stored."
            )
        labels = labelling.checked(table, asset, columns.pop(label_column))
        if joins:
            return self._database.run(
                lambda cursor: self._join(cursor, table, columns["scoring_id"], labels)
            )
        if score:
            return self._score_and_join(table, details, columns, labels)

        def work(cursor: Cursor) -> StoreReport:
            return _keep(cursor, table, columns, labels)

        # Such labels have no id: if this were tried again, they would be stored twice
        return self._database.run(work, once=True)

    def _join(
        self, cursor: Cursor, table: tables.Table, scoring_ids: Sequence[str], labels: Values
    ) -> StoreReport:
        """Join labels to the scored rows."""
        # So that nothing is erased meanwhile
        cursor.execute(changing.locking(exclusive=False), {"id": table.subscription_id})
        label = table.of("label")[0]
        keys, numbers = zip(*map(row_key, scoring_ids), strict=True)
        columns = {
            "scoring_id": (TEXT, Values(np.array(keys, dtype=object))),
            "row_number": (SHORT_INTEGER, Values(np.array(numbers))),
            "label": (label.type, labels),
        }
        definition = """CREATE TEMPORARY TABLE arriving_label
            (scoring_id text COLLATE "C", row_number integer, label {}) ON COMMIT DROP"""
        cursor.execute(sql.SQL(definition).format(sql.SQL(label.type)))
        copy_in(cursor, "arriving_label", columns)
        cursor.execute(
            "ANALYZE arriving_label; CREATE TEMPORARY TABLE joined_label ON COMMIT DROP AS"
            " SELECT a.*, k.record_id FROM arriving_label a"
            " LEFT JOIN scoring_key k ON k.subscription_id = %s AND k.scoring_id = a.scoring_id"
            " AND a.row_number BETWEEN 1 AND k.row_count AND k.deleted < k.row_count",
            [self._subscription.subscription_id],
        )
        cursor.execute(
            "SELECT scoring_id, row_number FROM joined_label WHERE record_id IS NULL LIMIT 6"
        )
        if unknown := [row_id(*row) for row in cursor.fetchall()]:
            raise ValueError(
                f"No scored row has scoring id {some(unknown)}. A row's id is the request's"
                " scoring id, a hyphen and the row's number, from 1. Nothing was stored."
            )
        arriving = sql.SQL("joined_label AS arriving")
        stored = labelling.keep(cursor, table, arriving)
        other = []
        if stored < len(keys):
            other = [row_id(*names) for names in labelling.conflicts(cursor, table, arriving, 6)]
        if other:
            raise ConflictError(
                f"Scoring id {some(other)} has another label already. Nothing was stored.",
                other,
            )
        return StoreReport(stored, len(keys) - stored, stored)

    def _score_and_join(
        self, table: tables.Table, details: dict, columns: Mapping[str, Sequence], labels: Values
    ) -> StoreReport:
        """Score rows through the endpoint, then log their payload and labels together."""
        subscription, asset = self._subscription, details["asset"]
        features = asset["feature_columns"]
        rows = list(zip(*(columns[name] for name in features), strict=True))
        outputs = [column.name for column in table.of("output")]
        records = []
        for begin in range(0, len(rows), ROWS_PER_REQUEST):
            part, scoring_id, began = (
                rows[begin : begin + ROWS_PER_REQUEST],
                str(uuid.uuid4()),
                time.monotonic(),
            )
            answers = subscription.score(part, scoring_id, features)
            took = round(1000 * (time.monotonic() - began))
            answered = [sagemaker.outputs_of(answer, outputs, asset) for answer in answers]
            request, response = (
                {"fields": features, "values": part},
                {"fields": outputs, "values": answered},
            )
            # A custom engine may return its model's version, as one more field of its response
            version = None if "asset_revision" in outputs else answers[0].get("asset_revision")
            records.append(
                PayloadRecord(
                    request, response, scoring_id, response_time=took, asset_revision=version
                )
            )
        batch = batch_of(records, asset)
        ids = [
            row_id(r.scoring_id, n) for r in records for n in range(1, len(r.request["values"]) + 1)
        ]
        revision = subscription.deployed_revision()

        def work(cursor: Cursor) -> StoreReport:
            state = writing.begin(cursor, subscription, revision, may_change=True)
            writing.write(cursor, subscription, state, batch, revision, may_change=True)
            return self._join(cursor, table, ids, labels)

        return self._database.run(work)

    def get_records_count(self) -> int:
        """Return the number of labelled rows stored."""
        query = sql.SQL("SELECT count(*) AS rows FROM {}").format(
            sql.Identifier(self._subscription.table().feedback)
        )
        return self._database.rows(query)[0]["rows"]

    def _select(self, limit: int | None) -> Selection:
        table = self._subscription.table()
        part = sql.SQL(
            "(SELECT * FROM {} ORDER BY record_timestamp, record_id, row_number LIMIT {})"
        )
        query = tables.feedback_query(
            table, part.format(sql.Identifier(table.feedback), sql.Literal(limit))
        )
        query = sql.SQL("{} ORDER BY f.record_timestamp, f.record_id, f.row_number").format(query)
        return Selection(query, {column.column_name: column.name for column in table.columns})


def _keep(
    cursor: Cursor, table: tables.Table, columns: Mapping[str, Sequence], labels: Values
) -> StoreReport:
    """Store labels with features of their own."""
    count = len(labels.data)
    cursor.execute(
        f"{changing.locking(exclusive=False)}; SELECT now() AT TIME ZONE 'UTC', never_store"
        " FROM subscription WHERE subscription_id = %(id)s",
        {"id": table.subscription_id},
    )
    now, never_store = cursor.fetchone()
    stored = {"record_timestamp": (TIMESTAMP, Values(np.full(count, np.datetime64(now, "us"))))}
    for column in table.of("feature"):
        if column.name in columns:
            values = check(column, columns[column.name], lambda row: f"row {row + 1}")
            if column.name not in never_store:
                stored[column.column_name] = (column.type, values)
    label = table.of("label")[0]
    copy_in(cursor, table.feedback, stored | {label.column_name: (label.type, labels)})
    return StoreReport(count, 0, count)
