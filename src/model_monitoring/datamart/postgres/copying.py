"""PostgreSQL's binary COPY from and to numpy arrays, the fastest way that psycopg2 has.

PostgreSQL's manual describes the format under COPY, "Binary Format": a signature, then per row the
number of fields and per field its length (-1 for NULL) and its bytes, big-endian, then -1 as the
number of fields.
"""

import io
from collections.abc import Mapping

import numpy as np
import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.postgres.columns import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    NUMBERS,
    TEXT,
    Values,
)
from model_monitoring.datamart.postgres.database import Cursor

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
TIMESTAMP, SHORT_INTEGER = "timestamptz", "integer"
POSTGRES_EPOCH = np.datetime64("2000-01-01", "us")
FORMATS = {NUMBER: ">f8", INTEGER: ">i8", BOOLEAN: "?", SHORT_INTEGER: ">i4", TIMESTAMP: ">i8"}
READ_FORMATS = {BOOLEAN: ">i4", TEXT: ">i8"}
MISSING_INTEGER = -(2**63) + 1
CHUNK_BYTES = 8 << 20


def copy_in(cursor: Cursor, table: str, columns: Mapping[str, tuple[str, Values]]) -> None:
    """Write rows into a table.

    `columns` maps a column's name to its type and values. All columns have the same length.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = len(next(iter(columns.values()))[1].data)
    width = sum(4 + _width(kind, values) for kind, values in columns.values())
    step = max(1, CHUNK_BYTES // width)
    for begin in range(0, count, step):
        rows = slice(begin, begin + step)
        body = encode([(kind, values.take(rows)) for kind, values in columns.values()])
        cursor.copy_expert(statement, _Parts([SIGNATURE, body, TRAILER]))


class _Parts:
    """A file to read from that returns byte strings one by one, without joining them."""

    def __init__(self, parts: list[bytes]):
        self._parts = parts[::-1]

    def read(self, _size: int) -> bytes:
        return self._parts.pop() if self._parts else b""


def _width(kind: str, values: Values) -> int:
    if kind in FORMATS:
        return np.dtype(FORMATS[kind]).itemsize
    return max(1, max(map(len, values.data), default=1))


def encode(columns: list[tuple[str, Values]]) -> bytes:
    """Lay rows out in COPY's binary form.

    First, all rows are built with the greatest width, in one array. Then a mask drops the bytes of
    NULLs and the unused ends of strings. This costs one more pass over memory, but no loop over
    rows.
    """
    layout = [("fields", ">i2")]
    for i, (kind, values) in enumerate(columns):
        layout += [
            (f"length{i}", ">i4"),
            (f"value{i}", FORMATS.get(kind) or f"S{_width(kind, values)}"),
        ]
    rows = np.zeros(len(columns[0][1].data), dtype=layout)
    rows["fields"] = len(columns)
    dropped = []
    for i, (kind, values) in enumerate(columns):
        lengths = rows.dtype[f"value{i}"].itemsize
        data = values.data
        if kind in (TEXT, NUMBERS):
            codes, distinct = pd.factorize(data)
            widest, sizes = lengths, np.fromiter(map(len, distinct), np.int32, len(distinct))
            data, lengths = distinct.astype(f"S{widest}")[codes], sizes[codes]
            if (sizes < widest).any():
                dropped.append((f"value{i}", lengths))
        elif kind == TIMESTAMP:
            data = (data - POSTGRES_EPOCH).astype(np.int64)
        rows[f"value{i}"], rows[f"length{i}"] = data, lengths
        if values.missing is not None:
            rows[f"length{i}"][values.missing] = -1
            dropped.append((f"value{i}", np.where(values.missing, 0, lengths)))
    if not dropped:
        return rows.tobytes()
    matrix = rows.view(np.uint8).reshape(len(rows), rows.itemsize)
    kept = np.ones(matrix.shape, dtype=bool)
    for name, lengths in dropped:
        begin, width = rows.dtype.fields[name][1], rows.dtype[name].itemsize
        kept[:, begin : begin + width] &= np.arange(width) < np.asarray(lengths)[:, None]
    return matrix[kept].tobytes()


def copy_out(
    cursor: Cursor, source: sql.Composable, columns: Mapping[str, tuple[sql.Composable, str]]
) -> dict[str, np.ndarray]:
    """Read columns of `source` (what follows FROM) into arrays.

    `columns` maps a name to an expression and its type. The query gives every row the same width,
    so that numpy reads the result without copying it: a missing number is read as NaN, a string as
    a 64-bit hash that a second query translates. Missing strings and booleans are None. A
    whole-number or boolean column with missing values becomes float or object. Arrays of k numbers
    have the shape (rows, k).
    """
    parts: list[tuple[str, sql.Composable, str]] = []  # (name, expression of fixed width, format)
    for name, (expression, kind) in columns.items():
        if kind == NUMBERS:
            query = sql.SQL("SELECT coalesce(max(array_length({}, 1)), 1) FROM {}").format(
                expression, source
            )
            cursor.execute(query)
            items = [
                sql.SQL("({})[{}]").format(expression, sql.Literal(i + 1))
                for i in range(cursor.fetchone()[0])
            ]
            parts += [(name, _never_null(item, NUMBER), FORMATS[NUMBER]) for item in items]
        else:
            parts.append(
                (name, _never_null(expression, kind), READ_FORMATS.get(kind) or FORMATS[kind])
            )
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)").format(
        sql.SQL(", ").join(expression for _, expression, _ in parts), source
    )
    buffer = io.BytesIO()
    cursor.copy_expert(query, buffer)
    layout = [("fields", ">i2")]
    for i, (_, _, format) in enumerate(parts):
        layout += [(f"length{i}", ">i4"), (f"value{i}", format)]
    with buffer.getbuffer() as memory:
        rows = np.frombuffer(memory[len(SIGNATURE) : -len(TRAILER)], dtype=layout)
        read: dict[str, list[np.ndarray]] = {name: [] for name in columns}
        for i, (name, _, format) in enumerate(parts):
            read[name].append(rows[f"value{i}"].astype(format.replace(">", "=")))
        del rows
    return {
        name: np.column_stack(read[name])
        if kind == NUMBERS
        else _finished(cursor, source, expression, kind, read[name][0])
        for name, (expression, kind) in columns.items()
    }


def _never_null(expression: sql.Composable, kind: str) -> sql.Composable:
    stand_in = {
        NUMBER: "coalesce({}, 'NaN'::float8)",
        INTEGER: f"coalesce({{}}, {MISSING_INTEGER})",
        BOOLEAN: "coalesce({}::integer, -1)",
        TEXT: f"coalesce(hashtextextended({{}}, 0), {MISSING_INTEGER})",
    }
    return sql.SQL(stand_in.get(kind, "{}")).format(expression)


def _finished(
    cursor: Cursor,
    source: sql.Composable,
    expression: sql.Composable,
    kind: str,
    data: np.ndarray,
) -> np.ndarray:
    """Replace the placeholders of missing values, times and strings."""
    if kind == TIMESTAMP:
        return POSTGRES_EPOCH + data.astype("timedelta64[us]")
    if kind == INTEGER and (data == MISSING_INTEGER).any():
        return np.where(data == MISSING_INTEGER, np.nan, data)
    if kind == BOOLEAN:
        return (
            data.astype(bool)
            if (data >= 0).all()
            else np.array([False, True, None], dtype=object)[data]
        )
    if kind == TEXT:
        # Use sorting: the workers' hash tables would reach the final one in the order of hashes.
        # That splits it into a hundred thousand pieces, and 300,000 ids take minutes.
        cursor.execute("SET LOCAL enable_hashagg = off")
        query = sql.SQL("SELECT DISTINCT hashtextextended({0}, 0), {0} FROM {1}")
        cursor.execute(query.format(expression, source))
        known = [row for row in cursor.fetchall() if row[1] is not None]
        cursor.execute("SET LOCAL enable_hashagg TO DEFAULT")
        hashes, texts = zip(*known, strict=True) if known else ((), ())
        translation = np.array([*texts, None], dtype=object)
        return translation[pd.Index(np.array(hashes, dtype=np.int64)).get_indexer(data)]
    return data
