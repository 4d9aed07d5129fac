"""Searching a whole database for a value: every table of every schema, the catalogues too."""

import contextlib
import struct

import numpy as np
import psycopg2
from psycopg2 import sql

from model_monitoring.analysis.data_quality.distinct import DistinctCounter


def forms(value):
    """List the ways in which a value may be written in a table.

    They are text, bytes, and a hash that can be undone.
    """
    if isinstance(value, str):
        return [value, value.encode().hex()]
    counter = DistinctCounter()
    counter.add_numbers(np.array([value]))
    packed = [struct.pack(order + kind, value).hex() for order in "<>" for kind in "df"]
    exact, short = repr(value), f"{value:.7g}"
    return [
        *dict.fromkeys([exact, short, f"{value:e}", exact.encode().hex()]),
        *packed,
        str(counter.hashes[0]),
    ]


def holders(url, *values):
    """Return the tables, as schema.table, with a row that holds one of the values in any form."""
    patterns = sql.Literal([f"%{form}%" for value in values for form in forms(value)])
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        # One transaction would need too many locks for all tables
        connection.autocommit = True
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE' UNION SELECT schemaname, matviewname FROM pg_matviews"
            " ORDER BY 1, 2"
        )
        found = set()
        for schema, table in cursor.fetchall():
            statement = sql.SQL(
                "SELECT EXISTS (SELECT FROM {} t WHERE t::text LIKE ANY ({}))"
            ).format(sql.Identifier(schema, table), patterns)
            cursor.execute(statement)
            if cursor.fetchone()[0]:
                found.add(f"{schema}.{table}")
        return found
