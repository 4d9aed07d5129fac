"""Features of another type than was declared first: the columns are converted, or nothing is."""

from collections.abc import Mapping

from psycopg2 import errors, sql

from model_monitoring.datamart import contract
from model_monitoring.datamart.postgres.columns import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    NUMBERS,
    TEXT,
    Column,
)
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.tables import changing, partitions, regrouping, tables

# All that stays of a baseline: which features were given another type since it was learned
RETYPED = "retyped"
# How values are converted by the rules of `coercing` where PostgreSQL has others, or none
STEPS = {
    (NUMBER, BOOLEAN): "{0}::integer::boolean",
    (INTEGER, BOOLEAN): "{0}::integer::boolean",
    (BOOLEAN, NUMBER): "{0}::integer::double precision",
    (BOOLEAN, INTEGER): "{0}::integer::bigint",
    (NUMBER, TEXT): "CASE WHEN {0} = trunc({0}) THEN {0}::bigint::text ELSE {0}::text END",
    (TEXT, BOOLEAN): "lower(btrim({0}))::boolean",
    (TEXT, INTEGER): "split_part(btrim({0}), '.', 1)::bigint",
}
# What the rules don't take, or what PostgreSQL would write in another way
LOSING = {
    (NUMBER, INTEGER): "{0} <> round({0})",
    (NUMBER, BOOLEAN): "{0} NOT IN (0, 1)",
    (INTEGER, BOOLEAN): "{0} NOT IN (0, 1)",
    (INTEGER, NUMBER): "abs({0}::numeric) > 2^53::numeric",
    (NUMBER, TEXT): "abs({0}) >= 2^63 OR abs({0}) >= 1e15 AND {0} <> trunc({0})",
    (TEXT, NUMBER): r"btrim({0}) !~ '^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$'",
    (TEXT, INTEGER): r"btrim({0}) !~ '^[+-]?\d+(\.0*)?$'",
    (TEXT, BOOLEAN): "lower(btrim({0})) NOT IN ('true', 'false', '1', '0')",
}


def retype(cursor: Cursor, details: Mapping, kinds: Mapping[str, str]) -> dict:
    """Give features other types, in the contract and in the tables; return the new contract.

    A feature that becomes a number is no category any more. Groups of features that fairness
    monitoring compares are converted too. What monitors learned of the model's training data goes,
    as it was of the old types.

    Raises:
        ValueError: a type isn't known, or a stored value or a group isn't of it; nothing is
            changed.
    """
    identifier, before = details["subscription_id"], details["asset"]
    cursor.execute(changing.locking(exclusive=True), {"id": identifier})
    categories = [name for name in before["categorical_columns"] if kinds.get(name) != "number"]
    types = before["feature_types"] | dict(kinds)
    asset = before | {"feature_types": types, "categorical_columns": categories}
    contract.check(asset)
    regrouping.regroup(cursor, identifier, before, asset)
    if table := tables.read(cursor, identifier):
        tables.drop_views(cursor, details["name"])
        _forget_digests(cursor, identifier)
        for name in kinds:
            _convert(cursor, table, table.named(name), contract.column_type(asset, name))
        tables.create_views(cursor, tables.read(cursor, identifier), details["name"])
    cursor.execute(
        "UPDATE baseline SET content = jsonb_build_object(%s,"
        " coalesce(content->%s, '[]') || to_jsonb(%s::text[])) WHERE subscription_id = %s",
        [RETYPED, RETYPED, list(kinds), identifier],
    )
    cursor.execute(
        "UPDATE subscription SET asset = %s WHERE subscription_id = %s",
        [as_json(asset), identifier],
    )
    return asset


def _forget_digests(cursor: Cursor, subscription_id: int) -> None:
    """Forget the digests of requests, which are of the old types.

    A request that comes again is compared with its rows. If these were erased, the id alone says
    that it was here.
    """
    cursor.execute(
        "UPDATE scoring_key SET digest = 0 WHERE subscription_id = %s", [subscription_id]
    )


def _convert(cursor: Cursor, table: tables.Table, column: Column, kind: str) -> None:
    """Convert a feature's columns."""
    if column.type == kind:
        return
    if NUMBERS in (column.type, kind):
        raise ValueError(
            f"{column.name!r} can't be made a list of numbers, or be one no longer: add another"
            " subscription for it. Nothing was changed."
        )
    field = sql.Identifier(column.column_name)
    converted = sql.SQL(STEPS.get((column.type, kind), "{0}::" + kind)).format(field)
    targets = [table.payload, *partitions.detached(cursor, table.payload), table.feedback]
    for target in targets:
        _refuse_losses(cursor, target, column, kind)
        statement = sql.SQL("ALTER TABLE {} ALTER COLUMN {} TYPE {} USING {}").format(
            sql.Identifier(target), field, sql.SQL(kind), converted
        )
        try:
            cursor.execute(statement)
        except errors.DataError as error:
            raise ValueError(
                f"{column.name!r} holds what is no {contract.DECLARED[kind]}:"
                f" {error.diag.message_primary}. Nothing was changed."
            ) from None
    cursor.execute(
        "UPDATE feature SET type = %s WHERE (subscription_id, role, name) = (%s, %s, %s)",
        [kind, table.subscription_id, column.role, column.name],
    )


def _refuse_losses(cursor: Cursor, target: str, column: Column, kind: str) -> None:
    """Refuse what PostgreSQL would round, or read by rules of its own, without a word."""
    if (column.type, kind) not in LOSING:
        return
    field = sql.Identifier(column.column_name)
    condition = sql.SQL(LOSING[column.type, kind]).format(field)
    query = sql.SQL("SELECT {} FROM {} WHERE {} LIMIT 1")
    cursor.execute(query.format(field, sql.Identifier(target), condition))
    if found := cursor.fetchone():
        raise ValueError(
            f"{column.name!r} holds {found[0]!r}, which is no {contract.DECLARED[kind]}."
            " Nothing was changed."
        )
