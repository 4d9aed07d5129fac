"""The schema of a data mart: its name, and the version that this code knows."""

from pathlib import Path

from psycopg2 import extensions

from model_monitoring.datamart.postgres.errors import DataMartError
from model_monitoring.datamart.postgres.texts import check_text

LONGEST_NAME = 63  # bytes; PostgreSQL cuts longer identifiers off
# The migrations, by number; the last is the version of the schema that this code knows.
SCRIPTS = {
    int(path.name[:3]): path
    for path in sorted((Path(__file__).parent / "migrations").glob("[0-9]*.sql"))
}
VERSION = max(SCRIPTS)


def check_schema(schema: str) -> None:
    """Raise ValueError if a string can't be the name of a data mart's schema."""
    check_text(schema, "schema")
    if len(schema.encode()) > LONGEST_NAME or schema.startswith("pg_"):
        raise ValueError(
            f"schema is {schema!r}: use 1 to {LONGEST_NAME} bytes, not beginning with pg_."
        )


def refuse_newer(cursor: extensions.cursor, schema: str) -> None:
    """Raise DataMartError if the schema was made by a newer version of this code."""
    cursor.execute("SELECT 1 WHERE has_table_privilege(to_regclass('migration'), 'SELECT')")
    if cursor.fetchone():
        cursor.execute("SELECT max(version) FROM migration HAVING max(version) > %s", [VERSION])
        for (present,) in cursor.fetchall():
            raise DataMartError(
                f"Schema {schema!r} is at version {present}, but this code only knows versions up"
                f" to {VERSION}: update the code, or choose another schema."
            )
