"""The container processes that run now, recorded so that none outlives its server, not even one ended by kill -9."""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from helpers.local_aws import state
from helpers.local_aws.containers.launcher import Process, launch

_running: dict[int, Process] = {}
_lock = threading.Lock()


def start(module: str, verb: str, environment: dict[str, str], log: Path, arguments: Sequence[str] = ()) -> Process:
    """Launch a container process that can call the offline AWS, and record it."""
    client = state.read_json(state.root() / "env.json")
    with _lock:
        process = launch(module, verb, client | environment, log, arguments)
        _running[process.pid] = process
        _record(process.pid).parent.mkdir(exist_ok=True)
        _record(process.pid).touch()
    return process


def end(process: Process) -> None:
    """Kill a process with all it started, if it still runs, and forget it."""
    process.kill()
    process.wait(10)
    with _lock:
        _running.pop(process.pid, None)
        _record(process.pid).unlink(missing_ok=True)


def end_all() -> None:
    """Kill every container process."""
    for process in list(_running.values()):
        end(process)


def end_leftovers() -> None:
    """Kill the container processes that a server ended by kill -9 left behind."""
    for record in (state.root() / "processes").glob("*"):
        command = subprocess.run(["ps", "-o", "command=", "-p", record.name], capture_output=True, text=True).stdout
        if "helpers.local_aws.containers" in command:  # else the process is gone and its id another program's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(int(record.name), signal.SIGKILL)
        record.unlink()


def _record(pid: int) -> Path:
    """Return the file that says a process was started."""
    return state.root() / "processes" / str(pid)
