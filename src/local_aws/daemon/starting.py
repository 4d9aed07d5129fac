"""Start, find and stop the one background server of this checkout."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from local_aws.kept import state

IDENTITY_PATH = "/local-aws/identity"
SERVING = "serving"  # the file that a server keeps locked
_START_SECONDS = 60


def start(port: int | None = None, portal_hosts: Sequence[str] = ()) -> dict[str, Any]:
    """Start the server, or find it running; several processes may call this at once.

    Args:
        port: the port to listen on; by default the last one used if it is free, else any free one.
        portal_hosts: names by which workers' browsers reach the portal, besides 127.0.0.1; if
            empty, those of the last start.

    Returns:
        the server's `url`, `pid`, `port`, `portal` (the worker portal's port), `portal_hosts` and
        `id`.

    Raises:
        RuntimeError: the port is taken, the state directory can't be written, or the server ended
            at once.
    """
    with _lock():
        server = running()
        if server and "portal" not in server:
            raise RuntimeError(
                "An older version of the offline AWS runs here: stop it first (make stop)."
            )
        if server and port not in (None, server["port"]):
            raise RuntimeError(
                f"The offline AWS already runs on port {server['port']}: "
                f"stop it to use port {port}."
            )
        if server and not set(portal_hosts) <= set(server["portal_hosts"]):
            raise RuntimeError(
                "The offline AWS already runs, with other hosts for its portal: "
                "stop it to name more."
            )
        return server or _launch(port, portal_hosts)


def stop() -> bool:
    """Stop the server and everything it runs; return whether it was running.

    Its data is always on disk, so the process is simply ended; its containers end with it.
    """
    with _lock():
        server = running()
        if not server:
            return False
        os.kill(server["pid"], signal.SIGKILL)
        while _serves():
            time.sleep(0.01)
        return True


def running() -> dict[str, Any] | None:
    """Return what `start` returns if the server of this state directory responds, else None.

    The record alone isn't enough: another program may have the process id or the port by now.
    """
    server = state.read_json(state.root() / "server.json")
    return server if server and _serves() and _answers(server) else None


def environment() -> dict[str, str]:
    """Return the variables that point an AWS client at the running server.

    Raises:
        RuntimeError: the server isn't running.
    """
    variables = state.read_json(state.root() / "env.json")
    if not running() or variables is None:
        raise RuntimeError(
            "The offline AWS is not running: start it with `python -m local_aws start`."
        )
    return variables


@contextmanager
def _lock() -> Iterator[None]:
    """Hold the state directory's lock, so that two callers never start two servers."""
    try:
        state.root().mkdir(parents=True, exist_ok=True, mode=0o700)
        file = open(state.root() / "lock", "w")  # noqa: SIM115  closed below, after the server has started
    except OSError as error:
        raise RuntimeError(
            f"The state directory {state.root()} can't be written: {error.strerror}."
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _launch(port: int | None, portal_hosts: Sequence[str]) -> dict[str, Any]:
    """Start a server process and wait until it responds."""
    last = state.read_json(state.root() / "server.json") or {}
    identity = uuid.uuid4().hex
    # Not with -m: each container, forked by multiprocessing, would then import the server's module
    # first.
    command = [sys.executable, "-c", "from local_aws.server.process import main; main()", identity]
    command += [
        str(port or last.get("port", 0)),
        str(last.get("portal", 0)),
        "exact" if port else "any",
    ]
    command += portal_hosts or last.get("portal_hosts", [])
    # The server must not see the user's AWS settings or moto's, and web pages of other origins must
    # not read it.
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))
    }
    environment = inherited | {
        "TUTORIAL_LOCAL_DIR": str(state.root().parent),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "MOTO_DISABLE_GLOBAL_CORS": "true",
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    }
    log = state.root() / "server.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            cwd=state.REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    waiting = True
    while waiting:
        # A last look after the deadline or the end of the process
        waiting = process.poll() is None and time.monotonic() < deadline
        server = state.read_json(state.root() / "server.json") or {}
        # The record of the last server may still exist
        if server.get("id") == identity and _answers(server):
            return server
        time.sleep(0.03)
    with suppress(ProcessLookupError):
        process.kill()
    raise RuntimeError(f"The offline AWS did not start: {_last_line(log)}. Its log is {log}.")


def _last_line(log: Path) -> str:
    """Return the last line of a log."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else "it said nothing"


def _serves() -> bool:
    """Say whether a server holds its lock, which it keeps until it ends."""
    try:
        with open(state.root() / SERVING, "a") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass  # there is no state directory
    return False


def _answers(server: dict[str, Any]) -> bool:
    """Say whether the program on a record's port has the record's identity."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{server['port']}{IDENTITY_PATH}", timeout=5) as answer:
            return json.load(answer)["id"] == server["id"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return False
