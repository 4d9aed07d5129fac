"""One run of the notebooks at a time in a checkout: `make run` and `make render` hold a lock on
build/run.lock.

The kernel frees the lock when its holder ends, however it does. `python -m helpers.run_lock` fails
while it is held, which keeps `make clean` from deleting what a run is writing.
"""

import fcntl
import json
import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

BUILD = Path(__file__).parent.parent / "build"


@contextmanager
def hold(command: str, build: Path = BUILD) -> Iterator[None]:
    """Hold the lock of a build folder while the body runs; `command` tells others what is running.

    Raises:
        SystemExit: another run holds it, which the message names, or the folder can't be written.
    """
    try:
        build.mkdir(parents=True, exist_ok=True)
        file = open(build / "run.lock", "a+")  # noqa: SIM115  closed below, after the run
    except OSError as error:
        refuse_if_held(build)  # another user's run, most likely
        sys.exit(f"{build} can't be written: {error.strerror}.")
    with file:
        _lock(file, fcntl.LOCK_EX)
        holder = {
            "command": command,
            "user": _user(),
            "pid": os.getpid(),
            "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
        }
        file.truncate(0)
        json.dump(holder, file)
        file.flush()
        yield


def refuse_if_held(build: Path = BUILD) -> None:
    """Raise SystemExit, naming the run, if one holds the lock; change nothing."""
    with suppress(FileNotFoundError), open(build / "run.lock") as file:
        _lock(file, fcntl.LOCK_SH)


def _lock(file: TextIO, kind: int) -> None:
    """Lock an open file until it is closed, or raise SystemExit with what its holder wrote
    into it.
    """
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        try:
            holder = json.load(file)
        except ValueError:  # it has the lock since a moment ago
            sys.exit("Notebooks are running in this checkout already: wait until they end.")
        sys.exit(
            "Notebooks are running in this checkout already: {command}, by {user}, process {pid}, since {since}."
            " Wait until they end, or end them with: kill {pid}".format(**holder)
        )


def _user() -> str:
    """Name this process's user; an account without a name, usual in containers, goes by its
    number.
    """
    with suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_name
    return f"user {os.getuid()}"


if __name__ == "__main__":
    refuse_if_held()
