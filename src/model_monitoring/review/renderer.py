"""The process that renders templates: it loads the slow libraries once, and forks workers.

`sandbox.py` starts it with a socket as its standard input. Over that socket it receives the
connections of requests; it ends when the socket closes. It reads no request itself, so no template
can block it.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from . import wire, worker

AT_ONCE = 8  # workers; each may take worker.MEMORY
IDLE = 2  # workers kept for the next request
WAITING = 200  # requests that may wait for a worker
WALL = 10.0  # seconds per request on a busy machine, for its worker.CPU_SECONDS
COURTESY = 0.5  # seconds; longer work gives way to short work
PATIENCE = 2.0  # seconds that a request always has, even if AT_ONCE are running and more wait
LOW = 5  # of priorities from 0 to 19: short work goes first, but long work continues
TICK = 0.1  # seconds between two looks at the clock, while there is work

LIMIT = "The template reached its time limit"
SLOW = f"{LIMIT} ({WALL:.0f} seconds on a busy machine): make it do less."
DISPLACED = f"{LIMIT} ({PATIENCE:.0f} seconds while many others wait): try again in a moment."
BUSY = "Too many templates are being rendered at once: try again in a moment."


@dataclass
class Worker:
    """A fork: the connection of its request, and why it was killed, if it was."""

    control: socket.socket
    connection: socket.socket | None = None
    started: float = 0.0
    verdict: str = ""
    is_polite: bool = False


def main() -> None:
    """Serve until the socket closes, then end at once with all workers."""
    control = socket.socket(fileno=0)
    ended, wakeup = socket.socketpair()
    for end in (ended, wakeup):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    worker.warm_up()
    gc.freeze()  # a collection in a fork would copy all of it
    workers: dict[int, Worker] = {}
    waiting: deque[socket.socket] = deque()
    while True:
        busy = {each.control: pid for pid, each in workers.items() if each.connection}
        ready, _, _ = select.select([control, ended, *busy], [], [], TICK if busy else None)
        for done in busy.keys() & {*ready}:
            _rest(workers, busy[done])
        if ended in ready:
            ended.recv(1024)
        if control in ready:
            connection = wire.take(control)
            if connection is None:
                break
            if len(waiting) < WAITING:
                waiting.append(connection)
            else:
                _end(connection, BUSY)
        _bury(workers)
        _hurry(workers, len(waiting))
        while waiting and (free := _free(workers)):
            _begin(free, waiting.popleft())
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _free(workers: dict[int, Worker]) -> Worker | None:
    """Return a free worker, or a new one unless there are AT_ONCE already."""
    for each in workers.values():
        if each.connection is None and not each.verdict:
            return each
    if len(workers) == AT_ONCE:
        return None
    ours, theirs = socket.socketpair()
    with theirs:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(theirs.fileno(), 0)
            # A connection of another request can't end while this fork also holds it.
            os.closerange(3, 3 + 2 * WAITING)
            worker.serve()
    return workers.setdefault(pid, Worker(ours))


def _begin(free: Worker, connection: socket.socket) -> None:
    free.connection, free.started = connection, time.monotonic()
    with suppress(ConnectionError):  # it was killed from outside: see _bury
        wire.give(free.control, connection)


def _rest(workers: dict[int, Worker], pid: int) -> None:
    """Note that a worker has answered; it stays for the next request or is dismissed."""
    done = workers[pid]
    with suppress(ConnectionError):
        if not done.control.recv(1):  # ended: see _bury
            return
    _end(done.connection)
    done.connection = None
    idle = [each for each in workers.values() if each.connection is None]
    if done.is_polite or len(idle) > IDLE:
        _kill(pid, done, "let go")


def _bury(workers: dict[int, Worker]) -> None:
    """Note workers that have ended; if one was working, say why it ended."""
    for pid in list(workers):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            dead = workers.pop(pid)
            dead.control.close()
            if dead.connection:
                code = os.waitstatus_to_exitcode(status)
                _end(dead.connection, dead.verdict or worker.cause(code))


def _hurry(workers: dict[int, Worker], waiting: int) -> None:
    """Lower the priority of long work; kill a worker that takes too long."""
    now, is_full = time.monotonic(), len(workers) == AT_ONCE
    busy = [(pid, each) for pid, each in workers.items() if each.connection and not each.verdict]
    for pid, each in sorted(busy, key=lambda one: one[1].started):
        taken = now - each.started
        if taken > WALL:
            _kill(pid, each, SLOW)
        elif taken > PATIENCE and is_full and waiting > 0:
            _kill(pid, each, DISPLACED)
            waiting -= 1
        elif taken > COURTESY and not each.is_polite:
            each.is_polite = True
            os.setpriority(os.PRIO_PROCESS, pid, LOW)


def _kill(pid: int, condemned: Worker, verdict: str) -> None:
    condemned.verdict = verdict
    os.kill(pid, signal.SIGKILL)


def _end(connection: socket.socket, why: str = "") -> None:
    """End a connection, with a refusal if there was no answer."""
    connection.setblocking(False)
    with connection, suppress(OSError):
        if why:
            connection.send(wire.pack({"refused": why}, wire.ANSWER_LIMIT))


if __name__ == "__main__":
    sys.exit(main())
