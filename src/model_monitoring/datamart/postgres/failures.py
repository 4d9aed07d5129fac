"""What PostgreSQL's errors mean: try again, a mistake of the caller, or a problem outside."""

import re
from contextlib import suppress

import psycopg2
from psycopg2 import errors, extensions, sql

AGAIN = (errors.SerializationFailure, errors.DeadlockDetected)
NO_SCHEMA = (errors.UndefinedTable, errors.UndefinedColumn)
LOCKED, CANCELLED, READ_ONLY = "55P03", "57014", "25006"
WAITED = (LOCKED, CANCELLED)
TOO_LONG = ("25P03", "25P04")  # the server ended the transaction, and would again
ADVICE = {
    "25006": "It is read-only (a standby, or set so): use the URL of the primary server.",
    "25P03": "The program took too long between two statements, and the server ended its"
    " transaction: send less.",
    "25P04": "The transaction took longer than the server allows (transaction_timeout): send less"
    " at once.",
    "53100": "Its disk is full: free some space there, then try again. Nothing was kept.",
    "53200": "It ran out of memory: send less at once, or give it more. Nothing was kept.",
    "53300": "All its connections are in use: close other programs, or raise max_connections.",
    "57014": "It was ended after statement_timeout, or by an administrator. The URL may set another"
    " limit: ?options=-c%20statement_timeout%3D600000 (in milliseconds; not through RDS Proxy).",
}
OURS = (
    "42501",
    "42P01",
    "42703",
    "3D000",
    "3F000",
)  # no permission, table, column, database, schema
# Classes of errors that don't concern the statement itself
SYSTEM = ("08", "25", "28", "53", "54", "55", "57", "58", "F0", "XX")
HOLDERS = """
    SELECT a.pid, a.application_name, a.usename, a.state, to_char(a.xact_start AT TIME ZONE 'UTC',
        'HH24:MI:SS'),
        string_agg(DISTINCT l.relation::regclass::text, ', ')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_class c ON c.oid = l.relation
    WHERE l.granted AND l.database = (SELECT oid FROM pg_database
        WHERE datname = current_database())
        AND c.relnamespace = to_regnamespace({schema}) AND a.pid <> pg_backend_pid()
            AND c.relkind IN ('r', 'p')
        AND a.xact_start < now() - current_setting('lock_timeout')::interval * 0.9
    GROUP BY 1, 2, 3, 4, a.xact_start ORDER BY a.xact_start LIMIT 3"""


def is_lost(error: psycopg2.Error, connection: extensions.connection) -> bool:
    """Tell whether the connection died with the error, so that the work may be tried on another."""
    if error.pgcode in TOO_LONG:
        return False
    unknown = (
        connection.closed
        or connection.info.transaction_status == extensions.TRANSACTION_STATUS_UNKNOWN
    )
    # A backend that died during COPY leaves "no message from the libpq", and no code. Other errors
    # without a code (ProgrammingError: "no results to fetch") are mistakes in our code.
    return bool(unknown) or (
        error.pgcode is None and type(error) in (psycopg2.DatabaseError, psycopg2.OperationalError)
    )


def is_callers(error: psycopg2.Error) -> bool:
    """Tell whether the error is about a value that PostgreSQL can't hold."""
    return isinstance(error, psycopg2.DataError)


def is_told(error: psycopg2.Error) -> bool:
    """Tell whether the error is about the server or its state, not about a mistake in our SQL."""
    code = error.pgcode or ""
    return isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError) or (
        code in OURS
        or code.startswith(SYSTEM)
        or type(error) in (psycopg2.DatabaseError, psycopg2.InternalError)
    )


def told(error: psycopg2.Error, schema: str, hidden: str | None) -> str:
    """Say what happened and what to do, without `hidden` (the password)."""
    said = str(error).strip() or type(error).__name__
    if isinstance(error, NO_SCHEMA):
        said = (
            f"Schema {schema!r} holds no data mart, or one of an older version: call setup()."
            f" ({error.diag.message_primary})"
        )
    if advice := ADVICE.get(error.pgcode or ""):
        said = f"{error.diag.message_primary}. {advice}"
    return said.replace(hidden, "***") if hidden else said


def who_holds(connection: extensions.connection, schema: str) -> str:
    """Say which transactions hold tables of the schema for so long, and how to end them."""
    found = []
    with suppress(psycopg2.Error):
        connection.rollback()
        with connection, connection.cursor() as cursor:
            quoted = extensions.quote_ident(schema, cursor)
            cursor.execute(sql.SQL(HOLDERS).format(schema=sql.Literal(quoted)))
            found = cursor.fetchall()
    if not found:
        return "Another transaction holds it: end that one, or try again later."
    holders = [
        f"process {pid} ({name or 'no name'} of user {user}, {state}) holds {tables} since {since}"
        " UTC"
        for pid, name, user, state, since, tables in found
    ]
    return (
        f"{'; '.join(holders)}. End that transaction, or its session:"
        f" SELECT pg_terminate_backend({found[0][0]}); then try again."
    )


def waited_for(error: psycopg2.Error) -> str:
    """Say which lock was waited for, as far as PostgreSQL tells.

    It is a row's table, or the beginning of a statement.
    """
    if relation := re.search(r'relation "([^"]+)"', error.diag.context or ""):
        return f"a row of the table {relation[1]}"
    query = (
        error.cursor.query.decode(errors="replace") if error.cursor and error.cursor.query else ""
    )
    # Only the words before the first value: the values don't belong in a log.
    words = " ".join(re.split(r"['(=]", query)[0].split())[:80].strip()
    return f"the lock that a statement needs ({words} ...)" if words else "a lock"
