"""Unpack a tar.gz from outside, within a budget of bytes, files, headers and time.

It uses only the standard library: the offline AWS, its containers and the data mart all unpack with
it.
"""

import gzip
import re
import shutil
import struct
import tarfile
import time
import zlib
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 8 << 30  # of all files together
FREE_BYTES = 1 << 30  # that any archive may unpack to; above this MAX_RATIO applies
MAX_RATIO = 100  # unpacked bytes for each byte of the archive: models reach 10, bombs 1000
MAX_MEMBERS = 10_000  # files and folders
MAX_HEADER = 64 << 10  # bytes before a member's content: its name, size, owner
MAX_HEADERS = 32 << 20  # bytes of all members' headers
MAX_NAME, MAX_DEPTH = 1024, 64  # characters, folders
MAX_REST = 1 << 20  # bytes of padding after the last member
SECONDS, BYTES_PER_SECOND = 30.0, 10 << 20  # a large archive gets one more second per 10 MiB

_CHUNK = 1 << 16
# Before Python 3.11.10 tarfile takes quadratic time to search a header with such a number
# (CVE-2024-6232); no real header has one.
_DIGITS = re.compile(rb"\d{256}")
_HOSTILE = (
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
    RecursionError,
)


class ArchiveRefused(ValueError):
    """An archive is damaged, hostile, or over one of this module's limits."""


def unpack(archive: Path, target: Path) -> None:
    """Unpack a tar.gz into `target`, a folder that is new or empty; all of it or nothing.

    Raises:
        ArchiveRefused: the archive is damaged; it holds a link, a device, a sparse file or a path
            that leads outside; or it is over a limit, which the message names.
    """
    draft = target.with_name(f".{target.name}.unpacking")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        size = archive.stat().st_size
        with archive.open("rb") as file:
            packed = _Timed(file, SECONDS + size / BYTES_PER_SECOND)
            for folder in (None, draft):  # everything is checked before anything is written
                file.seek(0)
                with gzip.GzipFile(fileobj=packed, mode="rb") as stream:
                    _walk(
                        _Forward(stream, packed),
                        min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * size)),
                        folder,
                    )
        draft.replace(target)
    except _HOSTILE as error:
        raise ArchiveRefused(f"The archive {archive.name} was refused: {error}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_size(packed: int) -> None:
    """Refuse an archive of this many bytes before it is downloaded; raises ArchiveRefused."""
    if packed > MAX_BYTES:
        raise ArchiveRefused(f"it is {packed} bytes long, more than {MAX_BYTES}")


class _Timed:
    """Read a packed file for a limited number of seconds."""

    def __init__(self, file: BinaryIO, seconds: float):
        self._file, self._seconds, self._deadline = file, seconds, time.monotonic() + seconds

    def check(self) -> None:
        """Raise ArchiveRefused if the time is up."""
        if time.monotonic() > self._deadline:
            raise ArchiveRefused(f"unpacking it takes longer than {self._seconds:.0f} seconds")

    def read(self, size: int = -1) -> bytes:
        self.check()
        return self._file.read(size)


class _Forward:
    """Read the unpacked bytes from beginning to end, within limits.

    They are needed because tarfile reads a header whole, however long it is.
    """

    def __init__(self, stream: BinaryIO, packed: _Timed):
        self._stream, self._packed = stream, packed
        self._position = self._headers = self._left = 0
        self.in_header = True

    def begin_header(self) -> None:
        """Give the next member's header its budget."""
        self.in_header, self._left = True, MAX_HEADER

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        if position < self._position:
            raise ArchiveRefused("a header leads back")
        while position > self._position:
            self._packed.check()
            data = self._stream.read(min(position - self._position, _CHUNK))
            if not data:
                raise ArchiveRefused("it is cut off")
            self._position += len(data)

    def read(self, size: int) -> bytes:
        self._packed.check()
        if self.in_header:
            self._left -= size
            self._headers += size
            if size < 0 or self._left < 0:
                raise ArchiveRefused(f"a header is longer than {MAX_HEADER} bytes")
            if self._headers > MAX_HEADERS:
                raise ArchiveRefused(f"its headers are longer than {MAX_HEADERS} bytes together")
        data = self._stream.read(size)
        if self.in_header and _DIGITS.search(data):
            raise ArchiveRefused("a header holds a number of more than 255 digits")
        self._position += len(data)
        return data


def _walk(stream: _Forward, allowed: int, draft: Path | None) -> None:
    """Check each member, and write it into a folder if there is one."""
    stream.begin_header()
    if draft:
        draft.mkdir(parents=True)
    folders, files, left = set(), 0, allowed
    with tarfile.open(fileobj=stream, mode="r:") as members:
        while member := members.next():
            members.members.clear()  # else it keeps all headers until the end
            parts = _parts(member)
            left -= member.size
            if left < 0:
                found = f"{member.name[:80]!r} is {member.size} bytes long"
                raise ArchiveRefused(f"it expands to more than {allowed} bytes: {found}")
            _make(parts if member.isdir() else parts[:-1], folders, draft)
            files += member.isreg()
            if files + len(folders) > MAX_MEMBERS:
                raise ArchiveRefused(f"it holds more than {MAX_MEMBERS} files and folders")
            if draft and member.isreg():
                stream.in_header = False
                _write(members, member, draft.joinpath(*parts))
            stream.begin_header()
    _check_rest(stream)


def _parts(member: tarfile.TarInfo) -> tuple[str, ...]:
    """Return the parts of a member's path.

    Raises:
        ArchiveRefused: the member is of a kind that no model and no source code needs.
    """
    name = f"{member.name[:80]!r}"
    parts = tuple(part for part in member.name.split("/") if part not in ("", "."))
    if not member.isreg() and not member.isdir():
        raise ArchiveRefused(f"{name} is a link or a device")
    if member.issparse():  # it can be longer than the bytes that are counted
        raise ArchiveRefused(f"{name} is a sparse file")
    if member.name.startswith("/") or ".." in parts:
        raise ArchiveRefused(f"{name} leads outside")
    if len(member.name) > MAX_NAME or len(parts) > MAX_DEPTH:
        raise ArchiveRefused(
            f"{name}… is longer than {MAX_NAME} characters or {MAX_DEPTH} folders deep"
        )
    if member.size < 0 or (member.isreg() and not parts):
        raise ArchiveRefused(f"{name} has no name or no size")
    return parts


def _make(parts: tuple[str, ...], known: set[tuple[str, ...]], draft: Path | None) -> None:
    """Count a folder and those above it, and make the new ones."""
    for depth in range(1, len(parts) + 1):
        if parts[:depth] not in known:
            known.add(parts[:depth])
            if draft:
                draft.joinpath(*parts[:depth]).mkdir(exist_ok=True)


def _write(members: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write one file.

    tarfile's own safe way, the filter `data`, is missing before Python 3.11.4.
    """
    with path.open("wb") as file:
        shutil.copyfileobj(members.extractfile(member), file, _CHUNK)
    path.chmod(0o700 if member.mode & 0o100 else 0o600)


def _check_rest(stream: _Forward) -> None:
    """Read what follows the last member: zeros that fill a block, and gzip's checksum."""
    stream.in_header, rest = False, 0
    while data := stream.read(_CHUNK):
        rest += len(data)
        if data.strip(b"\0"):
            raise ArchiveRefused("it is damaged: a header can't be read")
        if rest > MAX_REST:
            raise ArchiveRefused(f"more than {MAX_REST} bytes follow its end")
