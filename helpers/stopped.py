"""One clear sentence in a notebook whose offline AWS or embedded PostgreSQL was stopped
meanwhile.
"""

import builtins
import os
import socket
from collections.abc import Iterator
from http.client import HTTPException
from types import TracebackType
from urllib.parse import urlsplit

import psycopg2

_AWS, _POSTGRESQL = "the offline AWS", "the embedded PostgreSQL"
# What losing each of them raises
_SIGNS = {_AWS: (ConnectionError, HTTPException), _POSTGRESQL: (psycopg2.Error,)}
_SECONDS = 3  # for a service of this machine to answer


class ServiceStoppedError(RuntimeError):
    """A service that `workspace.open()` started was stopped; the message says how to start it
    again.
    """

    def _render_traceback_(self) -> list[str]:
        # Jupyter shows this in place of a traceback.
        return [f"ServiceStoppedError: {self}"]


def explain_in_notebook(database_url: str | None) -> None:
    """From now on, show an error whose reason is a stopped service as one sentence; outside
    Jupyter, do nothing.

    This is done where errors are shown, as calls are made by many clients: boto3's, the SageMaker
        SDK's, psycopg2.

    Args:
        database_url: the embedded PostgreSQL's; None if the database is the user's own.
    """

    def show(
        shell: object,
        kind: type,
        error: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,
    ) -> None:
        if stopped := find_stopped(error, database_url):
            names = " and ".join(stopped)
            sentence = f"{names[:1].upper()}{names[1:]} {'was' if len(stopped) == 1 else 'were'} stopped: run the cell"
            error = ServiceStoppedError(
                f"{sentence} with workspace.open() again, or make lab and start from the top."
            )
            kind = ServiceStoppedError
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=True)

    if shell := getattr(builtins, "get_ipython", lambda: None)():
        shell.set_custom_exc((Exception,), show)


def find_stopped(error: BaseException, database_url: str | None) -> list[str]:
    """Name the services that an error comes from and that are down; none for any other error."""
    reasons = list(_reasons(error))
    suspects = {
        name
        for name, signs in _SIGNS.items()
        if any(isinstance(reason, signs) for reason in reasons)
    }
    if not suspects:
        return []
    up = {
        _AWS: _listens(os.environ["AWS_ENDPOINT_URL"]),
        _POSTGRESQL: not database_url or _accepts(database_url),
    }
    down = [name for name, is_up in up.items() if not is_up]
    return down if suspects.intersection(down) else []


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it was raised from, also what `from None` hides."""
    seen, waiting = set(), [error]
    while waiting:
        reason = waiting.pop()
        if reason is not None and id(reason) not in seen:
            seen.add(id(reason))
            yield reason
            waiting += [reason.__cause__, reason.__context__]


def _listens(url: str) -> bool:
    """Tell whether anything listens where a URL points."""
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), _SECONDS).close()
    except OSError:
        return False
    return True


def _accepts(url: str) -> bool:
    """Tell whether a PostgreSQL server lets this process in."""
    try:
        psycopg2.connect(url, connect_timeout=_SECONDS).close()
    except psycopg2.Error:
        return False
    return True
