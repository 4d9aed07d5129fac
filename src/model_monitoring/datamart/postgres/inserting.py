"""A few rows in one statement: it takes one round trip, and COPY two for each table."""

from collections.abc import Mapping
from functools import lru_cache

from model_monitoring.datamart.postgres.columns import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    NUMBERS,
    TEXT,
    Values,
    unpacked,
)
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, TIMESTAMP
from model_monitoring.datamart.postgres.database import Cursor


def insert(cursor: Cursor, tables: Mapping[str, Mapping[str, tuple[str, Values]]]) -> None:
    """Write rows into tables, one after the other, all or none.

    `tables` maps a table's name to its columns: by name, a column's type and values.
    """
    statements, written = [], []
    for table, columns in tables.items():
        cells = [_written(kind, values) for kind, values in columns.values()]
        statements.append(_statement(table, tuple(columns), len(cells[0])))
        written += [cell for row in zip(*cells, strict=True) for cell in row]
    cursor.execute("; ".join(statements), written)


@lru_cache
def _statement(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join(['%s'] * len(columns))})"
    names = ", ".join(map(_quoted, columns))
    return f"INSERT INTO {_quoted(table)} ({names}) VALUES {', '.join([row] * count)}"


def _quoted(name: str) -> str:
    """Quote a name in a statement that has parameters."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def _written(kind: str, values: Values) -> list[str | None]:
    """Write values as PostgreSQL reads them: numbers with all their digits, times in UTC."""
    written = [_WRITE[kind](value) for value in values.data.tolist()]
    if values.missing is None:
        return written
    return [
        None if gone else text for text, gone in zip(written, values.missing.tolist(), strict=True)
    ]


_WRITE = {
    NUMBER: repr,
    INTEGER: str,
    SHORT_INTEGER: str,
    BOOLEAN: str,
    TEXT: bytes.decode,
    NUMBERS: lambda value: "{" + ",".join(map(repr, unpacked(value))) + "}",
    TIMESTAMP: lambda value: f"{value.isoformat()}Z",
}
