"""Opening connections to PostgreSQL that never wait forever."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import psycopg2
from psycopg2 import extensions, sql

from model_monitoring.datamart.postgres.errors import DataMartError

# What a server says that will be ready in a moment, and how a server looks that is gone.
PASSING = re.compile(
    "starting up|shutting down|recovery mode|not yet accepting|terminating connection"
    "|too many clients|too many connections|remaining connection slots"
)
GONE = re.compile("refused|No such file|closed the connection|reset by peer")


class TimeOuts(NamedTuple):
    """How long the data mart waits, in seconds.

    `connect`: for a server to accept the connection. `lock`: for a row or table that another
    transaction holds. `statement`: for the result of one statement. `idle`: how long the server
    waits for our next statement within a transaction. `restart`: for a server that was reached
    before and is gone, all attempts together.
    """

    connect: float
    lock: float
    statement: float
    idle: float
    restart: float


# For a program that stores, measures or migrates
WORK = TimeOuts(connect=10, lock=30, statement=3600, idle=600, restart=20)
# For a request, while somebody waits for the page
PAGES = TimeOuts(connect=5, lock=3, statement=15, idle=60, restart=8)
# A server that vanished (a cut cable, a stopped machine) acknowledges nothing. TCP notices that
# within about 15 seconds.
TCP = {
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",  # ms
}
# Settings that the database's administrator or the URL made for this user aren't changed.
SETTINGS = """
    SET search_path TO {schema}; SET timezone TO 'UTC';
    SELECT set_config(name, setting, false)
        FROM (VALUES ('lock_timeout', {lock}), ('statement_timeout', {statement}),
        ('idle_in_transaction_session_timeout', {idle})) AS ours (name, setting)
    WHERE name IN (SELECT s.name FROM pg_settings s
        WHERE s.source IN ('default', 'configuration file'))"""


def parameters(url: str, time_outs: TimeOuts) -> dict[str, str]:
    """Return libpq's parameters: those of the URL, and ours for the rest.

    Raises:
        DataMartError: it isn't a URL that libpq can read, or libpq would take a part of the
            password for a host, a port or a database.
    """
    if not isinstance(url, str):
        raise DataMartError(
            f"The database URL is {type(url).__name__}, not a string: use"
            " postgresql://user:password@host:5432/name (is DATABASE_URL set?)."
        )
    _refuse_unescaped(url)
    ours = {"connect_timeout": str(round(time_outs.connect)), "application_name": "data mart"} | TCP
    try:
        return ours | extensions.parse_dsn(url)
    except (psycopg2.ProgrammingError, ValueError):
        # libpq's own message may contain the password
        raise DataMartError(
            "The database URL is invalid: use postgresql://user:password@host:5432/name"
        ) from None


def _refuse_unescaped(url: str) -> None:
    """Refuse a URL of which libpq would take a part of the password for another name, and show it.

    libpq reads the user and the password up to the first @, and a host up to the first slash.
    """
    scheme, divider, rest = url.partition("://")
    if not divider or scheme not in ("postgresql", "postgres"):
        return  # words and values, which libpq quotes in a way of its own
    authority, _, after = rest.partition("/")
    secret, at, hosts = authority.rpartition("@")
    ports_are_numbers = all(
        re.fullmatch(r"(\[.*\]|[^:]*)(:\d*)?", host) for host in hosts.partition("?")[0].split(",")
    )
    if "@" in secret or "@" in after.partition("?")[0] or not (at or ports_are_numbers):
        raise DataMartError(
            "The database URL has a user or a password with a character that must be"
            " percent-encoded: write @ as %40, / as %2F and : as %3A."
        )


def connect(parameters: Mapping[str, str]) -> extensions.connection:
    """Open a connection; raise OperationalError if the server refuses it."""
    return psycopg2.connect(**parameters)


def prepare(cursor: extensions.cursor, schema: str, time_outs: TimeOuts) -> None:
    """Set up a new connection.

    It uses SET, because RDS Proxy accepts no options when connecting, and takes one round trip.
    """
    limits = {
        name: sql.Literal(f"{round(1000 * getattr(time_outs, name))}ms")
        for name in ("lock", "statement", "idle")
    }
    cursor.execute(sql.SQL(SETTINGS).format(schema=sql.Identifier(schema), **limits))
