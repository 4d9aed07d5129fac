"""Payload logging: what a model was asked and what it answered, each request stored once however often it is sent."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from psycopg2 import sql

from helpers.datamart import partitions, tables
from helpers.datamart.batches import Batch, batch_of, checked, record_digests, some
from helpers.datamart.columns import INTEGER, TEXT, Values, type_of
from helpers.datamart.copying import SHORT_INTEGER, TIMESTAMP, copy_in
from helpers.datamart.database import ConflictError, Cursor
from helpers.datamart.entities import PayloadRecord, ProblemType, StoreReport

if TYPE_CHECKING:
    from helpers.datamart.subscriptions import Subscription


class PayloadLogging(tables.TableVerbs):
    """The payload of one subscription."""

    def __init__(self, subscription: "Subscription"):
        self._subscription = subscription
        self._database = subscription.database

    def enable(self) -> None:
        """Accept payloads (so it is from the start)."""
        self._subscription.update_row(payload_logging=True)

    def disable(self) -> None:
        """Refuse payloads until enabled again."""
        self._subscription.update_row(payload_logging=False)

    def get_details(self) -> dict:
        """Return whether payloads are accepted, how many rows there are, and the table's name."""
        details = self._subscription.get_details()
        table = f"payload_{details['subscription_id']}"
        return {"enabled": details["payload_logging"], "table_name": table, "records": self.get_records_count()}

    def store(self, records: Iterable[PayloadRecord]) -> StoreReport:
        """Store scoring requests with their answers, all or none of them.

        A scoring id is stored once: the same id with the same content again is skipped, from whichever process. A
        record without an id gets a fresh one. The first payload fixes the types of the columns.

        Raises:
            ValueError: a field is missing, unknown or holds a value that doesn't fit; the message has field and row.
            ConflictError: a scoring id is stored already, or comes twice here, with other content.
        """
        records = [records] if isinstance(records, PayloadRecord) else list(records)
        if not records:
            return StoreReport(0, 0, 0)
        return self._store(batch_of(records, self._subscription.asset))

    def _store(self, batch: Batch) -> StoreReport:
        revision = self._subscription.asset_revision()
        if not self._subscription.get_details()["payload_logging"]:
            raise ValueError(f"Payload logging of {self._subscription.name!r} is off: call payload_logging.enable().")
        return self._database.run(lambda cursor: self.write(cursor, batch, revision))

    def write(self, cursor: Cursor, batch: Batch, revision: str) -> StoreReport:
        """Store a batch as part of a transaction; see `store`."""
        table = tables.read(cursor, self._subscription.subscription_id) or self._create_table(cursor, batch)
        values = checked(table, batch, self._subscription.asset["prediction_column"])
        digests = record_digests(table, values, batch)
        deployment = self._subscription.deployment_key(cursor, revision)
        record_ids = self._next_record_ids(cursor, len(batch.scoring_ids))
        new = self._claim(cursor, batch, record_ids, digests, deployment)
        rows = np.flatnonzero(new[batch.record_of_row])
        if len(rows):
            owners = batch.record_of_row[rows]
            partitions.prepare(cursor, table.payload, batch.scored_at[new])
            columns = {
                "record_id": (INTEGER, Values(record_ids[owners])),
                "row_number": (SHORT_INTEGER, Values(batch.row_numbers[rows])),
                "scored_at": (TIMESTAMP, Values(batch.scored_at[owners])),
                "deployment_key": (SHORT_INTEGER, Values(np.full(len(rows), deployment))),
            }
            for name, column in values.items():
                columns[table.named(name).column_name] = (table.named(name).type, column.take(rows))
            copy_in(cursor, table.payload, columns)
        return StoreReport(int(new.sum()), int((~new).sum()), len(rows))

    def _create_table(self, cursor: Cursor, batch: Batch) -> tables.Table:
        """Make the tables from the first payload; whoever else stores a first payload now waits here."""
        identifier = self._subscription.subscription_id
        cursor.execute("SELECT name FROM subscription WHERE subscription_id = %s FOR UPDATE", [identifier])
        name = cursor.fetchone()[0]
        if table := tables.read(cursor, identifier):
            return table
        asset = self._subscription.asset
        whole = set(asset["categorical_columns"])
        if asset["problem_type"] != ProblemType.REGRESSION:
            whole.add(asset["prediction_column"])
        columns = []
        for field, column in batch.fields.items():
            role = "feature" if field in asset["feature_columns"] else "output"
            columns.append((field, role, type_of(field, column, keep_integers=field in whole)))
        predicted = next(kind for field, _, kind in columns if field == asset["prediction_column"])
        columns.append((asset["label_column"], "label", predicted))  # labels are compared with predictions
        return tables.create(cursor, identifier, name, columns)

    def _next_record_ids(self, cursor: Cursor, count: int) -> np.ndarray:
        """Take record ids that grow with the order of storing, which is what the table's BRIN index lives on."""
        cursor.execute("SELECT nextval('scoring_batch')")
        return (cursor.fetchone()[0] << 24) + np.arange(count, dtype=np.int64)

    def _claim(
        self, cursor: Cursor, batch: Batch, record_ids: np.ndarray, digests: np.ndarray, deployment: int
    ) -> np.ndarray:
        """Claim the batch's scoring ids; return which of its records are new."""
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS arriving_key"
            " (LIKE scoring_key INCLUDING GENERATED) ON COMMIT DELETE ROWS"
        )
        count = len(batch.scoring_ids)
        missing = np.array([time is None for time in batch.response_times])
        columns = {
            "record_id": (INTEGER, Values(record_ids)),
            "subscription_id": (SHORT_INTEGER, Values(np.full(count, self._subscription.subscription_id))),
            "scoring_id": (TEXT, Values(np.array([i.encode() for i in batch.scoring_ids], dtype=object))),
            "scored_at": (TIMESTAMP, Values(batch.scored_at)),
            "row_count": (SHORT_INTEGER, Values(batch.row_counts)),
            "digest": (INTEGER, Values(digests)),
            "response_time": (SHORT_INTEGER, Values(np.array([t or 0 for t in batch.response_times]), missing)),
            "deployment_key": (SHORT_INTEGER, Values(np.full(count, deployment))),
        }
        copy_in(cursor, "arriving_key", columns)
        # In one order for every writer, so that two writers with the same ids never wait for each other in a circle.
        cursor.execute("INSERT INTO scoring_key SELECT * FROM arriving_key ORDER BY scoring_id ON CONFLICT DO NOTHING")
        new = np.ones(count, dtype=bool)
        if cursor.rowcount < count:
            cursor.execute(
                "SELECT a.record_id, a.scoring_id, a.digest <> k.digest FROM arriving_key a"
                " JOIN scoring_key k USING (subscription_id, scoring_id) WHERE a.record_id <> k.record_id"
            )
            known = cursor.fetchall()
            if other := sorted({scoring_id for _, scoring_id, differs in known if differs}):
                raise ConflictError(
                    f"Scoring id {some(other)}: stored already with other content. A scoring id stands for one"
                    " request; nothing of this call was stored."
                )
            new[np.array([record_id for record_id, _, _ in known]) - record_ids[0]] = False
        return new

    def get_records_count(self) -> int:
        """Return the number of rows stored."""
        identifier = self._subscription.subscription_id
        query = "SELECT coalesce(sum(row_count), 0)::bigint AS rows FROM scoring_key WHERE subscription_id = %s"
        return self._database.rows(query, [identifier])[0]["rows"]

    def _select(self, limit: int | None) -> tables.Selection:
        table = self._subscription.table()
        part = sql.SQL("(SELECT * FROM {} ORDER BY record_id, row_number LIMIT {})").format(
            sql.Identifier(table.payload), sql.Literal(limit)
        )
        query = sql.SQL("{} ORDER BY p.record_id, p.row_number").format(tables.payload_query(table, part))
        return tables.Selection(query, {column.column_name: column.name for column in table.columns})
