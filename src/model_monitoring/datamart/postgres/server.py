"""The embedded PostgreSQL server.

A data directory has one server, which all processes share.
"""

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2

from model_monitoring.datamart.postgres import programs

BINARIES = programs.BINARIES  # for users of psql or pg_dump
SOCKET_PREFIX = "datamart-"
# Bytes; a socket's whole path must stay under 104 on macOS, 108 on Linux
LONGEST_SOCKET_DIRECTORY = 80
# These keep values out of the log: statements, their parameters, and the rows and keys that the
# details of an error quote.
NO_VALUES_LOGGED = " ".join(
    f"-c {setting}"
    for setting in (
        "log_error_verbosity=terse",
        "log_min_error_statement=panic",
        "log_parameter_max_length=0",
        "log_parameter_max_length_on_error=0",
    )
)
PATIENCE = 60.0  # seconds; only recovery after a crash takes nearly as long


def start(directory: Path) -> str:
    """Start the server of a data directory, or find it running, and return its URL.

    The directory is created on first use. The server outlives the calling process; `stop` ends it.
    Any number of processes may call this at once. The server only listens on a unix socket in a
    private directory, never on the network.

    Raises:
        RuntimeError: the server doesn't start; the message has the end of its log.
    """
    directory = Path(directory).absolute()
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _locked(directory):
        url = _running_url(directory)
        if url and _answers(url):
            return url
        if not (directory / "PG_VERSION").exists():
            _create(directory)
        return _launch(directory)


def stop(directory: Path) -> None:
    """Stop the server of a data directory; do nothing if it isn't running."""
    directory = Path(directory).absolute()
    if not directory.exists():
        return
    with _locked(directory):
        sockets = _pid_file(directory)[1]
        if _postmaster(directory):
            programs.run("pg_ctl", directory, "stop", "-m", "fast", "-w", "-t", str(int(PATIENCE)))
        _remove_socket_directory(sockets)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, which the kernel releases if this process dies."""
    with open(directory.with_name(directory.name + ".lock"), "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _create(directory: Path) -> None:
    """Create a data directory, under another name first: a crash must not leave half of one."""
    if directory.exists() and any(directory.iterdir()):
        raise RuntimeError(
            f"{directory} is not a PostgreSQL data directory and not empty: choose another folder."
        )
    fresh = directory.with_name(directory.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if os.geteuid() == 0:
        account = programs.system_account()
        os.chown(fresh, account.pw_uid, account.pw_gid)
    options = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
    programs.run("initdb", fresh, *options)
    fresh.rename(directory)  # replaces an empty folder of that name, if there is one


def _launch(directory: Path) -> str:
    """Start the server and wait until it responds; first remove what a killed one left behind."""
    deadline = time.monotonic() + PATIENCE
    problem = ""
    while time.monotonic() < deadline:
        if not _postmaster(directory):
            _clear_stale_files(directory)
            sockets = _socket_directory(directory)
            # listen on this socket only, not on the network
            options = (
                f"-h '' -k {shlex.quote(str(sockets))} -c timezone=UTC -c log_timezone=UTC"
                f" {NO_VALUES_LOGGED}"
            )
            log = f"{programs.place_of(directory)}/server.log"
            try:
                programs.run(
                    "pg_ctl", directory, "start", "-l", log, "-w", "-t", "15", "-o", options
                )
            # The usual reason: children of a killed server still hold its memory
            except RuntimeError as error:
                problem = str(error)
        url = _running_url(directory)
        if url and _answers(url):
            return url
        time.sleep(0.2)
    log = (
        (directory / "server.log").read_text(errors="replace")[-1500:]
        if (directory / "server.log").exists()
        else ""
    )
    raise RuntimeError(f"PostgreSQL in {directory} does not start. {problem}\n{log}")


def _pid_file(directory: Path) -> tuple[int | None, Path | None]:
    """Read process id and socket directory from postmaster.pid, if the file is complete."""
    with suppress(FileNotFoundError):
        lines = (directory / "postmaster.pid").read_text().splitlines()
        if lines and lines[0].strip().isdigit():
            return int(lines[0]), Path(lines[4]) if len(lines) > 4 and lines[4] else None
    return None, None


def _postmaster(directory: Path) -> psutil.Process | None:
    """Find the server's process; the id in a stale file may belong to another program by now."""
    pid, _ = _pid_file(directory)
    with suppress(psutil.Error):
        process = psutil.Process(pid) if pid else None
        if process and process.status() != psutil.STATUS_ZOMBIE and _serves(process, directory):
            return process
    return None


def _serves(process: psutil.Process, directory: Path) -> bool:
    command = process.cmdline()
    if programs.WORKING in command and process.name() == "postgres":
        return Path(process.cwd()) == directory.resolve()
    return str(directory) in command


def _running_url(directory: Path) -> str | None:
    sockets = _pid_file(directory)[1]
    return (
        f"postgresql://postgres@/postgres?host={quote(str(sockets), safe='')}" if sockets else None
    )


def _answers(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def _clear_stale_files(directory: Path) -> None:
    _remove_socket_directory(_pid_file(directory)[1])
    for leftover in [directory / "postmaster.pid", *directory.glob(".s.PGSQL.*")]:
        leftover.unlink(missing_ok=True)


def _remove_socket_directory(sockets: Path | None) -> None:
    if sockets and sockets.name.startswith(SOCKET_PREFIX):
        shutil.rmtree(sockets, ignore_errors=True)


def _socket_directory(directory: Path) -> Path:
    """Choose the folder of the socket.

    It is the data directory, or a private temporary folder if that path is too long or has odd
    characters.
    """
    plain = re.fullmatch(r"[\w./+-]+", str(directory), re.ASCII) and programs.place_of(
        directory
    ) == str(directory)
    if plain and len(os.fsencode(directory)) <= LONGEST_SOCKET_DIRECTORY:
        return directory
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if len(os.fsencode(place)) <= LONGEST_SOCKET_DIRECTORY - 20 and programs.reaches(
            Path(place)
        ):
            break
    # The same at each start, so that the URL stays valid.
    sockets = (
        Path(place) / f"{SOCKET_PREFIX}{hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]}"
    )
    owner = programs.system_account().pw_uid if os.geteuid() == 0 else os.geteuid()
    with suppress(FileExistsError):
        sockets.mkdir(mode=0o700)
        os.chown(sockets, owner, -1)
    found = sockets.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077:
        return sockets
    raise RuntimeError(
        f"{sockets} belongs to another user, so PostgreSQL's socket can't be put there: remove it."
    )
