"""Writing a batch of scoring requests, each once, inside a transaction."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from psycopg2 import errors

from model_monitoring.datamart.entities import StoreReport
from model_monitoring.datamart.postgres.columns import INTEGER, TEXT, Column, Values
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, TIMESTAMP, copy_in
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.errors import ConflictError
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.records import fitting, repeats
from model_monitoring.datamart.records.batches import Batch, checked, record_digests
from model_monitoring.datamart.tables import changing, partitions, tables, traces
from model_monitoring.datamart.watched import WatchedModel

# In a batch: a record id is the batch number times this, plus the record's position
MOST_RECORDS = 1 << 24


@dataclass(frozen=True)
class State:
    """What a writer needs to know, read in one query.

    It is the catalogue's row, the tables, the model version and a batch number.
    """

    details: dict
    table: tables.Table | None
    deployment: int | None
    batch_number: int


def store(
    subscription: WatchedModel, build: Callable[[dict, tables.Table | None], Batch]
) -> StoreReport:
    """Store a batch in a transaction of its own.

    `build` makes the batch from the subscription's row and tables.
    """
    revision = subscription.deployed_revision()
    # Built once: a transaction that is tried again must have the same scoring ids
    built: list[Batch] = []

    def work(cursor: Cursor, may_change: bool = False) -> StoreReport:
        state = begin(cursor, subscription, revision, may_change)
        built.append(built[0] if built else build(state.details, state.table))
        return write(cursor, subscription, state, built[0], revision, may_change)

    try:
        return subscription.database.run(work)
    # The first payload, or one of another shape: try again while nothing else writes
    except fitting.ChangeNeeded:
        return subscription.database.run(lambda cursor: work(cursor, may_change=True))


def begin(cursor: Cursor, subscription: WatchedModel, revision: str, may_change: bool) -> State:
    """Lock the shape of the tables until the transaction ends, and read the state.

    With `may_change`, no other transaction can write to them either.
    """
    cursor.execute(
        f"{changing.locking(exclusive=may_change)}; SAVEPOINT claim;"
        " SELECT to_jsonb(s),"
        " (SELECT jsonb_agg(jsonb_build_array(name, column_name, role, type) ORDER BY ordinal)"
        " FROM feature WHERE subscription_id = %(id)s),"
        " (SELECT deployment_key FROM deployment WHERE subscription_id = %(id)s"
        " AND deployment_id = %(deployment)s AND asset_revision = %(revision)s),"
        " nextval('scoring_batch') FROM subscription s WHERE subscription_id = %(id)s",
        {
            "id": subscription.subscription_id,
            "deployment": subscription.source_uid,
            "revision": revision,
        },
    )
    if not (found := cursor.fetchone()):
        raise ValueError(f"Subscription {subscription.name!r} was deleted. Nothing was stored.")
    details, columns, deployment, batch_number = found
    if not details["payload_logging"]:
        raise ValueError(
            f"Payload logging of {subscription.name!r} is off: call payload_logging.enable()."
        )
    table = (
        tables.Table(subscription.subscription_id, tuple(Column(*c) for c in columns))
        if columns
        else None
    )
    return State(details, table, deployment, batch_number)


def write(
    cursor: Cursor,
    subscription: WatchedModel,
    state: State,
    batch: Batch,
    revision: str,
    may_change: bool,
) -> StoreReport:
    """Store a batch in a transaction that `begin` began.

    See `PayloadLogging.store` for what else is raised.

    Raises:
        ChangeNeeded: the table must be created or altered first, and `may_change` isn't set.
    """
    details = state.details
    if len(batch.scoring_ids) > MOST_RECORDS:
        raise ValueError(
            f"{len(batch.scoring_ids):,} requests at once are too many; store at most"
            f" {MOST_RECORDS:,}."
        )
    table, changes = fitting.fitted(cursor, details, state.table, batch, may_change)
    values = checked(table, batch, details)
    # Record ids grow in the order of storing: the payload's BRIN index depends on it.
    record_ids = state.batch_number * MOST_RECORDS + np.arange(
        len(batch.scoring_ids), dtype=np.int64
    )
    deployments = _deployments(cursor, subscription, state, batch, revision)
    if changes or state.table is None or state.deployment is None or any(batch.revisions):
        # Set it again, to keep what was just created if claiming has to start over
        cursor.execute("SAVEPOINT claim")
    new, suspects = _claim(
        cursor,
        table.subscription_id,
        batch,
        record_ids,
        record_digests(table, values, batch),
        deployments,
    )
    if suspects:
        never = details["never_store"]
        first = int(record_ids[0])
        _refuse(batch, repeats.differing(cursor, table, batch, values, suspects, first, never))
    rows = slice(None) if new.all() else np.flatnonzero(new[batch.record_of_row])
    owners = batch.record_of_row[rows]
    if len(owners):
        months = details["keep_days"], subscription.months
        target = partitions.prepare(cursor, table.payload, batch.scored_at[new], *months)
        columns = {
            "record_id": (INTEGER, Values(record_ids[owners])),
            "row_number": (SHORT_INTEGER, Values(batch.row_numbers[rows])),
            "scored_at": (TIMESTAMP, Values(batch.scored_at[owners])),
            "deployment_key": (SHORT_INTEGER, Values(deployments[owners])),
        }
        for name, column in values.items():
            if name not in details["never_store"]:
                columns[table.named(name).column_name] = (table.named(name).type, column.take(rows))
        copy_in(cursor, target, columns)
    return StoreReport(int(new.sum()), int((~new).sum()), len(owners), tuple(changes))


def _deployments(
    cursor: Cursor, subscription: WatchedModel, state: State, batch: Batch, revision: str
) -> np.ndarray:
    """Return the number of each record's model version: the one it names, else `revision`."""
    keys = {None: state.deployment}
    if None in batch.revisions and state.deployment is None:
        keys[None] = subscription.deployment_key(cursor, revision)
    for named in sorted(set(batch.revisions) - {None}):
        keys[named] = subscription.deployment_key(cursor, named)
    return np.array([keys[named] for named in batch.revisions])


def _claim(
    cursor: Cursor,
    subscription_id: int,
    batch: Batch,
    record_ids: np.ndarray,
    digests: np.ndarray,
    deployments: np.ndarray,
) -> tuple[np.ndarray, dict[int, int]]:
    """Claim the batch's scoring ids; return which of its records are new.

    Of those that aren't, it returns which have another digest than what is stored: by position in
    the batch, the record id that is stored.

    It needs a savepoint, `claim`. Usually all records are new, so their keys are written at once,
    at COPY's speed. Only if one is already there does the slower way find out which. Every writer
    goes in the order of ids, so that two writers with the same ids never wait for each other.
    """
    known_as = traces.tombstones(cursor, subscription_id, batch.scoring_ids)
    scoring_ids = np.array([scoring_id.encode() for scoring_id in known_as], dtype=object)
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
        "response_time": (
            SHORT_INTEGER,
            Values(np.array([t or 0 for t in batch.response_times]), untimed).take(order),
        ),
        "deployment_key": (SHORT_INTEGER, Values(deployments[order])),
    }
    try:
        copy_in(cursor, "scoring_key", columns)
    except errors.UniqueViolation:
        cursor.execute("ROLLBACK TO SAVEPOINT claim")
    else:
        return np.ones(count, dtype=bool), {}
    cursor.execute(
        "CREATE TEMPORARY TABLE arriving_key (LIKE scoring_key INCLUDING DEFAULTS) ON COMMIT DROP"
    )
    copy_in(cursor, "arriving_key", columns)
    cursor.execute(
        "INSERT INTO scoring_key SELECT * FROM arriving_key ORDER BY scoring_id ON CONFLICT"
        " DO NOTHING"
    )
    cursor.execute(
        "SELECT a.record_id - %s, k.record_id, a.digest <> k.digest FROM arriving_key a"
        " JOIN scoring_key k USING (subscription_id, scoring_id) WHERE a.record_id <> k.record_id",
        [int(record_ids[0])],
    )
    known = cursor.fetchall()
    new = np.ones(count, dtype=bool)
    new[[position for position, _, _ in known]] = False
    return new, {position: stored for position, stored, differs in known if differs}


def _refuse(batch: Batch, differing: list[int]) -> None:
    """Raise ConflictError if there are records that differ from those stored under their ids."""
    if other := sorted({batch.scoring_ids[position] for position in differing}):
        raise ConflictError(
            f"Scoring id {some(other)}: stored already with other content. A scoring id stands for"
            " one request; nothing of this call was stored.",
            other,
        )
