"""Redirect scripts that use /opt/ml to their job's private root, because there is no container.

Where a path begins with `/opt/ml`, that part is replaced by the private root: in the command, in
the environment, and in the text of the job's own copies of the scripts (`.py`, `.sh`) and of the
source archives among its inputs. So a script may write its paths as on AWS,
"/opt/ml/processing/input/data.csv", take them as arguments, or read them from SM_* and OPT_ML. It
must not build them from pieces (os.path.join("/opt", "ml")) or read them from a data file.
"""

import gzip
import os
import re
import shutil
import sys
import tarfile
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path

from ..base.archives import unpack
from ..base.contract import ClientError, opt_ml

_OPT_ML = re.compile(r"((?<![\w./-])|(?<=file://))/opt/ml(?![\w.-])")
_PLAIN = re.compile(r"[\w./-]+", re.ASCII)
_SUFFIXES = (".py", ".sh")


def find_root() -> str:
    """Find a name for the private root that needs no quotes in a shell script."""
    return _plain_name(opt_ml().resolve())


def _plain_name(folder: Path) -> str:
    """Return a folder's name if it needs no quotes in a shell script, else that of a link to it.

    The link is removed when this process ends.
    """
    if _PLAIN.fullmatch(str(folder)):
        return str(folder)
    place = tempfile.gettempdir()
    links = Path(
        tempfile.mkdtemp(prefix="opt-ml-", dir=place if _PLAIN.fullmatch(place) else "/tmp")
    )
    # Unlike atexit's, it is also called in forked processes
    Finalize(None, shutil.rmtree, [links, True], exitpriority=0)
    (links / "ml").symlink_to(folder)
    return str(links / "ml")


def localise(text: str, root: str) -> str:
    """Replace /opt/ml in a string."""
    return _OPT_ML.sub(lambda _: root, text)


def localise_all(texts: list[str], root: str) -> list[str]:
    """Replace /opt/ml in arguments; raises ClientError for a path that leads outside it."""
    for text in texts:
        if text.startswith("/opt/ml") and ".." in text.split("/"):
            raise ClientError(f"{text} leads outside /opt/ml")
    return [localise(text, root) for text in texts]


def localise_environment(root: str) -> dict[str, str]:
    """Return the environment with /opt/ml replaced, this Python first, and pip kept offline."""
    environment = {name: localise(value, root) for name, value in os.environ.items()}
    programs = Path(sys.executable).parent
    # The SDK's scripts call Python without quotes. The folder above bin/ makes it this virtual
    # environment's Python.
    here = os.path.join(_plain_name(programs.parent), programs.name)
    environment["PATH"] = os.pathsep.join([here, environment.get("PATH", os.defpath)])
    return environment | {
        "PYTHONUNBUFFERED": "1",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def localise_code(folder: Path, root: str) -> None:
    """Replace /opt/ml in the scripts under a folder, also in those in `code/*.tar.gz`.

    An archive inside an archive stays as it is: an archive may contain itself. Raises ClientError.
    """
    _localise_scripts(folder, root)
    for path in [
        path for path in folder.rglob("*.tar.gz") if path.is_file() and path.parent.name == "code"
    ]:
        _repack(path, root)


def _localise_scripts(folder: Path, root: str) -> None:
    """Replace /opt/ml in the scripts under a folder."""
    for path in [path for path in folder.rglob("*") if path.is_file() and path.suffix in _SUFFIXES]:
        _rewrite(path, root)


def _rewrite(path: Path, root: str) -> None:
    """Rewrite one script, whatever its encoding.

    Latin-1 preserves all bytes, and the root is ASCII.
    """
    before = path.read_bytes().decode("latin-1")
    after = localise(before, root)
    if after != before:
        path.write_bytes(after.encode("latin-1"))


def _repack(path: Path, root: str) -> None:
    """Rewrite the scripts in an archive; raises ClientError if it is refused."""
    with tempfile.TemporaryDirectory(dir=path.parent.parent) as folder:
        content = Path(folder) / "content"
        unpack(path, content)
        _localise_scripts(content, root)
        with (
            gzip.open(path, "wb", compresslevel=1) as stream,
            tarfile.open(fileobj=stream, mode="w|") as archive,
        ):
            archive.add(content, ".")
