"""Unpack archives that come from outside."""

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path

from .contract import ClientError

MAX_BYTES = 4 << 30  # of all files together; a small archive that unpacks to more is taken for hostile
MAX_MEMBERS = 100_000


def unpack(archive: Path, target: Path) -> None:
    """Unpack a tar.gz into `target`, a folder that doesn't exist yet or is empty; all of it or nothing.

    Raises:
        ClientError: the archive is damaged, holds a link, a device or a path that leads outside, or expands beyond
            MAX_BYTES or MAX_MEMBERS.
    """
    draft = target.with_name(f".{target.name}.unpacking")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        with gzip.open(archive) as stream, tarfile.open(fileobj=_Limited(stream), mode="r|") as members:
            for count, member in enumerate(members, 1):
                if count > MAX_MEMBERS:
                    raise ClientError(f"it holds more than {MAX_MEMBERS} files")
                _check(member)
                _extract(members, member, draft / member.name)
        draft.replace(target)
    except (ClientError, tarfile.TarError, EOFError, OSError, zlib.error, ValueError, OverflowError) as error:
        raise ClientError(f"The archive {archive.name} was refused: {error}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _extract(members: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write one member; tarfile's own way of doing so safely, the filter `data`, is missing before Python 3.11.4."""
    (path if member.isdir() else path.parent).mkdir(parents=True, exist_ok=True)
    if member.isreg():
        with path.open("wb") as file:
            shutil.copyfileobj(members.extractfile(member), file)
        path.chmod(0o700 if member.mode & 0o100 else 0o600)


def _check(member: tarfile.TarInfo) -> None:
    """Refuse what no model and no source code needs; raises ClientError."""
    if not member.isreg() and not member.isdir():
        raise ClientError(f"{member.name!r} is a link or a device")
    if member.issparse():  # longer than the bytes that are counted
        raise ClientError(f"{member.name!r} is a sparse file")
    if member.name.startswith("/") or ".." in member.name.split("/"):
        raise ClientError(f"{member.name!r} leads outside")
    if member.size > MAX_BYTES:
        raise ClientError(f"{member.name!r} is {member.size} bytes long, more than {MAX_BYTES}")


class _Limited:
    """A stream that ends with an error once MAX_BYTES have been read from it: headers lie about sizes."""

    def __init__(self, stream: gzip.GzipFile):
        self._stream, self._left = stream, MAX_BYTES

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ClientError(f"it expands to more than {MAX_BYTES} bytes")
        return data
