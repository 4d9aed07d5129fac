"""What survives a restart: a file per thing, replaced whole, so that a crash leaves the old one or the new."""

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.local_aws import state

_log = logging.getLogger(__name__)


def path_of(*parts: str) -> Path:
    """Return the file of a thing: folders as they are named, the last part as a hash, for it may be any text."""
    *folders, name = parts
    return state.root().joinpath("kept", *folders, hashlib.sha256(name.encode()).hexdigest()[:40])


def save(path: Path, header: dict[str, Any], content: bytes = b"") -> None:
    """Write a thing: a line of JSON and, after it, what belongs to it byte for byte."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(json.dumps(header, default=_write_time).encode() + b"\n")
        file.write(content)
    draft.replace(path)


def drop(path: Path) -> None:
    """Remove a thing, if it is there."""
    path.unlink(missing_ok=True)


def load(*folders: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Read the things of a folder and those below it; a file that is no longer whole is named in the log and left."""
    for path in sorted(state.root().joinpath("kept", *folders).rglob("*")):
        if path.suffix == ".draft":
            path.unlink()  # a crash came before it replaced the file
        elif path.is_file():
            header, _, content = path.read_bytes().partition(b"\n")
            try:
                yield json.loads(header, object_hook=_read_time), content
            except ValueError as error:
                _log.error("%s can't be read and is left out: %s", path, error)


def _write_time(value: Any) -> dict[str, str]:
    """Write a datetime as JSON."""
    return {"$time": value.isoformat()}


def _read_time(value: dict[str, Any]) -> Any:
    """Read what _write_time wrote."""
    return datetime.fromisoformat(value["$time"]) if value.keys() == {"$time"} else value
