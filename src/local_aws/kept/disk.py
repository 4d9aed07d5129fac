"""State that survives a restart: one file per thing, replaced whole.

So a crash leaves either the old file or the new one.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from local_aws.kept import state

_log = logging.getLogger(__name__)


def path_of(*parts: str) -> Path:
    """Return the file of a thing, named by a hash of the last part, which may be any string."""
    *folders, name = parts
    return state.root().joinpath("kept", *folders, hashlib.sha256(name.encode()).hexdigest()[:40])


def save(path: Path, header: dict[str, Any], content: bytes = b"") -> None:
    """Write a thing: a line of JSON and, after it, its content, byte for byte.

    Raises:
        OSError: the disk is full or can't be written; the old content is unchanged.
    """
    replace_all({path: (header, content)})


def replace_all(things: dict[Path, tuple[dict[str, Any], bytes] | None]) -> None:
    """Write things, or remove those that are None: all of them or, if the disk is full, none.

    Raises:
        OSError: as in save.
    """
    drafts = {path: path.with_suffix(".draft") for path, thing in things.items() if thing}
    try:
        for path, draft in drafts.items():
            header, content = things[path]
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(json.dumps(header, default=_write_time).encode() + b"\n")
                file.write(content)
    except BaseException:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink()
        raise
    for path, draft in drafts.items():
        draft.replace(path)
    for path in things.keys() - drafts.keys():
        drop(path)


def drop(path: Path) -> None:
    """Remove a thing, if it exists."""
    path.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """Read a thing: its header and its content; None if it doesn't exist.

    Raises:
        ValueError: the file isn't whole any more.
    """
    try:
        header, _, content = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    return json.loads(header, object_hook=_read_time), content


def load(*folders: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Read the things of a folder and those below it.

    A file that isn't whole any more is logged and left alone.
    """
    for path in sorted(state.root().joinpath("kept", *folders).rglob("*")):
        if path.suffix == ".draft":
            path.unlink()  # a crash came before it replaced the file
        elif path.is_file():
            try:
                yield read(path)
            except ValueError as error:
                _log.error("%s can't be read and is left out: %s", path, error)


def _write_time(value: Any) -> dict[str, str]:
    """Write a datetime as JSON."""
    return {"$time": value.isoformat()}


def _read_time(value: dict[str, Any]) -> Any:
    """Read what _write_time wrote."""
    return datetime.fromisoformat(value["$time"]) if value.keys() == {"$time"} else value
