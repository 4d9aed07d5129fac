"""Start a container's process: one call, one process group."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


class Process:
    """A running container, with `subprocess.Popen`'s semantics over its whole process group."""

    def __init__(self, popen: subprocess.Popen):
        self._popen = popen
        self.pid = popen.pid

    def poll(self) -> int | None:
        """Return the exit code (negative: the signal that ended it), or None while it runs."""
        return self._popen.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code; raises subprocess.TimeoutExpired after `timeout` seconds."""
        return self._popen.wait(timeout)

    def terminate(self) -> None:
        """Ask the process and all it started to end (SIGTERM)."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and all it started at once (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def launch(module: str, verb: str, environment: dict[str, str], log: Path, arguments: Sequence[str] = ()) -> Process:
    """Start `python -m helpers.local_aws.containers.<module> <verb> *arguments` in its own session.

    `environment` is the child's whole environment but for what Python itself needs; stdout and stderr go to `log`.
    """
    command = [sys.executable, "-m", f"helpers.local_aws.containers.{module}", verb, *arguments]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    with open(log, "ab", buffering=0) as output:
        popen = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=kept | {"PYTHONUNBUFFERED": "1"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Process(popen)
