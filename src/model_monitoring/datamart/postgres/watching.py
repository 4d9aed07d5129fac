"""Cutting off connections to a server that no longer responds.

If a server vanished, TCP notices. But a connection through a proxy, or to a process that hangs,
looks alive, and libpq has no time limit for responses: a client would wait forever. So if something
takes long, the server is tried over another connection. If that fails too, the waiting connection
is cut off.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping

import psycopg2
from psycopg2 import extensions

from model_monitoring.datamart.postgres import connecting

LONG = 5.0  # seconds, after which a server is tried, and then repeatedly
FOREVER = 10  # seconds, for a URL that sets connect_timeout=0
_watched: dict[extensions.connection, tuple[float, Mapping[str, str]]] = {}
_lock = threading.Lock()
_thread: threading.Thread | None = None


@contextlib.contextmanager
def watched(connection: extensions.connection, parameters: Mapping[str, str]) -> Iterator[None]:
    """While the block runs, cut its connection off if the server no longer responds."""
    global _thread
    with _lock:
        _watched[connection] = time.monotonic() + LONG, parameters
        # One thread for all connections; a forked process has none
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_watch, name="data mart watch", daemon=True)
            _thread.start()
    try:
        yield
    finally:
        with _lock:
            del _watched[connection]


def _watch() -> None:
    while True:
        time.sleep(1)
        now = time.monotonic()
        with _lock:
            overdue = [(each, where) for each, (when, where) in _watched.items() if when < now]
        tried: dict[str, bool] = {}
        for connection, where in overdue:
            server = str(sorted(where.items()))
            if server not in tried:
                tried[server] = _answers(where)
            _settle(connection, where, tried[server])


def _settle(connection: extensions.connection, where: Mapping[str, str], alive: bool) -> None:
    with _lock:
        if connection not in _watched:
            return
        _watched[connection] = time.monotonic() + LONG, where
        if not alive:
            with (
                contextlib.suppress(OSError, psycopg2.Error),
                socket.socket(fileno=os.dup(connection.fileno())) as own,
            ):
                own.shutdown(socket.SHUT_RDWR)


def _answers(parameters: Mapping[str, str]) -> bool:
    """Tell whether a server lets us in or says why not.

    Returns False if it says nothing for connect_timeout seconds.
    """
    limit = int(parameters["connect_timeout"]) or FOREVER
    began = time.monotonic()
    try:
        connecting.connect({**parameters, "connect_timeout": str(limit)}).close()
    except psycopg2.OperationalError:
        return time.monotonic() - began < 0.9 * limit
    return True


def _forget() -> None:
    """Start over in a forked process.

    It has none of the threads, and maybe a lock that one of them held.
    """
    global _lock, _thread
    _lock, _thread = threading.Lock(), None
    _watched.clear()


os.register_at_fork(after_in_child=_forget)
