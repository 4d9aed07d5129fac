"""Numbered migrations: forward only, all or nothing, one process at a time."""

from collections.abc import Callable

from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.postgres.schema import SCRIPTS, refuse_newer

TURN = "15min"


def migrate(database: Database, complete: Callable[[Cursor], None]) -> int:
    """Bring the schema to this version of the code and return its number.

    `complete` does what SQL can't for a schema of an earlier version, in the same transaction. It
    creates the schema if necessary; nothing is ever dropped. It is safe to call from several
    processes at once.

    Raises:
        DataMartError: the schema was made by a newer version.
    """

    def work(cursor: Cursor) -> None:
        schema = sql.Identifier(database.schema)
        # Another process may be migrating, which can take longer than other locks are held.
        cursor.execute("SHOW lock_timeout")
        usual = cursor.fetchone()[0]
        cursor.execute(f"SET LOCAL lock_timeout TO '{TURN}'")
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"data mart {database.schema}"],
        )
        cursor.execute("SET LOCAL lock_timeout TO %s", [usual])
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [database.schema])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS migration (version integer PRIMARY KEY, name text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        refuse_newer(cursor, database.schema)
        cursor.execute("SELECT coalesce(max(version), 0) FROM migration")
        present = cursor.fetchone()[0]
        for version, script in SCRIPTS.items():
            if version > present:
                cursor.execute(script.read_text(encoding="utf-8"))
                cursor.execute(
                    "INSERT INTO migration (version, name) VALUES (%s, %s)", [version, script.stem]
                )
        if 0 < present < max(SCRIPTS):
            complete(cursor)

    database.run(work)
    return max(SCRIPTS)
