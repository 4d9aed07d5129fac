"""Ending what waits for a server that answers nobody any more.

A server that vanished acknowledges nothing, and TCP finds that out. Behind a proxy or a stopped
process connections look alive, and a client would wait for good: libpq has no time-out of its own
for an answer. So whatever takes long has its server tried from another connection, and is cut off
if that one isn't let in either.
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

LONG = 5.0  # seconds, after which a server is tried, and again and again
FOREVER = 10  # seconds, for a URL that sets connect_timeout=0
_watched: dict[extensions.connection, tuple[float, Mapping[str, str]]] = {}
_lock = threading.Lock()
_thread: threading.Thread | None = None


@contextlib.contextmanager
def watched(connection: extensions.connection, parameters: Mapping[str, str]) -> Iterator[None]:
    """Cut a connection off, while the block runs, if its server answers nobody any more."""
    global _thread
    with _lock:
        _watched[connection] = time.monotonic() + LONG, parameters
        # One for all, and none in a process that was forked
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
    """Tell whether a server lets us in or says why not; False if it says nothing for
    connect_timeout seconds.
    """
    limit = int(parameters["connect_timeout"]) or FOREVER
    began = time.monotonic()
    try:
        connecting.connect({**parameters, "connect_timeout": str(limit)}).close()
    except psycopg2.OperationalError:
        return time.monotonic() - began < 0.9 * limit
    return True


def _forget() -> None:
    """Begin anew in a forked process, which has none of the threads and maybe a lock that one of
    them held.
    """
    global _lock, _thread
    _lock, _thread = threading.Lock(), None
    _watched.clear()


os.register_at_fork(after_in_child=_forget)
