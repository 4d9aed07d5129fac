"""Writing a batch of scoring requests, each once, inside a transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from model_monitoring.datamart import contract
from model_monitoring.datamart.entities import StoreReport
from model_monitoring.datamart.postgres.columns import INTEGER, Column, Values
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, TIMESTAMP, copy_in
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.errors import ConflictError, DeletedError
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.records import claiming, fitting, repeats
from model_monitoring.datamart.records.batches import Batch, checked, record_digests
from model_monitoring.datamart.tables import changing, partitions, tables, traces
from model_monitoring.datamart.watched import WatchedModel

# In a batch: a record id is the batch number times this, plus the record's position
MOST_RECORDS = 1 << 24
FEW_ROWS = 20  # that INSERT stores sooner than COPY


@dataclass(frozen=True)
class State:
    """What a writer needs to know, read in one query.

    It is the catalogue's row, the tables, the model version, a batch number, and whether whole
    requests were erased.
    """

    details: dict
    table: tables.Table | None
    deployment: int | None
    batch_number: int
    erased: bool


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
        " (SELECT json_agg(json_build_array(name, column_name, role, type) ORDER BY ordinal)"
        " FROM feature WHERE subscription_id = %(id)s),"
        " (SELECT deployment_key FROM deployment WHERE subscription_id = %(id)s"
        " AND deployment_id = %(deployment)s AND asset_revision = %(revision)s),"
        " nextval('scoring_batch'),"
        # Erasing waits until this transaction ends, so that this stays as it is
        f" {traces.ERASED} FROM subscription s WHERE subscription_id = %(id)s",
        {
            "id": subscription.subscription_id,
            "deployment": subscription.source_uid,
            "revision": revision,
        },
    )
    if not (found := cursor.fetchone()):
        raise DeletedError(f"Subscription {subscription.name!r} was deleted. Nothing was stored.")
    details, columns, deployment, batch_number, erased = found
    if not details["payload_logging"]:
        raise ValueError(
            f"Payload logging of {subscription.name!r} is off: call payload_logging.enable()."
        )
    table = (
        tables.Table(subscription.subscription_id, tuple(Column(*c) for c in columns))
        if columns
        else None
    )
    return State(details, table, deployment, batch_number, erased)


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
    known_as = batch.scoring_ids
    if state.erased:
        known_as = traces.tombstones(cursor, table.subscription_id, known_as)
    digests = record_digests(table, values, batch)
    keys = claiming.keys(table.subscription_id, known_as, batch, record_ids, digests, deployments)
    never = contract.never_stored(details)
    kept = {name: column for name, column in values.items() if name not in never}
    months = details["keep_days"], subscription.months
    target = partitions.at_hand(table.payload, batch.scored_at, *months)
    few = target is not None and batch.row_counts.sum() <= FEW_ROWS
    if few:
        rows = _payload(table, batch, record_ids, deployments, kept, None)
        if claiming.insert_new(cursor, keys, target, rows):
            return StoreReport(len(record_ids), 0, len(rows["record_id"][1].data), tuple(changes))
    first = int(record_ids[0])
    new, suspects = claiming.claim(cursor, keys, first, maybe_all=not few)
    if suspects:
        _refuse(batch, repeats.differing(cursor, table, batch, values, suspects, first, never))
    chosen = None if new.all() else np.flatnonzero(new[batch.record_of_row])
    rows = _payload(table, batch, record_ids, deployments, kept, chosen)
    count = len(rows["record_id"][1].data)
    if count:
        target = partitions.prepare(cursor, table.payload, batch.scored_at[new], *months)
        copy_in(cursor, target, rows)
    return StoreReport(int(new.sum()), int((~new).sum()), count, tuple(changes))


def _payload(
    table: tables.Table,
    batch: Batch,
    record_ids: np.ndarray,
    deployments: np.ndarray,
    values: Mapping[str, Values],
    rows: np.ndarray | None,
) -> dict[str, tuple[str, Values]]:
    """Lay out the columns of the payload table: of some rows, or of all."""
    owners = batch.record_of_row if rows is None else batch.record_of_row[rows]
    numbers = batch.row_numbers if rows is None else batch.row_numbers[rows]
    columns = {
        "record_id": (INTEGER, Values(record_ids[owners])),
        "row_number": (SHORT_INTEGER, Values(numbers)),
        "scored_at": (TIMESTAMP, Values(batch.scored_at[owners])),
        "deployment_key": (SHORT_INTEGER, Values(deployments[owners])),
    }
    for name, read in values.items():
        column = table.named(name)
        columns[column.column_name] = (column.type, read if rows is None else read.take(rows))
    return columns


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


def _refuse(batch: Batch, differing: list[int]) -> None:
    """Raise ConflictError if there are records that differ from those stored under their ids."""
    if other := sorted({batch.scoring_ids[position] for position in differing}):
        raise ConflictError(
            f"Scoring id {some(other)}: stored already with other content. A scoring id stands for"
            " one request; nothing of this call was stored.",
            other,
        )
