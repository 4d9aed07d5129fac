"""Model artifacts: packed so that equal files give equal bytes, unpacked so that nothing lands outside."""

import gzip
import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

from helpers.local_aws import services
from helpers.local_aws.sagemaker import jobs

_MAX_UNPACKED = 4 << 30  # bytes; a small archive that unpacks to more is taken for hostile
_MAX_MEMBERS = 100_000


def pack(folder: Path) -> bytes:
    """Pack a folder's files into a tar.gz whose bytes depend on names and contents alone; links are left out."""

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member if member.isfile() or member.isdir() else None

    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=anonymous)
    return buffer.getvalue()


def fetch_model(container: dict[str, Any], folder: Path) -> None:
    """Bring a container's model artifact into a folder, unless a former start has; a model may have none.

    Raises:
        ValueError: the artifact is missing, damaged or hostile.
    """
    if folder.exists():
        return
    draft = folder.with_name("unpacking")  # renamed when complete, so that a crash leaves no half of a model
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    if uri and source.get("S3DataType") == "S3Prefix" and source.get("CompressionType") == "None":
        jobs.fetch(uri, "S3Prefix", draft)
    elif uri:
        _unpack(services.read_object(*services.split_uri(uri)), draft, uri)
    draft.rename(folder)


def _unpack(archive: bytes, folder: Path, uri: str) -> None:
    """Unpack a tar.gz; tarfile's data filter refuses paths and links that lead outside, devices and the like."""
    size = count = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as packed:
            for member in packed:
                size, count = size + member.size, count + 1
                if size > _MAX_UNPACKED or count > _MAX_MEMBERS:
                    raise ValueError(f"it unpacks to more than {_MAX_UNPACKED >> 30} GiB or {_MAX_MEMBERS} files")
                packed.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ValueError(f"ClientError: The model archive {uri} was refused: {error}") from None
