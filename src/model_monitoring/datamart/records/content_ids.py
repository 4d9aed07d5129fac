"""The ids of feedback that has none of its own: what a row is known by is its content."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from psycopg2 import extras, sql

from model_monitoring.datamart.postgres.columns import Column, Values, check
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.records.digests import digest
from model_monitoring.datamart.tables import tables

MADE = r"^[0-9a-f]{16}\.[1-9][0-9]*$"  # ids like ours


def numbered(digests: Sequence[int]) -> list[str]:
    """Make ids of rows' digests: the third row of the same content is another than the second."""
    seen: Counter = Counter()
    ids = []
    for content in digests:
        seen[content] += 1
        ids.append(f"{content:016x}.{seen[content]}")
    return ids


@contextmanager
def following(cursor: Cursor, subscription_id: int, names: Collection[str]) -> Iterator[None]:
    """Make the ids of stored feedback anew if the features `names` are of other types afterwards.

    Otherwise the same feedback would count again. Only what these features add to a digest changes,
    so that values which are never stored don't matter, unless they are these features' own.
    """
    before = _shares(cursor, subscription_id, names)
    yield
    after = _shares(cursor, subscription_id, names)
    with np.errstate(over="ignore"):
        made = [
            np.uint64(int(name[:16], 16)) - before[name] + share for name, share in after.items()
        ]
    pairs = zip(after, numbered(list(map(int, made))), strict=True)
    if changed := [(old, new) for old, new in pairs if old != new]:
        # In two steps, because one row's new id may be another's old one
        _rename(cursor, subscription_id, [(old, f"was {old}") for old, _ in changed])
        _rename(cursor, subscription_id, [(f"was {old}", new) for old, new in changed])


def name_earlier(cursor: Cursor) -> None:
    """Give ids to feedback that a version without ids stored, so that it counts once.

    Where some features are never stored, the rows' content isn't known, and they stay without.
    """
    cursor.execute(
        "SELECT subscription_id FROM subscription WHERE never_store = '{}'"
        " AND to_regclass('feedback_' || subscription_id) IS NOT NULL"
    )
    for (subscription_id,) in cursor.fetchall():
        table = tables.read(cursor, subscription_id)
        columns = table.of("feature", "label")
        target = sql.Identifier(table.feedback)
        query = sql.SQL(
            "SELECT ctid::text, {} FROM {} WHERE record_id IS NULL AND feedback_id IS NULL"
            " ORDER BY record_timestamp, ctid"
        )
        fields = sql.SQL(", ").join(sql.Identifier(column.column_name) for column in columns)
        cursor.execute(query.format(fields, target))
        if not (rows := cursor.fetchall()):
            continue
        places, *values = zip(*rows, strict=True)
        ids = numbered(digest(_read(columns, values, places)).tolist())
        statement = sql.SQL(
            "UPDATE {0} f SET feedback_id = v.name FROM (VALUES %s) v (place, name)"
            " WHERE f.ctid = v.place::tid AND NOT EXISTS"
            " (SELECT FROM {0} o WHERE o.feedback_id = v.name)"
        ).format(target)
        extras.execute_values(
            cursor, statement, list(zip(places, ids, strict=True)), page_size=10_000
        )


def _read(
    columns: Sequence[Column], values: Sequence[Sequence], names: Sequence[str]
) -> list[tuple[Column, Values]]:
    """Read stored values, column by column, for digests."""
    return [
        (column, check(column, list(cells), lambda row: f"feedback {names[row]}"))
        for column, cells in zip(columns, values, strict=True)
    ]


def _rename(cursor: Cursor, subscription_id: int, pairs: Sequence[tuple[str, str]]) -> None:
    statement = sql.SQL(
        "UPDATE {} f SET feedback_id = v.new FROM (VALUES %s) v (old, new)"
        " WHERE f.feedback_id = v.old"
    )
    target = sql.Identifier(f"feedback_{subscription_id}")
    extras.execute_values(cursor, statement.format(target), pairs)


def _shares(cursor: Cursor, subscription_id: int, names: Collection[str]) -> dict[str, np.uint64]:
    """Return what features add to the digests of rows that are known by their content, by id."""
    table = tables.read(cursor, subscription_id)
    columns = [column for column in table.of("feature") if column.name in names] if table else []
    if not columns:
        return {}
    query = sql.SQL(
        "SELECT feedback_id, {} FROM {} WHERE record_id IS NULL AND feedback_id ~ %s"
        " ORDER BY record_timestamp, feedback_id"
    )
    fields = sql.SQL(", ").join(sql.Identifier(column.column_name) for column in columns)
    cursor.execute(query.format(fields, sql.Identifier(table.feedback)), [MADE])
    if not (rows := cursor.fetchall()):
        return {}
    ids, *values = zip(*rows, strict=True)
    return dict(zip(ids, digest(_read(columns, values, ids)), strict=True))
