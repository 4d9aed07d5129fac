"""Creating and changing a subscription's tables.

The first payload creates them; they are widened if the model changes.
"""

from psycopg2 import sql

from model_monitoring.datamart.entities import ProblemType
from model_monitoring.datamart.postgres.columns import (
    INTEGER,
    NUMBER,
    Column,
    type_of,
)
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.records.batches import Batch
from model_monitoring.datamart.tables import changing, tables


class ChangeNeeded(Exception):
    """The payload doesn't fit the tables as they are."""


def fitted(
    cursor: Cursor, details: dict, table: tables.Table | None, batch: Batch, may_change: bool
) -> tuple[tables.Table, list[str]]:
    """Return the tables that fit a batch, and what was changed for it.

    Without `dynamic_schema_update`, tables are created once and never changed.

    Raises:
        ChangeNeeded: there is something to create or change, and `may_change` isn't set.
        ValueError: fields are missing, unknown or of mixed types.
    """
    if table is None:
        if not may_change:
            raise ChangeNeeded
        return _create(cursor, details, batch), []
    if details["dynamic_schema_update"]:
        return _evolve(cursor, details, table, batch, may_change)
    names = {column.name for column in table.of("feature", "output")}
    if names != set(batch.fields):
        lacking, extra = sorted(names - set(batch.fields)), sorted(set(batch.fields) - names)
        raise ValueError(
            f"The response's fields changed. Missing: {some(lacking) or 'none'}; new:"
            f" {some(extra) or 'none'}. Nothing was stored."
        )
    return table, []


def _create(cursor: Cursor, details: dict, batch: Batch) -> tables.Table:
    asset = details["asset"]
    columns = [(name, _role(name, batch), _type(name, batch, asset)) for name in batch.fields]
    predicted = next(kind for name, _, kind in columns if name == asset["prediction_column"])
    # Because labels are compared with predictions
    columns.append((asset["label_column"], "label", predicted))
    return tables.create(cursor, details["subscription_id"], details["name"], columns)


def _role(name: str, batch: Batch) -> str:
    return "feature" if name in batch.features else "output"


def _type(name: str, batch: Batch, asset: dict) -> str:
    whole = name in asset["categorical_columns"]
    whole |= name == asset["prediction_column"] and asset["problem_type"] != ProblemType.REGRESSION
    return type_of(name, batch.fields[name], keep_integers=whole)


def _evolve(
    cursor: Cursor, details: dict, table: tables.Table, batch: Batch, may_change: bool
) -> tuple[tables.Table, list[str]]:
    """Add new columns, and widen whole numbers to real numbers.

    A column that is no longer sent stays.
    """
    asset = details["asset"]
    known = {column.name: column for column in table.of("feature", "output")}
    added = [name for name in batch.fields if name not in known]
    widened = [
        column
        for column in known.values()
        if column.type == INTEGER
        and column.name in batch.fields
        and type_of(column.name, batch.fields[column.name], keep_integers=True) == NUMBER
    ]
    dropped = [name for name in asset["feature_columns"] if name not in batch.features]
    if not added and not widened and set(asset["feature_columns"]) == set(batch.features):
        return table, []
    if not may_change:
        raise ChangeNeeded
    tables.drop_views(cursor, details["name"])
    for name in added:
        changing.add_column(cursor, table, name, _role(name, batch), _type(name, batch, asset))
    for column in widened:
        _widen(cursor, table, column)
        if column.name == asset["prediction_column"]:
            _widen(cursor, table, table.of("label")[0])
    table = tables.read(cursor, table.subscription_id)
    tables.create_views(cursor, table, details["name"])
    asset = asset | {"feature_columns": list(batch.features)}
    cursor.execute(
        "UPDATE subscription SET asset = %s WHERE subscription_id = %s",
        [as_json(asset), table.subscription_id],
    )
    changes = [f"{name!r} is new" for name in added] + [
        f"{name!r} is no longer sent" for name in dropped
    ]
    changes += [f"{column.name!r} was widened from {INTEGER} to {NUMBER}" for column in widened]
    for change in changes:
        cursor.execute(
            "INSERT INTO schema_change (subscription_id, change) VALUES (%s, %s)",
            [table.subscription_id, change],
        )
    return table, changes


def _widen(cursor: Cursor, table: tables.Table, column: Column) -> None:
    targets = {
        "feature": [table.payload, table.feedback],
        "output": [table.payload],
        "label": [table.feedback],
    }
    for target in targets[column.role]:
        statement = sql.SQL("ALTER TABLE {} ALTER COLUMN {} TYPE {}")
        names = [sql.Identifier(target), sql.Identifier(column.column_name), sql.SQL(NUMBER)]
        cursor.execute(statement.format(*names))
    cursor.execute(
        "UPDATE feature SET type = %s WHERE (subscription_id, role, name) = (%s, %s, %s)",
        [NUMBER, table.subscription_id, column.role, column.name],
    )
