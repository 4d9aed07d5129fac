"""Values of rows that are left elsewhere: in runs, companions, keys and errors.

What a run measured stays. What it kept beside that is erased as a whole if its window holds an
erased row, because the values of a single row can't be taken out of it.
"""

import re
from collections.abc import Iterable

from psycopg2 import extras, sql

from model_monitoring.datamart.postgres.database import Cursor

# The digest that replaces a request's id once all its rows are erased; {uid} is the subscription's.
TOMBSTONE = "'erased ' || encode(sha256(convert_to({uid} || {id}, 'UTF8')), 'hex')"
# Whether whole requests of a subscription, `%(id)s`, were erased
ERASED = "EXISTS (SELECT FROM scoring_key WHERE subscription_id = %(id)s AND deleted >= row_count)"
# Of a run's details, settings and single numbers stay. Strings and lists may hold values.
HOLDS = sql.SQL("key <> 'parameters' AND jsonb_typeof(value) NOT IN ('number', 'boolean', 'null')")
# Of a companion, what was found when it was made. What is needed to call and delete it stays.
FOUND = ["rule", "original", "frontier", "frontier_columns", "costs", "costs_columns"]
RANGE = re.compile(r"\[([^],]*), ([^],]*)\]")
OPEN_END = "…"


def count_erasure(cursor: Cursor, subscription_id: int) -> None:
    """Count an erasure, so that results derived from rows read before it aren't stored."""
    statement = "UPDATE subscription SET erasures = erasures + 1 WHERE subscription_id = %s"
    cursor.execute(statement, [subscription_id])


def erasures(cursor: Cursor, subscription_id: int) -> int:
    """Return the number of erasures of a subscription, and block more until the transaction ends.

    Code that derives something from rows calls this before reading them, and again before storing
    it.
    """
    cursor.execute(
        "SELECT erasures FROM subscription WHERE subscription_id = %s FOR SHARE", [subscription_id]
    )
    return cursor.fetchone()[0]


def empty_runs(cursor: Cursor, which: sql.Composable) -> None:
    """Empty the runs (`r`) that meet a condition: delete summaries, keep single figures."""
    cursor.execute(
        sql.SQL("DELETE FROM profile p USING run r WHERE r.run_uid = p.run_uid AND {}").format(
            which
        )
    )
    _open_ranges(cursor, which)
    statement = """UPDATE run r SET details =
        (SELECT coalesce(jsonb_object_agg(key, value) FILTER (WHERE NOT ({holds})), '{{}}') ||
            '{{"erased": true}}'
            FROM jsonb_each(r.details))
        WHERE {which} AND EXISTS (SELECT FROM jsonb_each(r.details) WHERE {holds})"""
    cursor.execute(sql.SQL(statement).format(holds=HOLDS, which=which))


def _open_ranges(cursor: Cursor, which: sql.Composable) -> None:
    """Rename the slices whose range has an open end, so that they don't show a value.

    Such a group is named after the lowest or highest value that was seen.
    """
    slices = """SELECT DISTINCT m.run_uid, m.slice, r.subscription_id,
        r.details->'parameters'->'features'
        FROM measurement m JOIN run r USING (run_uid) WHERE r.monitor = 'fairness'
            AND m.slice ~ '\\[' AND {}"""
    cursor.execute(sql.SQL(slices).format(which))
    renamed = []
    for run_uid, slice, subscription_id, features in cursor.fetchall():
        if features and (new := without_seen(slice, features)) != slice:
            renamed.append((run_uid, subscription_id, slice, new))
    for table, key in (
        ("measurement", "m.run_uid = v.run_uid::uuid"),
        ("alert", "m.monitor = 'fairness'"),
    ):
        extras.execute_values(
            cursor,
            f"UPDATE {table} m SET slice = v.new FROM (VALUES %s) v (run_uid, subscription_id,"
            " old, new)"
            f" WHERE {key} AND m.subscription_id = v.subscription_id AND m.slice = v.old",
            renamed,
        )


def without_seen(slice: str, features: Iterable[dict]) -> str:
    """Return a slice's name with an ellipsis for each end that the settings don't have."""
    members = [
        member
        for feature in features
        for member in (*feature["minority"], *(feature["majority"] or ()))
    ]
    given = {
        _written(end)
        for member in members
        if isinstance(member, list)
        for end in member
        if end is not None
    }
    return RANGE.sub(
        lambda found: f"[{', '.join(e if e in given else OPEN_END for e in found.groups())}]", slice
    )


def _written(end: float) -> str:
    """Write an end of a range as the names of groups do."""
    return str(int(end)) if end == int(end) else str(end)


def empty_companion(cursor: Cursor, which: sql.Composable) -> None:
    """Empty the companions (`c`) that meet a condition of all that was found in making them."""
    statement = """UPDATE companion c SET content = (content - {found}::text[]) ||
        '{{"erased": true}}' WHERE {which}"""
    cursor.execute(sql.SQL(statement).format(found=sql.Literal(FOUND), which=which))


def tombstones(cursor: Cursor, subscription_id: int, scoring_ids: list[str]) -> list[str]:
    """Return scoring ids as they are in the keys: digests for those of erased requests."""
    cursor.execute(
        f"""SELECT i, k.scoring_id FROM (SELECT i, {
            TOMBSTONE.format(uid="s.subscription_uid", id="i")
        } AS digest
            FROM subscription s CROSS JOIN unnest(%(ids)s::text[]) i
                WHERE s.subscription_id = %(id)s) arriving
        JOIN scoring_key k
            ON k.subscription_id = %(id)s AND k.deleted >= k.row_count
                AND k.scoring_id = arriving.digest""",
        {"id": subscription_id, "ids": scoring_ids},
    )
    erased = dict(cursor.fetchall())
    return (
        [erased.get(scoring_id, scoring_id) for scoring_id in scoring_ids]
        if erased
        else scoring_ids
    )
