"""Unpack archives from outside."""

from pathlib import Path

from model_monitoring.analysis.files import archives

from .contract import ClientError


def unpack(archive: Path, target: Path) -> None:
    """Unpack a tar.gz into `target`, an empty or new folder: all of it or nothing.

    Raises:
        ClientError: the archive is refused, for the reason in the message.
    """
    try:
        archives.unpack(archive, target)
    except archives.ArchiveRefused as error:
        raise ClientError(str(error)) from None
