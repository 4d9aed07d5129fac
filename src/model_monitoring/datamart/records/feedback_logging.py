"""Feedback logging: true labels, joined to the scored rows by scoring id."""

import time
import uuid
import warnings
from collections.abc import Mapping, Sequence

import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.engines import responses
from model_monitoring.datamart.engines.http import Unreachable
from model_monitoring.datamart.entities import PayloadRecord, StoreReport
from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.columns import TEXT, Column, Values, spelt, unquoting
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.values import row_id
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.records import labelling, unscored, writing
from model_monitoring.datamart.records.batches import batch_of
from model_monitoring.datamart.records.feedback_formats import columns_of
from model_monitoring.datamart.records.joining import join
from model_monitoring.datamart.showing import Selection, TableVerbs
from model_monitoring.datamart.tables import tables
from model_monitoring.datamart.watched import WatchedModel

ROWS_PER_REQUEST = 500  # sent to an endpoint at once
NOT_QUOTED = (
    "The endpoint did not score the rows, or not as the contract has it. Its answer isn't quoted,"
    " as it may repeat values of never_store: look into the endpoint's log. Nothing was stored."
)


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

        A label that is sent twice for a scoring id is stored once. Rows of features are known by
        their content, or by a `feedback_id` beside them, and stored once too.

        Raises:
            ValueError: fields, labels or scoring ids aren't known, values don't fit, or the
                endpoint can't score them.
            ConflictError: a row already has another label; see `correct`.
        """
        table, details = self._subscription.table(), self._subscription.get_details()
        given = self._given(details["asset"], feedback_data, fields, data_header, data_delimiter)
        if not _count(given):
            return StoreReport(0, 0, 0)
        written, label = isinstance(feedback_data, str), details["asset"]["label_column"]
        joins = self._joins(given, details["asset"])
        labels = labelling.checked(table, details["asset"], given.pop(label), written)
        if joins:
            ids = given["scoring_id"]
            return self._database.run(lambda cursor: join(cursor, table, ids, labels, False))
        columns = _typed(table, given) if written else given
        if score:
            return self._score_and_join(table, details, columns, labels)
        if fields is not None:
            warnings.warn(
                "These rows have no scoring_id, so there are no predictions to compare their labels"
                " with: store(..., score=True) would have the endpoint score them.",
                stacklevel=2,
            )
        return self._database.run(lambda cursor: unscored.keep(cursor, table, columns, labels))

    def correct(
        self,
        feedback_data: Sequence | str | pd.DataFrame,
        fields: Sequence[str] | None = None,
        data_header: bool = False,
        data_delimiter: str = ",",
    ) -> StoreReport:
        """Replace labels that turned out to be wrong, all or none of them.

        `feedback_data` holds `scoring_id` and the label, as in `store`. Rows without a label get
        theirs. What a label was before stays in `list_corrections`; the next run of quality
        monitoring goes by the new one.

        Raises:
            ValueError: labels or scoring ids aren't known.
        """
        table, asset = self._subscription.table(), self._subscription.asset
        given = self._given(asset, feedback_data, fields, data_header, data_delimiter)
        if not _count(given):
            return StoreReport(0, 0, 0)
        if not self._joins(given, asset):
            raise ValueError(
                f"Send scoring_id and {asset['label_column']} to correct labels. Nothing was"
                " changed."
            )
        written = isinstance(feedback_data, str)
        labels = labelling.checked(table, asset, given[asset["label_column"]], written)
        ids = given["scoring_id"]
        return self._database.run(lambda cursor: join(cursor, table, ids, labels, True))

    def list_corrections(self) -> pd.DataFrame:
        """List the labels that were replaced, newest first."""
        return self._database.frame(
            "SELECT k.scoring_id || '-' || c.row_number AS scoring_id, c.old_label, c.new_label,"
            " c.changed_at FROM label_change c JOIN scoring_key k USING (record_id)"
            " WHERE c.subscription_id = %s ORDER BY c.changed_at DESC, 1",
            [self._subscription.subscription_id],
        )

    def _given(
        self,
        asset: Mapping,
        data: object,
        fields: Sequence[str] | None,
        header: bool,
        delimiter: str,
    ) -> dict[str, list]:
        """Lay out what the user gave in columns."""
        expected = [*asset["feature_columns"], asset["label_column"]]
        return columns_of(data, fields or expected, header, delimiter)

    def _joins(self, given: Mapping[str, Sequence], asset: Mapping) -> bool:
        """Say whether feedback comes by scoring id; raise ValueError if it lacks anything."""
        label, features = asset["label_column"], asset["feature_columns"]
        if set(given) == {"scoring_id", label}:
            return True
        expected = [*features, label]
        if set(given) - {"feedback_id"} - set(expected) or set(expected) - set(given):
            lacking = [name for name in expected if name not in given]
            extra = [name for name in given if name not in expected]
            raise ValueError(
                f"Feedback lacks {some(lacking) or 'no field'}; unknown fields:"
                f" {some(extra) or 'none'}. Send scoring_id and {label}, or all features"
                f" and {label}. Nothing was stored."
            )
        return False

    def _score_and_join(
        self, table: tables.Table, details: dict, columns: Mapping[str, Sequence], labels: Values
    ) -> StoreReport:
        """Score rows through the endpoint, then log their payload and labels together."""
        subscription, asset = self._subscription, details["asset"]
        features = asset["feature_columns"]
        kinds = {column.name: column for column in table.of("feature")}
        given = [_spelt(kinds[name], columns[name], details) for name in features]
        rows = list(zip(*given, strict=True))
        outputs = [column.name for column in table.of("output")]
        records = []
        for begin in range(0, len(rows), ROWS_PER_REQUEST):
            part, scoring_id, began = (
                rows[begin : begin + ROWS_PER_REQUEST],
                str(uuid.uuid4()),
                time.monotonic(),
            )
            try:
                answers = subscription.score(part, scoring_id, features)
                answered = [responses.outputs_of(answer, outputs, asset) for answer in answers]
            except Unreachable:
                raise
            except ValueError:
                if not details["never_store"]:
                    raise
                raise ValueError(NOT_QUOTED) from None
            took = round(1000 * (time.monotonic() - began))
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
            return join(cursor, table, ids, labels, False)

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


def _count(columns: Mapping[str, Sequence]) -> int:
    return len(next(iter(columns.values()), ()))


def _typed(table: tables.Table, columns: Mapping[str, Sequence]) -> dict[str, Sequence]:
    """Read cells of CSV by the types of their columns."""
    kinds = {column.name: column.type for column in table.of("feature")}
    return {
        name: [coercing.parsed(cell, kinds.get(name, TEXT)) for cell in cells]
        for name, cells in columns.items()
    }


def _spelt(column: Column, given: Sequence, details: Mapping) -> Sequence:
    """Return values for the engine; an error quotes the value, unless it is never stored."""
    with unquoting(column.name, details["never_store"]):
        return spelt(column, given, lambda row: f"row {row + 1}")
