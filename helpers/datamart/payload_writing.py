"""Writing a batch of scoring requests, each once, inside a transaction."""

from typing import TYPE_CHECKING

import numpy as np
from psycopg2 import errors

from helpers.datamart import partitions, schema, tables
from helpers.datamart.batches import Batch, checked, record_digests, some
from helpers.datamart.columns import INTEGER, TEXT, Values
from helpers.datamart.copying import SHORT_INTEGER, TIMESTAMP, copy_in
from helpers.datamart.database import ConflictError, Cursor
from helpers.datamart.entities import StoreReport

if TYPE_CHECKING:
    from helpers.datamart.subscriptions import Subscription


def store(subscription: "Subscription", details: dict, batch: Batch) -> StoreReport:
    """Store a batch in a transaction of its own; `details` is the subscription's row of the catalogue."""
    revision = subscription.asset_revision()
    work = subscription.database.run
    try:
        return work(lambda cursor: write(cursor, subscription, details, batch, revision))
    except schema.ChangeNeeded:  # the first payload, or one of another shape: again, with nobody else writing
        return work(lambda cursor: write(cursor, subscription, details, batch, revision, may_change=True))


def write(
    cursor: Cursor, subscription: "Subscription", details: dict, batch: Batch, revision: str, may_change: bool = False
) -> StoreReport:
    """Store a batch as part of a transaction; see `PayloadLogging.store` for what is raised.

    Raises:
        ChangeNeeded: the table must be made or altered first, and `may_change` isn't given.
    """
    identifier = subscription.subscription_id
    schema.lock(cursor, identifier, exclusive=may_change)
    table, changes = schema.fitted(cursor, details, tables.read(cursor, identifier), batch, may_change)
    values = checked(table, batch, details["asset"]["prediction_column"])
    cursor.execute("SELECT nextval('scoring_batch')")
    # Record ids grow with the order of storing, which is what the payload's BRIN index lives on.
    record_ids = (cursor.fetchone()[0] << 24) + np.arange(len(batch.scoring_ids), dtype=np.int64)
    deployment = subscription.deployment_key(cursor, revision)
    new = _claim(cursor, identifier, batch, record_ids, record_digests(table, values, batch), deployment)
    rows = np.flatnonzero(new[batch.record_of_row])
    if len(rows):
        owners = batch.record_of_row[rows]
        partitions.prepare(cursor, table.payload, batch.scored_at[new], details["keep_days"])
        columns = {
            "record_id": (INTEGER, Values(record_ids[owners])),
            "row_number": (SHORT_INTEGER, Values(batch.row_numbers[rows])),
            "scored_at": (TIMESTAMP, Values(batch.scored_at[owners])),
            "deployment_key": (SHORT_INTEGER, Values(np.full(len(rows), deployment))),
        }
        for name, column in values.items():
            if name not in details["never_store"]:
                columns[table.named(name).column_name] = (table.named(name).type, column.take(rows))
        copy_in(cursor, table.payload, columns)
    return StoreReport(int(new.sum()), int((~new).sum()), len(rows), tuple(changes))


def _claim(
    cursor: Cursor, subscription_id: int, batch: Batch, record_ids: np.ndarray, digests: np.ndarray, deployment: int
) -> np.ndarray:
    """Claim the batch's scoring ids; return which of its records are new.

    Most batches are all new, so their keys are written straight away, at COPY's speed; only if one was there is the
    slower way taken, which asks which. Every writer goes by the order of ids, so that two with the same ids never wait
    for each other in a circle.
    """
    scoring_ids = np.array([scoring_id.encode() for scoring_id in batch.scoring_ids], dtype=object)
    order = np.argsort(scoring_ids, kind="stable")
    count = len(scoring_ids)
    untimed = np.array([time is None for time in batch.response_times])
    columns = {
        "record_id": (INTEGER, Values(record_ids[order])),
        "subscription_id": (SHORT_INTEGER, Values(np.full(count, subscription_id))),
        "scoring_id": (TEXT, Values(scoring_ids[order])),
        "scored_at": (TIMESTAMP, Values(batch.scored_at[order])),
        "row_count": (SHORT_INTEGER, Values(batch.row_counts[order])),
        "digest": (INTEGER, Values(digests[order])),
        "response_time": (SHORT_INTEGER, Values(np.array([t or 0 for t in batch.response_times]), untimed).take(order)),
        "deployment_key": (SHORT_INTEGER, Values(np.full(count, deployment))),
    }
    cursor.execute("SAVEPOINT claim")
    try:
        copy_in(cursor, "scoring_key", columns)
    except errors.UniqueViolation:
        cursor.execute("ROLLBACK TO SAVEPOINT claim")
    else:
        return np.ones(count, dtype=bool)
    cursor.execute("CREATE TEMPORARY TABLE arriving_key (LIKE scoring_key INCLUDING DEFAULTS) ON COMMIT DROP")
    copy_in(cursor, "arriving_key", columns)
    cursor.execute("INSERT INTO scoring_key SELECT * FROM arriving_key ORDER BY scoring_id ON CONFLICT DO NOTHING")
    cursor.execute(
        "SELECT a.record_id, a.scoring_id, a.digest <> k.digest FROM arriving_key a"
        " JOIN scoring_key k USING (subscription_id, scoring_id) WHERE a.record_id <> k.record_id"
    )
    known = cursor.fetchall()
    if other := sorted({scoring_id for _, scoring_id, differs in known if differs}):
        raise ConflictError(
            f"Scoring id {some(other)}: stored already with other content. A scoring id stands for one"
            " request; nothing of this call was stored.",
            other,
        )
    new = np.ones(count, dtype=bool)
    new[np.array([record_id for record_id, _, _ in known]) - record_ids[0]] = False
    return new
