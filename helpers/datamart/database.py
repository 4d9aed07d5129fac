"""Connections to PostgreSQL: one transaction per piece of work, tried again when the server was restarted."""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pandas as pd
import psycopg2
from psycopg2 import errors, extensions, extras, sql

T = TypeVar("T")
Cursor = extensions.cursor
PATIENCE = 20.0  # seconds to wait for a server that was there and went away; a restart takes 1 to 4
IDLE_CONNECTIONS = 8  # kept open for the next piece of work
STARTING = re.compile("starting up|shutting down|recovery mode|not yet accepting|terminating connection")
GONE = re.compile("refused|No such file|closed the connection|reset by peer")
LONGEST_NAME = 63  # bytes; PostgreSQL cuts longer identifiers off
# The migrations, by number; the last is the version of the schema that this code knows.
SCRIPTS = {int(path.name[:3]): path for path in sorted((Path(__file__).parent / "migrations").glob("[0-9]*.sql"))}
VERSION = max(SCRIPTS)


def _to_json(value: object) -> str:
    return json.dumps(value, default=lambda scalar: scalar.item())  # numpy's scalars


def as_json(value: object) -> extras.Json:
    """Wrap a value as a parameter for a jsonb column."""
    return extras.Json(value, dumps=_to_json)


def plain(value: object) -> object:
    """Return a value as it comes back from a jsonb column."""
    return json.loads(_to_json(value))


class DataMartError(RuntimeError):
    """The data mart can't be reached or isn't usable as it stands."""

    def _render_traceback_(self) -> list[str]:
        # Jupyter shows this in place of a traceback: what is wrong is around the code, not in it.
        return [f"DataMartError: {self}"]


class ConflictError(ValueError):
    """A scoring id that is stored already came again with other content."""

    def __init__(self, message: str, scoring_ids: Sequence[str]):
        super().__init__(message)
        self.scoring_ids = scoring_ids


def refuse_newer(cursor: Cursor, schema: str) -> None:
    """Raise DataMartError where the schema was made by a newer version of this code."""
    cursor.execute("SELECT 1 WHERE has_table_privilege(to_regclass('migration'), 'SELECT')")
    if cursor.fetchone():
        cursor.execute("SELECT max(version) FROM migration HAVING max(version) > %s", [VERSION])
        for (present,) in cursor.fetchall():
            raise DataMartError(
                f"Schema {schema!r} is at version {present}, this code knows versions up to {VERSION}: update the code,"
                " or choose another schema."
            )


class Database:
    """A PostgreSQL database and the one schema of it that a data mart lives in.

    Everything in the URL that libpq knows is honoured: sslmode, certificates, time-outs, options. Without a
    connect_timeout, ten seconds.
    """

    def __init__(self, url: str, schema: str):
        if not schema or "\0" in schema or len(schema.encode()) > LONGEST_NAME or schema.startswith("pg_"):
            raise ValueError(f"schema is {schema!r}: use 1 to {LONGEST_NAME} bytes, not beginning with pg_.")
        try:
            self._parameters = extensions.parse_dsn(url)
        except psycopg2.ProgrammingError:
            # libpq's own message may quote the password
            raise DataMartError("The database URL is not one: use postgresql://user:password@host:5432/name") from None
        self._parameters.setdefault("connect_timeout", "10")
        self._parameters.setdefault("application_name", "data mart")
        self.schema = schema
        self._idle: deque[extensions.connection] = deque()
        self._reached = False

    @property
    def where(self) -> str:
        """Say which database this is, without the password."""
        parts = {"host": "localhost", "port": "5432", "dbname": "", "user": ""} | self._parameters
        return f"database {parts['dbname']!r} as user {parts['user']!r} at {parts['host']}:{parts['port']}"

    def run(self, work: Callable[[Cursor], T], isolation: int | None = None) -> T:
        """Call `work(cursor)` in one transaction and return its result.

        When the server goes away or two writers block each other, the whole of `work` is called again on a new
        transaction, so it must only touch the database.

        Raises:
            DataMartError: the server cannot be reached, the login is refused, or the schema isn't of this version.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            connection = self._take(deadline)
            connection.isolation_level = isolation
            try:
                with connection, connection.cursor() as cursor:
                    return work(cursor)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                again = isinstance(error, errors.DeadlockDetected | errors.SerializationFailure) or connection.closed
                if not again or time.monotonic() > deadline:
                    raise self._problem(error) from None
                time.sleep(0.1)
            except (errors.UndefinedTable, errors.UndefinedColumn) as error:
                raise DataMartError(
                    f"Schema {self.schema!r} holds no data mart, or one of an older version: call setup(), as notebook"
                    f" 03 does. ({error.diag.message_primary})"
                ) from None
            except errors.InsufficientPrivilege as error:
                raise self._problem(error) from None
            finally:
                self._give_back(connection)

    def run_alone(self, statement: sql.Composable) -> None:
        """Run a statement that can't be part of a transaction, such as VACUUM, for as long as it takes."""
        connection = self._take(time.monotonic() + PATIENCE)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout TO 0")
                cursor.execute(statement)
        finally:
            connection.close()  # with its settings

    def _take(self, deadline: float) -> extensions.connection:
        """Take an idle connection, or make one; wait for a server that is just starting or being restarted."""
        while True:
            with suppress(IndexError):
                return self._idle.pop()
            try:
                connection = psycopg2.connect(**self._parameters)
                with connection, connection.cursor() as cursor:
                    cursor.execute(
                        sql.SQL("SET search_path TO {}; SET timezone TO 'UTC'").format(sql.Identifier(self.schema))
                    )
                    refuse_newer(cursor, self.schema)
                self._reached = True
                return connection
            except psycopg2.OperationalError as error:
                passing = STARTING.search(str(error)) or (self._reached and GONE.search(str(error)))
                if not passing or time.monotonic() > deadline:
                    raise self._problem(error) from None
                time.sleep(0.2)

    def _give_back(self, connection: extensions.connection) -> None:
        idle = not connection.closed and connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
        if idle and len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()

    def _problem(self, error: psycopg2.Error) -> DataMartError:
        said = str(error).strip()
        if password := self._parameters.get("password"):
            said = said.replace(password, "***")
        return DataMartError(f"PostgreSQL, {self.where}: {said}")

    # Values are bound to %s in plain statements. Where a statement holds names from outside, which may hold a percent
    # sign, values are sql.Literal and there are no parameters.

    def rows(self, query: str | sql.Composable, parameters: Sequence | dict = ()) -> list[dict]:
        """Return a query's rows as dicts."""

        def work(cursor: Cursor) -> list[dict]:
            cursor.execute(query, parameters or None)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        return self.run(work)

    def frame(self, query: str | sql.Composable, parameters: Sequence | dict = ()) -> pd.DataFrame:
        """Return a query's rows as a data frame."""

        def work(cursor: Cursor) -> pd.DataFrame:
            cursor.execute(query, parameters or None)
            names = [column.name for column in cursor.description]
            numbers = {c.name: float for c in cursor.description if c.type_code in extensions.FLOAT.values}
            return pd.DataFrame(cursor.fetchall(), columns=names).astype(numbers)

        return self.run(work)

    def execute(self, query: str | sql.Composable, parameters: Sequence | dict = ()) -> None:
        """Run one statement."""
        self.run(lambda cursor: cursor.execute(query, parameters or None))
