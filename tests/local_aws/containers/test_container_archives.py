import gzip
import io
import tarfile
from pathlib import Path

import pytest

from local_aws.containers.base.archives import unpack
from local_aws.containers.base.contract import ClientError
from model_monitoring.analysis.files import archives


def write_archive(path: Path, *members: tarfile.TarInfo | tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            if isinstance(member, tuple):
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
            else:
                archive.addfile(member)
    return path


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def assert_refused(tmp_path: Path, archive: Path, message: str) -> None:
    target = tmp_path / "inner" / "target"
    before = {path for path in tmp_path.rglob("*") if path != target.parent}
    with pytest.raises(ClientError, match=message):
        unpack(archive, target)
    # Nothing at all
    assert {path for path in tmp_path.rglob("*") if path != target.parent} == before


def test_an_archive_is_unpacked_with_its_folders(tmp_path):
    archive = write_archive(
        tmp_path / "model.tar.gz",
        special("code", tarfile.DIRTYPE),
        ("code/inference.py", b"x = 1"),
        ("./model", b"m"),
    )
    unpack(archive, tmp_path / "model")
    found = {
        str(path.relative_to(tmp_path / "model")): path for path in (tmp_path / "model").rglob("*")
    }
    assert set(found) == {"code", "code/inference.py", "model"}
    assert found["code/inference.py"].read_bytes() == b"x = 1"


def test_only_files_that_were_executable_are(tmp_path):
    run, read = special("run.sh", tarfile.REGTYPE), special("read.txt", tarfile.REGTYPE)
    run.mode, read.mode = 0o4755, 0o666
    unpack(write_archive(tmp_path / "code.tar.gz", run, read), tmp_path / "code")
    assert [
        (tmp_path / "code" / name).stat().st_mode & 0o7777 for name in ("run.sh", "read.txt")
    ] == [0o700, 0o600]


def test_an_empty_folder_may_be_the_target(tmp_path):
    (tmp_path / "model").mkdir()
    unpack(write_archive(tmp_path / "model.tar.gz", ("a", b"1")), tmp_path / "model")
    assert (tmp_path / "model" / "a").read_bytes() == b"1"


@pytest.mark.parametrize(
    "member",
    [
        ("../outside", b"1"),
        ("a/../../outside", b"1"),
        ("/tmp/outside", b"1"),
        special("link", tarfile.SYMTYPE, "/etc/passwd"),
        special("link", tarfile.SYMTYPE, "inside"),
        special("link", tarfile.LNKTYPE, "inside"),
        special("device", tarfile.CHRTYPE),
        special("pipe", tarfile.FIFOTYPE),
    ],
)
def test_paths_outside_links_and_devices_are_refused(tmp_path, member):
    archive = write_archive(tmp_path / "model.tar.gz", ("inside", b"1"), member)
    assert_refused(tmp_path, archive, "leads outside|is a link or a device")


def test_a_sparse_file_is_refused(tmp_path):
    archive = write_archive(tmp_path / "model.tar.gz", special("holes", tarfile.GNUTYPE_SPARSE))
    assert_refused(tmp_path, archive, "'holes' is a sparse file")


def test_too_many_files_or_bytes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    assert_refused(
        tmp_path,
        write_archive(tmp_path / "a.tar.gz", *[(str(i), b"") for i in range(4)]),
        "more than 3 files",
    )
    monkeypatch.setattr(archives, "MAX_BYTES", 1 << 20)
    bomb = write_archive(tmp_path / "b.tar.gz", ("a", bytes(600_000)), ("b", bytes(600_000)))
    assert bomb.stat().st_size < 10_000
    assert_refused(tmp_path, bomb, "expands to more than")
    huge = tarfile.TarInfo("huge")
    huge.size = 1 << 40
    assert_refused(
        tmp_path, _write_header_only(tmp_path / "c.tar.gz", huge), "1099511627776 bytes long"
    )


def test_a_header_that_claims_to_be_endless_is_refused(tmp_path):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    path = tmp_path / "model.tar.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(header.tobuf() + bytes(3 << 20))
    assert_refused(tmp_path, path, "a header is longer than")


def _write_header_only(path: Path, header: tarfile.TarInfo) -> Path:
    with gzip.open(path, "wb") as stream:
        stream.write(header.tobuf())
    return path


EMPTY, NO_TAR = gzip.compress(b"", mtime=0), gzip.compress(b"x" * 5000, mtime=0)


@pytest.mark.parametrize(
    "content", [b"", b"not an archive", EMPTY, NO_TAR], ids=["nothing", "text", "empty", "no tar"]
)
def test_a_file_that_is_not_an_archive_is_refused(tmp_path, content):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(content)
    assert_refused(tmp_path, path, r"The archive model.tar.gz was refused")


def test_a_truncated_archive_is_refused(tmp_path):
    path = write_archive(tmp_path / "model.tar.gz", ("a", bytes(range(256)) * 1000))
    path.write_bytes(path.read_bytes()[:-200])
    assert_refused(tmp_path, path, "was refused")
