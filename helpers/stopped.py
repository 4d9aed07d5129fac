"""Show one clear sentence in a notebook if a service was stopped or a lesson was left out."""

import builtins
import os
import socket
from collections.abc import Callable
from http.client import HTTPException
from urllib.parse import urlsplit

import psycopg2

from helpers import order

_AWS, _POSTGRESQL = "the offline AWS", "the embedded PostgreSQL"
# The errors that clients raise when each service is down
_SIGNS = {_AWS: (ConnectionError, HTTPException), _POSTGRESQL: (psycopg2.Error,)}
_SECONDS = 3  # in which a service on this machine must respond


class SentenceError(RuntimeError):
    """An error that Jupyter shows without a traceback: its cause isn't in the code."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class ServiceStoppedError(SentenceError):
    """A service that `workspace.open()` started was stopped; the message says how to go on."""


def explain_in_notebook(database_url: str | None) -> None:
    """From now on, show an error that comes from a stopped service or a left-out lesson so.

    Jupyter does this for all cells, whichever client makes the call.
    `database_url` is the embedded PostgreSQL's; None if the database is the user's own.
    """

    def show(shell, kind, error, trace, tb_offset=None) -> None:
        if stopped := find_stopped(error, database_url):
            names = " and ".join(stopped).replace("the", "The", 1)
            verb = "was" if len(stopped) == 1 else "were"
            kind = ServiceStoppedError
            error = ServiceStoppedError(
                f"{names} {verb} stopped: run the cell with workspace.open() again, "
                "or run make lab and start from the top."
            )
        elif sentence := order.run_first(error):
            kind, error = SentenceError, SentenceError(sentence)
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=True)

    if shell := getattr(builtins, "get_ipython", lambda: None)():
        shell.set_custom_exc((Exception,), show)


def find_stopped(error: BaseException, database_url: str | None) -> list[str]:
    """Return the names of the services that are down if one of them caused the error, else none."""
    chain = []  # the error and its causes, also those that `from None` hides
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    lost = {name for name, signs in _SIGNS.items() if any(isinstance(e, signs) for e in chain)}
    if not lost or "AWS_ENDPOINT_URL" not in os.environ:
        return []
    address = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    down = []
    if not _answers(socket.create_connection, (address.hostname, address.port), _SECONDS):
        down.append(_AWS)
    if database_url and not _answers(psycopg2.connect, database_url, connect_timeout=_SECONDS):
        down.append(_POSTGRESQL)
    return down if lost.intersection(down) else []


def _answers(connect: Callable, *arguments: object, **keywords: object) -> bool:
    try:
        connect(*arguments, **keywords).close()
    except (OSError, psycopg2.Error):
        return False
    return True
