"""Model artifacts: equal files are packed into equal bytes, and none is fetched in part."""

import gzip
import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

from local_aws import services
from local_aws.sagemaker.jobs import running
from model_monitoring.analysis.files.archives import unpack


def pack(folder: Path) -> bytes:
    """Pack a folder into a tar.gz that depends only on names and contents, without links."""

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member if member.isfile() or member.isdir() else None

    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=anonymous)
    return buffer.getvalue()


def fetch_model(container: dict[str, Any], folder: Path) -> None:
    """Fetch a container's model artifact into a folder, unless an earlier start has.

    A model may have no artifact.

    Raises:
        ValueError: the artifact is missing, damaged or hostile.
    """
    if folder.exists():
        return
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    draft = folder.with_name("fetched")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    if uri and source.get("CompressionType", "Gzip") == "Gzip":
        archive = folder.with_name("model.tar.gz")
        archive.write_bytes(services.read_object(*services.split_uri(uri)))
        unpack(archive, draft)
        archive.unlink()
    elif uri:
        running.fetch(uri, "S3Prefix", draft)
    draft.rename(folder)
