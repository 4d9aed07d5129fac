"""One run of the notebooks at a time: `make run` and `make render` hold a lock, build/run.lock.

`python -m helpers.run_lock` fails while it is held, so that `make clean` deletes nothing that a run
is writing. Standard library only: `make install` checks the lock before it installs a package.
"""

import fcntl
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

    Raises SystemExit if another run holds it, naming that run, or if the folder can't be written.
    """
    try:
        build.mkdir(parents=True, exist_ok=True)
        file = open(build / "run.lock", "a+")  # noqa: SIM115  closed below, after the run
    except OSError as error:
        refuse_if_held(build)  # another user's run, most likely
        sys.exit(f"{build} can't be written: {error.strerror}.")
    with file:
        _lock(file, fcntl.LOCK_EX)
        user = f"user {os.getuid()}"
        with suppress(KeyError):  # accounts without a name are common in containers
            user = pwd.getpwuid(os.getuid()).pw_name
        file.truncate(0)
        file.write(f"{command}, by {user}, process {os.getpid()}, ")
        file.write(f"since {datetime.now():%Y-%m-%d %H:%M:%S}. ")
        file.write(f"Wait until they end, or end them with: kill {os.getpid()}")
        file.flush()
        yield


def refuse_if_held(build: Path = BUILD) -> None:
    """Raise SystemExit, naming the run, if one holds the lock; change nothing."""
    with suppress(FileNotFoundError), open(build / "run.lock") as file:
        _lock(file, fcntl.LOCK_SH)


def _lock(file: TextIO, kind: int) -> None:
    """Lock an open file until it is closed; if it is locked, raise SystemExit naming the holder."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read() or "wait until they end."  # empty: locked a moment ago
        sys.exit(f"Notebooks are running in this checkout already: {holder}")


if __name__ == "__main__":
    refuse_if_held()
