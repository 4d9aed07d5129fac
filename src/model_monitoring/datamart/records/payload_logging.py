"""Payload logging: requests to a model with its responses.

Each request is stored once, however often it is sent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from numbers import Integral

import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.contract import never_stored
from model_monitoring.datamart.entities import PayloadRecord, StoreReport
from model_monitoring.datamart.postgres.values import LONGEST_ID, is_short_text
from model_monitoring.datamart.postgres.wording import shown, some
from model_monitoring.datamart.records import ingestion, writing
from model_monitoring.datamart.records.batches import Batch, batch_of
from model_monitoring.datamart.records.frames import batch_of_frame
from model_monitoring.datamart.records.ingestion import IngestReport
from model_monitoring.datamart.rows import windows
from model_monitoring.datamart.showing import Selection, TableVerbs
from model_monitoring.datamart.tables import erasing, tables, vacuuming
from model_monitoring.datamart.watched import WatchedModel

LONGEST_KEPT = 36_500  # days


class PayloadLogging(TableVerbs):
    """The payload of one subscription."""

    def __init__(self, subscription: WatchedModel):
        self._subscription = subscription
        self._database = subscription.database

    def enable(
        self,
        dynamic_schema_update: bool | None = None,
        never_store: Sequence[str] | None = None,
        keep_days: int | None = None,
    ) -> dict:
        """Accept payloads, and set what is kept; settings that aren't given stay as they were.

        Payloads are accepted from the start. With `dynamic_schema_update` a model may change: a new
        field becomes a column, and a field that is no longer sent stays empty. Values of the fields
        in `never_store` are dropped, and those stored so
        far are erased. `DataMart.maintain` drops payload, labels and what belongs to them if it is
        older than `keep_days`, whole months at a time.

        Raises:
            ValueError: never_store contains something that isn't a feature, or keep_days isn't a
                positive whole number.
        """
        asset, changes = self._subscription.asset, {"payload_logging": True}
        if dynamic_schema_update is not None:
            changes["dynamic_schema_update"] = dynamic_schema_update
        if keep_days is not None:
            if not isinstance(keep_days, Integral) or not 1 <= keep_days <= LONGEST_KEPT:
                raise ValueError(
                    f"keep_days is {keep_days!r}: use a whole number of days, from one day to"
                    f" {LONGEST_KEPT:,}."
                )
            changes["keep_days"] = keep_days
        if never_store is not None:
            if bad := [name for name in never_store if name not in asset["feature_columns"]]:
                raise ValueError(f"never_store contains {some(bad)}, which isn't a feature.")
            changes["never_store"] = list(never_store)
        self._subscription.update_row(**changes)
        if never_store:
            details = self._subscription.get_details()
            self._database.run(
                lambda cursor: erasing.erase_columns(
                    cursor, self._subscription.subscription_id, never_stored(details)
                )
            )
            vacuuming.sweep(self._database, self._subscription.subscription_id)
        return self.get_details()

    def disable(self) -> None:
        """Refuse payloads until logging is enabled again."""
        self._subscription.update_row(payload_logging=False)

    def get_details(self) -> dict:
        """Return the settings of `enable`, the table's name and size, and how the table changed."""
        details = self._subscription.get_details()
        settings = ("dynamic_schema_update", "never_store", "keep_days")
        return {
            "enabled": details["payload_logging"],
            **{name: details[name] for name in settings},
            "table_name": f"payload_{details['subscription_id']}",
            "records": self.get_records_count(),
            "schema_changes": self._database.rows(
                "SELECT changed_at, change FROM schema_change WHERE subscription_id = %s"
                " ORDER BY changed_at",
                [details["subscription_id"]],
            ),
        }

    def store(self, records: Iterable[PayloadRecord] | pd.DataFrame) -> StoreReport:
        """Store scoring requests with their responses, all or none of them.

        A data frame holds the columns of features and outputs, with one request per row, and
        optionally scoring_id, scoring_timestamp and response_time. This is the fastest way to log
        many requests. NaN is a missing value in it.

        A scoring id is stored once: the same id with the same content is skipped, also if another
        process sends it. A record without an id gets a new one. The first payload sets the types of
        the columns.

        Raises:
            ValueError: a field is missing, unknown or holds a value that doesn't fit; the message
                names field and row.
            ConflictError: a scoring id is already stored, or comes twice in this call, with
                different content.
        """
        if not isinstance(records, pd.DataFrame):
            records = (
                [records]
                if isinstance(records, PayloadRecord) or not isinstance(records, Iterable)
                else list(records)
            )
            if wrong := [one for one in records if not isinstance(one, PayloadRecord)]:
                raise ValueError(
                    "store takes a PayloadRecord, a list of them, or a data frame, not"
                    f" {type(wrong[0]).__name__}. Nothing was stored."
                )
        if not len(records):
            return StoreReport(0, 0, 0)
        return writing.store(
            self._subscription, lambda details, table: _batch(records, details, table)
        )

    def ingest_capture(self, uri: str) -> IngestReport:
        """Store what SageMaker's data capture wrote under an S3 URI; see `ingestion.ingest`."""
        return ingestion.ingest(self._subscription, uri)

    def retry_errors(self) -> IngestReport:
        """Store captured lines that failed, after the subscription or the files were corrected."""
        return ingestion.retry(self._subscription)

    def list_errors(self) -> pd.DataFrame:
        """List the captured lines that couldn't be stored, and why."""
        return self._database.frame(
            "SELECT uri, line_number, reason, happened_at FROM payload_error"
            " WHERE subscription_id = %s ORDER BY uri, line_number",
            [self._subscription.subscription_id],
        )

    def delete_records(self, scoring_ids: Sequence[str]) -> int:
        """Erase rows everywhere in the data mart, by request or row id.

        See `erasing.erase_records`. An id that doesn't exist is ignored.

        Raises:
            ValueError: `scoring_ids` isn't a list of ids.
        """
        # A string would be taken for a list of its letters
        ids = [None] if isinstance(scoring_ids, str) else list(scoring_ids)
        if wrong := [one for one in ids if not is_short_text(one)]:
            given = scoring_ids if isinstance(scoring_ids, str) else wrong[0]
            raise ValueError(
                f"delete_records takes a list of scoring ids, strings of 1 to {LONGEST_ID} bytes,"
                f" not {shown(given)}. Nothing was erased."
            )
        count = self._database.run(
            lambda cursor: erasing.erase_records(cursor, self._subscription.subscription_id, ids),
            once=True,
        )
        vacuuming.sweep(self._database, self._subscription.subscription_id)
        return count

    def get_records_count(self) -> int:
        """Return the number of rows stored."""
        identifier = self._subscription.subscription_id
        query = (
            "SELECT coalesce(sum(row_count - deleted), 0)::bigint AS rows FROM scoring_key"
            " WHERE subscription_id = %s"
        )
        return self._database.rows(query, [identifier])[0]["rows"]

    def get_window(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return the rows scored from `start` until before `end`, fast: this is what monitors read.

        `columns` are features and outputs, by default all of them. scoring_id, scoring_timestamp
        and asset_revision are included if they are named. Missing numbers are NaN. The rows are in
        no particular order.

        Raises:
            ValueError: there is no such column, or no payload yet.
        """
        return windows.window(self._subscription, start, end, columns)

    def _select(self, limit: int | None) -> Selection:
        table = self._subscription.table()
        part = sql.SQL("(SELECT * FROM {} ORDER BY record_id, row_number LIMIT {})").format(
            sql.Identifier(table.payload), sql.Literal(limit)
        )
        query = sql.SQL("{} ORDER BY p.record_id, p.row_number").format(
            tables.payload_query(table, part)
        )
        return Selection(query, {column.column_name: column.name for column in table.columns})


def _batch(
    records: Sequence[PayloadRecord] | pd.DataFrame, details: dict, table: tables.Table | None
) -> Batch:
    asset, dynamic = details["asset"], details["dynamic_schema_update"]
    if not isinstance(records, pd.DataFrame):
        return batch_of(records, asset, dynamic)
    outputs = {column.name for column in table.of("output")} if table else set()
    outputs |= {asset["prediction_column"], asset["probability_column"]}
    return batch_of_frame(records, asset, outputs if dynamic else None)
