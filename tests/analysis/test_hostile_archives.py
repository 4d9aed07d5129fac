"""Hostile archives: each is refused soon and in little memory, and leaves nothing."""

import bz2
import gzip
import io
import json
import lzma
import struct
import subprocess
import sys
import tarfile
import zlib

import pytest

from model_monitoring.analysis.files import archives

SECONDS, MEGABYTES = 20, 200  # measured: 2 s and 40 MB at most, on an idle machine
UNPACK = """
import json, resource, sys, time
from pathlib import Path
from model_monitoring.analysis.files.archives import ArchiveRefused, unpack
start, said = time.monotonic(), "it was accepted"
try:
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
except ArchiveRefused as error:
    said = str(error)
seconds, status = time.monotonic() - start, Path("/proc/self/status")
if status.exists():  # getrusage would return the parent's peak if that was higher
    peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "megabytes": peak >> 20, "said": said}))
"""


def header(name, kind=tarfile.REGTYPE, size=0, **members):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    for member, value in members.items():
        setattr(info, member, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def deflated(content, end=zlib.Z_FULL_FLUSH):
    """Return an independent part of a deflate stream, so that repeating it costs nothing."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush(end)


def zeros(before, count, after=b""):
    """A gzip file of `before`, this many zero bytes (whole MB) and `after`."""
    check = zlib.crc32(before)
    for _ in range(count >> 20):
        check = zlib.crc32(bytes(1 << 20), check)
    body = (
        deflated(before) + deflated(bytes(1 << 20)) * (count >> 20) + deflated(after, zlib.Z_FINISH)
    )
    total = len(before) + count + len(after)
    return (
        gzip.compress(b"")[:10]
        + body
        + struct.pack("<II", zlib.crc32(after, check), total & 0xFFFFFFFF)
    )


def packed(*parts):
    return gzip.compress(b"".join(parts) + bytes(1024), 1)


def files(count, name="f{}"):
    return packed(*(header(name.format(number)) for number in range(count)))


def pax(records, size=None):
    body = b"".join(b"%d %b=%b\n" % (length(key, value), key, value) for key, value in records)
    return (
        header("pax", tarfile.XHDTYPE, len(body) if size is None else size)
        + body
        + bytes(-len(body) % 512)
    )


def length(key, value):
    plain = len(key) + len(value) + 3
    return next(total for total in range(plain, plain + 20) if total == plain + len(str(total)))


def sparse(number):
    """The header of an old sparse file, or the block after it; each says that another follows."""
    if number:
        return bytes(504) + b"\1" + bytes(7)
    block = bytearray(header("holes", tarfile.GNUTYPE_SPARSE))
    block[482], block[148:156] = 1, b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


MIB, GIB = 1 << 20, 1 << 30
DIGITS = b"1" * 60_000
ATTACKS = {
    "a pax header of 256 MB": (lambda: zeros(header("p", tarfile.XHDTYPE, 256 * MIB), 256 * MIB), "header is longer"),
    "a global pax header": (lambda: zeros(header("p", tarfile.XGLTYPE, 256 * MIB), 256 * MIB), "header is longer"),
    "a GNU long name": (lambda: zeros(header("p", tarfile.GNUTYPE_LONGNAME, 256 * MIB), 256 * MIB), "header is longer"),
    "a GNU long link": (lambda: zeros(header("p", tarfile.GNUTYPE_LONGLINK, 256 * MIB), 256 * MIB), "header is longer"),
    "a chain of pax headers": (lambda: packed(pax([(b"comment", b"x")]) * 50_000), "header is longer"),
    "a pax header of digits": (lambda: packed(header("p", tarfile.XHDTYPE, len(DIGITS)), DIGITS), "255 digits"),
    "a pax header of a negative size": (lambda: packed(header("p", tarfile.XHDTYPE, -(1 << 40))), "was refused"),
    "a file of a negative size": (lambda: packed(header("f", size=-1024), header("g")), "was refused"),
    "headers of 64 KB each": (lambda: packed(*[pax([(b"comment", b"x" * 60_000)]) + header("f")] * 600), "together"),
    "an old sparse file": (lambda: packed(sparse(0), sparse(1) * 100_000), "header is longer"),
    "a pax sparse file": (
        lambda: packed(pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0")]), header("f", size=9), b"9" * 9),
        "was refused",
    ),
    "10,001 files": (lambda: files(10_001), "more than 10000 files and folders"),
    "100,002 times one file": (lambda: packed(header("f") * 100_002), "more than 10000 files and folders"),
    "folders within folders": (lambda: files(1000, "{}" + "/d" * 40 + "/f"), "more than 10000 files and folders"),
    "a deep path": (lambda: packed(pax([(b"path", b"d/" * 500 + b"f")]), header("f")), "64 folders deep"),
    "a long path": (lambda: packed(pax([(b"path", b"d" * 5000)]), header("f")), "1024 characters"),
    "a chain of hard links": (
        lambda: packed(header("a"), *(header(f"l{n}", tarfile.LNKTYPE, linkname="a") for n in range(9000))),
        "a link or a device",
    ),
    "a file of 16 GB": (lambda: packed(header("f", size=16 * GIB)), "17179869184 bytes long"),
    "files of 1 GB": (lambda: zeros(header("f", size=GIB - MIB), GIB - MIB, header("g", size=2 * MIB)), "expands to"),
    "less than it says": (lambda: packed(header("f", size=100 * MIB)), "cut off"),
    "endless zeros": (lambda: zeros(header("f"), 256 * MIB), "follow its end"),
    "a header that can't be read": (lambda: packed(header("f"), b"x" * 512, header("g")), "damaged"),
    "a gzip name without end": (lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * MIB, "was refused"),
    "300,000 empty gzip members": (lambda: gzip.compress(b"", 1) * 300_000, "was refused"),
    "xz": (lambda: lzma.compress(header("f") + bytes(1024)), "was refused"),
    "bz2": (lambda: bz2.compress(header("f") + bytes(1024)), "was refused"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_bomb_is_refused_in_time_and_memory(tmp_path, attack):
    make, words = ATTACKS[attack]
    archive, target = tmp_path / "model.tar.gz", tmp_path / "in" / "model"
    target.parent.mkdir()
    archive.write_bytes(make())
    command = [sys.executable, "-c", UNPACK, str(archive), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "The archive model.tar.gz was refused: " in told["said"] and words in told["said"]
    assert len(told["said"]) < 400
    assert (told["seconds"] < SECONDS, told["megabytes"] < MEGABYTES) == (True, True), told
    assert not list((tmp_path / "in").iterdir())


def test_the_time_limit_ends_archives_that_no_other_limit_stops(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "SECONDS", -1.0)
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(files(1))
    with pytest.raises(archives.ArchiveRefused, match="unpacking it takes longer than"):
        archives.unpack(archive, tmp_path / "model")


def test_a_large_model_is_accepted(tmp_path):
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(
        zeros(header("model.bin", size=300 * MIB), 300 * MIB, header("code/i.py") + bytes(1024))
    )
    archives.unpack(archive, tmp_path / "model")
    assert (tmp_path / "model" / "model.bin").stat().st_size == 300 * MIB
    assert (tmp_path / "model" / "code" / "i.py").exists()


@pytest.mark.parametrize("style", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_every_common_format_is_read(tmp_path, style):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=style) as tar:
        for number in range(300):
            info = tarfile.TarInfo(f"{'folder-' * 12}/{'n' * 50}/file-{number}-é")
            info.size = 512 if number else 0
            tar.addfile(info, io.BytesIO(bytes(512)))
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(packed.getvalue())
    archives.unpack(archive, tmp_path / "model")
    assert len([path for path in (tmp_path / "model").rglob("*") if path.is_file()]) == 300


def test_an_archive_of_several_gzip_members_is_read_to_the_end(tmp_path):
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(gzip.compress(header("a")) + gzip.compress(header("b") + bytes(1024)))
    archives.unpack(archive, tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["a", "b"]


def test_a_checksum_that_is_wrong_is_found(tmp_path):
    archive = tmp_path / "model.tar.gz"
    content = packed(header("a"))
    archive.write_bytes(content[:-8] + b"\0\0\0\0" + content[-4:])
    with pytest.raises(archives.ArchiveRefused, match="CRC"):
        archives.unpack(archive, tmp_path / "model")
    assert not (tmp_path / "model").exists()
