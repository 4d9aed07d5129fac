"""Opening connections to PostgreSQL, on which nothing waits without end."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import psycopg2
from psycopg2 import extensions, sql

# What a server says that will answer in a moment, and how one looks that went away.
PASSING = re.compile(
    "starting up|shutting down|recovery mode|not yet accepting|terminating connection"
    "|too many clients|too many connections|remaining connection slots"
)
GONE = re.compile("refused|No such file|closed the connection|reset by peer")


class TimeOuts(NamedTuple):
    """How long something is waited for, in seconds.

    `connect`: for a server to let us in. `lock`: for a row or table that another transaction holds.
    `statement`: for the answer to one statement. `idle`: by the server, for our own program's next
    statement within a transaction. `restart`: for a server that was there and went away, all
    attempts together.
    """

    connect: float
    lock: float
    statement: float
    idle: float
    restart: float


# A program: it stores, measures, migrates
WORK = TimeOuts(connect=10, lock=30, statement=3600, idle=600, restart=20)
# A request: somebody waits for the page
PAGES = TimeOuts(connect=5, lock=3, statement=15, idle=60, restart=8)
# A server that vanished (a cut cable, a stopped machine) acknowledges nothing: found out within
# some 15 seconds.
TCP = {
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",  # ms
}
# Of what the database's administrator or the URL sets for this user, nothing is changed.
SETTINGS = """
    SET search_path TO {schema}; SET timezone TO 'UTC';
    SELECT set_config(name, setting, false)
        FROM (VALUES ('lock_timeout', {lock}), ('statement_timeout', {statement}),
        ('idle_in_transaction_session_timeout', {idle})) AS ours (name, setting)
    WHERE name IN (SELECT s.name FROM pg_settings s
        WHERE s.source IN ('default', 'configuration file'))"""


def parameters(url: str, time_outs: TimeOuts) -> dict[str, str]:
    """Return libpq's parameters: the URL's own, and ours where it names none; ProgrammingError
    where it isn't one.
    """
    ours = {"connect_timeout": str(round(time_outs.connect)), "application_name": "data mart"} | TCP
    return ours | extensions.parse_dsn(url)


def connect(parameters: Mapping[str, str]) -> extensions.connection:
    """Open a connection; raise OperationalError where the server doesn't let us in."""
    return psycopg2.connect(**parameters)


def prepare(cursor: extensions.cursor, schema: str, time_outs: TimeOuts) -> None:
    """Set a new connection up.

    By SET, as RDS Proxy takes no options at connecting, and all in one round trip.
    """
    limits = {
        name: sql.Literal(f"{round(1000 * getattr(time_outs, name))}ms")
        for name in ("lock", "statement", "idle")
    }
    cursor.execute(sql.SQL(SETTINGS).format(schema=sql.Identifier(schema), **limits))
