"""Which files a folder or an S3 address means, and of what kind each is.

Names that begin with a dot or an underscore belong to whoever wrote the folder (Spark's
``_SUCCESS`` and ``.crc``, checkpoints), and Model Monitor's own documents are results: neither is
data.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from .packed import unpacked

Kind = Literal["CSV", "JSON", "capture", "Parquet"]
READ = "CSV, JSON lines, JSON, Parquet and captured requests are, and the text ones in gzip, too"

_RESULTS = {"statistics.json", "constraints.json", "constraint_violations.json"}
_NO_DATA = {
    ".md",
    ".rst",
    ".py",
    ".ipynb",
    ".yaml",
    ".yml",
    ".toml",
    ".log",
    ".html",
    ".sh",
    ".sql",
}
_HEAD = 1 << 16  # bytes that tell a file's kind
_BOM = b"\xef\xbb\xbf"
_CAPTURED = re.compile(rb'"captureData"\s*:')
_LIBSVM = re.compile(rb"\A[-+]?[\d.]+(?:[eE][-+]?\d+)?(?:[ \t]+\d+:[-+.\deE]+)+[ \t]*(?:\r?\n|\Z)")
_MARKUP = re.compile(rb"\A<(?:!doctype|\?xml|html)", re.IGNORECASE)
_OTHERS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"ARROW1": "Arrow's own format",
    b"\x89HDF": "HDF5",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a database",
}


class Unread(ValueError):
    """A file of a kind that isn't read."""


class Found(NamedTuple):
    """A file to read."""

    path: Path
    kind: Kind
    packed: bool  # in gzip


def find_files(source: Path | str, notes: list[str] | None = None) -> list[Found]:
    """Return a file, or every file with data below a folder, in order of name.

    Files of a folder that hold nothing, or are of a kind that isn't read, go into the notes.

    Raises:
        ValueError: there is none; it is of a kind that isn't read; a folder mixes kinds.
    """
    source = Path(source)
    if source.is_file():
        return [_found(source)]
    if not source.exists():
        raise ValueError(f"{source} does not exist.")
    found, left_out = [], []
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if is_data(name) and path.is_file() and path.stat().st_size:
            try:
                if path.suffix.lower() in _NO_DATA:
                    raise Unread(f"{path} was left out: by its name it is no data.")
                found.append(_found(path))
            except Unread as error:
                left_out.append(str(error))
    if not found:
        raise ValueError(" ".join([f"{source} holds no data.", *left_out]))
    kinds = {one.kind: one.path.relative_to(source) for one in reversed(found)}
    if len(kinds) > 1:
        named = " and ".join(f"{path} ({kind})" for kind, path in sorted(kinds.items()))
        raise ValueError(f"{source} mixes kinds of files: {named}. Read each kind from a folder.")
    if notes is not None:
        notes += left_out
    return found


def is_data(name: str) -> bool:
    """Return whether a file, named from the folder that is read, holds data by its name."""
    parts = name.split("/")
    return (
        bool(parts[-1])
        and parts[-1] not in _RESULTS
        and not any(part.startswith((".", "_")) for part in parts)
    )


def meant(keys: Iterable[str], address: str) -> list[str]:
    """Return which of S3's keys an address in a bucket means: that object or, if there is none, the
    data of that folder. ``data/train`` is neither ``data/train.csv`` nor ``data/train-old/x``.
    """
    keys = list(keys)
    if address in keys and not address.endswith("/"):
        return [address]
    folder = f"{address.rstrip('/')}/" if address else ""
    inside = [key for key in keys if key.startswith(folder)]
    return [key for key in inside if is_data(key.removeprefix(folder))]


def open_text(found: Found) -> BinaryIO:
    """Open a file of text, unpacked, behind its byte order mark."""
    stream = found.path.open("rb")
    stream = unpacked(stream, found.path) if found.packed else stream
    if stream.peek(3)[:3] == _BOM:
        stream.read(3)
    return stream


def _found(path: Path) -> Found:
    """Tell a file's kind by its first bytes; raises ValueError."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    packed = head[:2] == b"\x1f\x8b"
    if packed:
        with unpacked(path.open("rb"), path) as stream:
            head = stream.read(_HEAD)
    return Found(path, _kind(path, head, packed), packed)


def _kind(path: Path, head: bytes, packed: bool) -> Kind:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"{path} is UTF-16: save it as UTF-8.")
    if head[:4] == b"PAR1" and not packed:
        return "Parquet"
    other = next((what for magic, what in _OTHERS.items() if head.startswith(magic)), None)
    if other is None and (b"\0" in head or head[:4] == b"PAR1"):
        other = "an archive" if packed else "a binary file"
    if other:
        raise Unread(f"{path} is {other}, which isn't read: {READ}.")
    text = head.removeprefix(_BOM).lstrip()
    if not text and len(head) < _HEAD:
        raise Unread(f"{path} is empty.")
    if _LIBSVM.match(text):
        raise Unread(
            f"{path} is libsvm, which has no columns: write it as CSV (in captured requests, where "
            "the model's columns are known, libsvm is read)."
        )
    if _MARKUP.match(text):
        raise Unread(f"{path} is HTML or XML, which isn't read: {READ}.")
    if text[:1] in (b"{", b"[") and not _is_csv(text):
        return "capture" if _CAPTURED.search(text) else "JSON"
    return "CSV"


def _is_csv(text: bytes) -> bool:
    """Return whether what begins as JSON does is a CSV header after all, such as ``[a],[b]``."""
    return text[:1] == b"[" and not re.match(rb'\[\s*(?:[\[{"\]\d-]|null|true|false|NaN|\Z)', text)
