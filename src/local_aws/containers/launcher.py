"""Start containers as forks of a process that has already imported the slow libraries.

Importing scikit-learn and xgboost takes seconds, and each copy of them takes 180 MB. The standard
library's fork server (multiprocessing) pays this once. It starts with the first `launch` or
`preload`, is a child of this process and dies with it. So do the containers, even if this process
is killed. On macOS, where forking after such imports is unsafe, it imports nothing beforehand.
"""

import atexit
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import connection, forkserver
from pathlib import Path

from .base import contract

_PACKAGE = __name__.rpartition(".")[0]
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
_CONTEXT = multiprocessing.get_context("forkserver")
if sys.platform == "linux":
    _CONTEXT.set_forkserver_preload(
        [f"{_PACKAGE}.linear_learner.container", f"{_PACKAGE}.xgboost.container"]
    )
# The fork server inherits these. With threads that spin while they wait, parallel jobs were three
# times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Multiprocessing's start() and poll() read exit codes, which can be read only once
_LOCK = threading.Lock()


class Process:
    """A running container, with the interface of `subprocess.Popen`; signals reach all of it."""

    def __init__(self, process: multiprocessing.process.BaseProcess):
        self._process = process
        self.pid: int = process.pid

    def poll(self) -> int | None:
        """Return the exit code (negative: the signal that ended it), or None while it runs."""
        with _LOCK:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code; raises subprocess.TimeoutExpired after `timeout` seconds."""
        if not connection.wait([self._process.sentinel], timeout):
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self.poll()

    def terminate(self) -> None:
        """Ask the process and all its children to end (SIGTERM)."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and all its children at once (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # ended meanwhile
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:  # it isn't the leader of a group yet
                if self.poll() is None:
                    os.kill(self.pid, number)


@atexit.register
def _end_all() -> None:
    """End the containers that still run when this process ends; multiprocessing would wait."""
    with _LOCK:
        running = multiprocessing.active_children()
    for process in running:
        Process(process).kill()


def preload() -> None:
    """Import the libraries in the background, so that the first `launch` doesn't have to wait."""
    with _LOCK:
        forkserver.ensure_running()


def launch(
    module: str, verb: str, environment: dict[str, str], log: Path, arguments: Sequence[str] = ()
) -> Process:
    """Run a verb of a module of this package as a process in its own session.

    `environment` is its whole environment except for PATH, HOME, LANG and TMPDIR. Its output is
    appended to `log`. The first call waits for the imports (about two seconds). Any thread may call
    this.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    arguments = (f"{_PACKAGE}.{module}", [verb, *arguments], inherited | environment, str(log))
    process = _CONTEXT.Process(target=_run, args=arguments, name=f"{module} {verb}", daemon=True)
    with _LOCK:
        process.start()
    return Process(process)


def _run(module: str, arguments: list[str], environment: dict[str, str], log: str) -> None:
    """Become the container: the body of the forked process."""
    os.setsid()
    descriptor = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(descriptor, stream.fileno())
        stream.reconfigure(line_buffering=True)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    contract.main(importlib.import_module(module).VERBS, arguments)


def _die_with_parent() -> None:
    """End this process and all its children when the launcher ends, however it ends."""
    multiprocessing.parent_process().join()
    os.killpg(os.getpgrp(), signal.SIGKILL)
