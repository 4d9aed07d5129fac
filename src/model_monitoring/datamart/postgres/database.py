"""Connections to PostgreSQL: one transaction per piece of work, tried again when the server was
restarted.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pandas as pd
import psycopg2
from psycopg2 import extensions, extras, sql

from model_monitoring.datamart.postgres import connecting, failures
from model_monitoring.datamart.postgres.connecting import WORK, TimeOuts
from model_monitoring.datamart.postgres.texts import check_text, check_texts
from model_monitoring.datamart.postgres.watching import watched

T = TypeVar("T")
Cursor = extensions.cursor
IDLE_CONNECTIONS = 8  # kept open for the next piece of work
LONGEST_NAME = 63  # bytes; PostgreSQL cuts longer identifiers off
# The migrations, by number; the last is the version of the schema that this code knows.
SCRIPTS = {
    int(path.name[:3]): path
    for path in sorted((Path(__file__).parent / "migrations").glob("[0-9]*.sql"))
}
VERSION = max(SCRIPTS)


def _to_json(value: object) -> str:
    return json.dumps(value, default=lambda scalar: scalar.item())  # numpy's scalars


def as_json(value: object, what: str = "value") -> extras.Json:
    """Wrap a value as a parameter for a jsonb column; ValueError, naming `what`, where it holds
    what jsonb can't.
    """
    text = _to_json(value)
    if "\\u0000" in text or "\\ud" in text:  # most have none, and are large
        check_texts(json.loads(text), what)
    return extras.Json(value, dumps=lambda _: text)


def plain(value: object) -> object:
    """Return a value as it comes back from a jsonb column."""
    return json.loads(_to_json(value))


class DataMartError(RuntimeError):
    """The data mart can't be reached or isn't usable as it stands.

    `url` is that of a PostgreSQL database:

    >>> from model_monitoring import DataMart, DataMartError
    >>> try:
    ...     DataMart(url, schema="not_made_yet").get_details()
    ... except DataMartError as error:
    ...     print(error)
    Schema 'not_made_yet' holds no data mart...
    """

    def _render_traceback_(self) -> list[str]:
        # Jupyter shows this in place of a traceback: what is wrong is around the code, not in it.
        return [f"DataMartError: {self}"]


class BusyError(DataMartError):
    """A lock or an answer of the data mart took too long: nothing was kept, and the same may be
    tried again later.
    """


class ConflictError(ValueError):
    """A scoring id that is stored already came again with other content.

    `subscription` is one of a data mart, of a model with one feature:

    >>> from model_monitoring import ConflictError, PayloadRecord
    >>> def record(size):
    ...     request = {"fields": ["size"], "values": [[size]]}
    ...     answer = {"fields": ["score", "predicted_label"], "values": [[0.9, 1]]}
    ...     return PayloadRecord(request, answer, scoring_id="order-1")
    >>> subscription.payload_logging.store([record(1.5)]).stored
    1
    >>> try:
    ...     subscription.payload_logging.store([record(2.5)])
    ... except ConflictError as error:
    ...     print(error.scoring_ids)
    ['order-1']
    """

    def __init__(self, message: str, scoring_ids: Sequence[str]):
        super().__init__(message)
        self.scoring_ids = scoring_ids


def check_schema(schema: str) -> None:
    """Raise ValueError where text can't be the name of a data mart's schema."""
    check_text(schema, "schema")
    if len(schema.encode()) > LONGEST_NAME or schema.startswith("pg_"):
        raise ValueError(
            f"schema is {schema!r}: use 1 to {LONGEST_NAME} bytes, not beginning with pg_."
        )


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

    Everything in the URL that libpq knows is honoured: sslmode, certificates, time-outs, options.
        What it doesn't say
    is as in `time_outs`.
    """

    def __init__(self, url: str, schema: str, time_outs: TimeOuts = WORK):
        check_schema(schema)
        try:
            self._parameters = connecting.parameters(url, time_outs)
        except (psycopg2.ProgrammingError, ValueError):
            # libpq's own message may quote the password
            raise DataMartError(
                "The database URL is not one: use postgresql://user:password@host:5432/name"
            ) from None
        self._time_outs = time_outs
        self.schema = schema
        self._idle: deque[extensions.connection] = deque()
        self._reached = False

    @property
    def where(self) -> str:
        """Say which database this is, without the password."""
        parts = {"host": "localhost", "port": "5432", "dbname": "", "user": ""} | self._parameters
        return f"database {parts['dbname']!r} as user {parts['user']!r} at {parts['host']}:{parts['port']}"

    def run(
        self, work: Callable[[Cursor], T], isolation: int | None = None, once: bool = False
    ) -> T:
        """Call `work(cursor)` in one transaction and return its result.

        When the server goes away or two writers block each other, the whole of `work` is called
        again on a new transaction, so it must only touch the database. If the connection dies while
        the end of the transaction is told to the server, nobody knows whether it was kept. For work
        that may not be done twice, or would answer something else the second time, `once` has the
        server asked; this costs a round trip.

        Raises:
            DataMartError: the server can't be reached, refuses the login, or something else is
                wrong with it, or the schema isn't of this version; BusyError if a lock or an answer
                took too long.
            ValueError: a value is one that PostgreSQL can't hold.
        """
        deadline = time.monotonic() + self._time_outs.restart
        while True:
            connection, number, ending = self._take(deadline), None, False
            connection.isolation_level = isolation
            try:
                with watched(connection, self._parameters):
                    with connection.cursor() as cursor:
                        result = work(cursor)
                        if once:
                            cursor.execute("SELECT pg_current_xact_id_if_assigned()::text")
                            number = cursor.fetchone()[0]
                    ending = True
                    connection.commit()
                return result
            except psycopg2.Error as error:
                if (
                    number
                    and ending
                    and failures.is_lost(error, connection)
                    and self._was_kept(number, deadline)
                ):
                    return result
                self._go_on(error, connection, deadline, ending)
            except UnicodeEncodeError as error:
                check_text(error.object, "a text")
                raise
            finally:
                self._give_back(connection)

    def _go_on(
        self,
        error: psycopg2.Error,
        connection: extensions.connection,
        deadline: float,
        ending: bool,
    ) -> None:
        """Return if the transaction is to be tried again, else raise what the caller is told."""
        lost = failures.is_lost(error, connection)
        if lost:
            connection.close()
            self._close_idle()  # what took this connection away took those too, most often
        if (lost or isinstance(error, failures.AGAIN)) and time.monotonic() < deadline:
            time.sleep(0.1)
            return
        if failures.is_callers(error):
            raise ValueError(
                f"PostgreSQL can't hold a value: {error.diag.message_primary}. Nothing was kept."
            ) from None
        if not failures.is_told(error):
            raise error
        if error.pgcode == failures.READ_ONLY:
            connection.close()
            self._close_idle()  # after a failover the same name leads to the new primary
        problem = self._problem(error, connection)
        if lost and ending:
            problem.args = (
                f"{problem} It may have been kept all the same: look before you do it again.",
            )
        raise problem from None

    def _was_kept(self, number: str, deadline: float) -> bool:
        """Ask what became of a transaction whose connection died at its end."""
        while True:
            states = self.rows("SELECT pg_xact_status(%s::xid8) AS state", [number])
            if states[0]["state"] != "in progress" or time.monotonic() > deadline:
                return states[0]["state"] == "committed"
            time.sleep(0.1)

    def run_alone(self, statement: sql.Composable) -> None:
        """Run a statement that can't be part of a transaction, such as VACUUM, for as long as it
        takes.
        """
        connection = self._take(time.monotonic() + self._time_outs.restart)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout TO 0")
                cursor.execute(statement)
        finally:
            connection.close()  # with its settings

    def _take(self, deadline: float) -> extensions.connection:
        """Take an idle connection, or make one; wait for a server that is just starting or being
        restarted.
        """
        while True:
            with suppress(IndexError):
                return self._idle.pop()
            connection = None
            try:
                connection = connecting.connect(self._parameters)
                with (
                    watched(connection, self._parameters),
                    connection,
                    connection.cursor() as cursor,
                ):
                    connecting.prepare(cursor, self.schema, self._time_outs)
                    refuse_newer(cursor, self.schema)
                self._reached = True
                return connection
            except psycopg2.Error as error:
                said = str(error)
                passing = connecting.PASSING.search(said) or (
                    self._reached and connecting.GONE.search(said)
                )
                if not passing or time.monotonic() > deadline:
                    raise self._problem(error, None) from None
                time.sleep(0.2)

    def _give_back(self, connection: extensions.connection) -> None:
        if (
            not connection.closed
            and connection.info.transaction_status != extensions.TRANSACTION_STATUS_IDLE
        ):
            with suppress(psycopg2.Error), watched(connection, self._parameters):
                connection.rollback()
        idle = (
            not connection.closed
            and connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
        )
        if idle and len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _problem(
        self, error: psycopg2.Error, connection: extensions.connection | None
    ) -> DataMartError:
        said = failures.told(error, self.schema, self._parameters.get("password"))
        if connection is not None and error.pgcode == failures.LOCKED:
            said = f"Waited too long for {failures.waited_for(error)}. {failures.who_holds(connection, self.schema)}"
        if isinstance(error, failures.NO_SCHEMA):
            return DataMartError(said)
        kind = BusyError if error.pgcode in failures.WAITED else DataMartError
        return kind(f"PostgreSQL, {self.where}: {said}")

    # Values are bound to %s in plain statements. Where a statement holds names from outside, which
    # may hold a percent sign, values are sql.Literal and there are no parameters.

    def rows(
        self, query: str | sql.Composable, parameters: Sequence | dict = (), once: bool = False
    ) -> list[dict]:
        """Return a query's rows as dicts; see `run` for `once`."""

        def work(cursor: Cursor) -> list[dict]:
            cursor.execute(query, parameters or None)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        return self.run(work, once=once)

    def frame(self, query: str | sql.Composable, parameters: Sequence | dict = ()) -> pd.DataFrame:
        """Return a query's rows as a data frame."""

        def work(cursor: Cursor) -> pd.DataFrame:
            cursor.execute(query, parameters or None)
            names = [column.name for column in cursor.description]
            numbers = {
                c.name: float for c in cursor.description if c.type_code in extensions.FLOAT.values
            }
            return pd.DataFrame(cursor.fetchall(), columns=names).astype(numbers)

        return self.run(work)

    def execute(
        self, query: str | sql.Composable, parameters: Sequence | dict = (), once: bool = False
    ) -> None:
        """Run one statement; see `run` for `once`."""
        self.run(lambda cursor: cursor.execute(query, parameters or None), once=once)
