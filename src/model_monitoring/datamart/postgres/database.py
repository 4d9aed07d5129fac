"""Connections to PostgreSQL: one transaction per piece of work.

If the server was restarted, the work is tried again.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import pandas as pd
import psycopg2
from psycopg2 import extensions, sql

from model_monitoring.datamart.postgres import connecting, failures
from model_monitoring.datamart.postgres.connecting import WORK, TimeOuts
from model_monitoring.datamart.postgres.errors import BusyError, DataMartError
from model_monitoring.datamart.postgres.results import frame_of
from model_monitoring.datamart.postgres.schema import check_schema, refuse_newer
from model_monitoring.datamart.postgres.texts import check_text
from model_monitoring.datamart.postgres.watching import watched

T = TypeVar("T")
Cursor = extensions.cursor
IDLE_CONNECTIONS = 8  # kept open for the next piece of work


class Database:
    """A PostgreSQL database, and the one schema in it that holds a data mart.

    Everything that libpq understands in the URL is used: sslmode, certificates, time-outs, options.
    `time_outs` apply to what the URL doesn't set.
    """

    def __init__(self, url: str, schema: str, time_outs: TimeOuts = WORK):
        check_schema(schema)
        self._parameters = connecting.parameters(url, time_outs)
        self._time_outs = time_outs
        self.schema = schema
        self._idle: deque[extensions.connection] = deque()
        self._reached = False

    @property
    def where(self) -> str:
        """The database's name, user, host and port, without the password."""
        parts = {"host": "localhost", "port": "5432", "dbname": "", "user": ""} | self._parameters
        return (
            f"database {parts['dbname']!r} as user {parts['user']!r} at"
            f" {parts['host']}:{parts['port']}"
        )

    def run(
        self, work: Callable[[Cursor], T], isolation: int | None = None, once: bool = False
    ) -> T:
        """Call `work(cursor)` in one transaction and return its result.

        If the server goes away or two writers block each other, `work` is called again in a new
        transaction, so it must only touch the database. If the connection dies during the commit,
        it isn't known whether the commit succeeded. `once` asks the server then; it is for work
        that must not be done twice, or would return another result the second time. It costs a
        round trip.

        Raises:
            DataMartError: the server can't be reached, refuses the login or has another problem, or
                the schema isn't of this version; BusyError if a lock or a statement took too long.
            ValueError: PostgreSQL can't hold a value.
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
                check_text(error.object, "a string")
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
        """Return if the transaction is to be tried again, else raise the caller's error."""
        lost = failures.is_lost(error, connection)
        if lost:
            connection.close()
            self._close_idle()  # they most likely died for the same reason
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
            self._close_idle()  # after a failover, the same name leads to the new primary
        problem = self._problem(error, connection)
        if lost and ending:
            problem.args = (
                f"{problem} It may have been stored all the same: check before you do it again.",
            )
        raise problem from None

    def _was_kept(self, number: str, deadline: float) -> bool:
        """Ask whether a transaction was committed whose connection died during the commit."""
        while True:
            states = self.rows("SELECT pg_xact_status(%s::xid8) AS state", [number])
            if states[0]["state"] != "in progress" or time.monotonic() > deadline:
                return states[0]["state"] == "committed"
            time.sleep(0.1)

    def run_alone(self, statement: sql.Composable) -> None:
        """Run a statement that can't be part of a transaction, such as VACUUM.

        It has no time limit.
        """
        connection = self._take(time.monotonic() + self._time_outs.restart)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout TO 0")
                cursor.execute(statement)
        finally:
            connection.close()  # because its settings were changed

    def _take(self, deadline: float) -> extensions.connection:
        """Take an idle connection, or open one.

        It waits for a server that is just starting or restarting.
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
            said = (
                f"Waited too long for {failures.waited_for(error)}."
                f" {failures.who_holds(connection, self.schema)}"
            )
        if isinstance(error, failures.NO_SCHEMA):
            return DataMartError(said)
        kind = BusyError if error.pgcode in failures.WAITED else DataMartError
        return kind(f"PostgreSQL, {self.where}: {said}")

    # In plain statements, values are bound to %s. Names from users may contain a percent sign, so
    # the values of a statement with such names are sql.Literal, and it has no parameters.

    def rows(
        self, query: str | sql.Composable, parameters: Sequence | dict = (), once: bool = False
    ) -> list[dict]:
        """Return a query's rows as dicts; see `run` for `once`."""

        def work(cursor: Cursor) -> list[dict]:
            cursor.execute(query, parameters or None)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        return self.run(work, once=once)

    def frame(
        self, query: str | sql.Composable, parameters: Sequence | dict = (), exact: bool = False
    ) -> pd.DataFrame:
        """Return a query's rows as a data frame.

        If `exact`, whole numbers stay so beside missing ones (pandas' Int64), beyond 2^53 too.
        """

        def work(cursor: Cursor) -> pd.DataFrame:
            cursor.execute(query, parameters or None)
            return frame_of(cursor, exact)

        return self.run(work)

    def execute(
        self, query: str | sql.Composable, parameters: Sequence | dict = (), once: bool = False
    ) -> None:
        """Run one statement; see `run` for `once`."""
        self.run(lambda cursor: cursor.execute(query, parameters or None), once=once)
