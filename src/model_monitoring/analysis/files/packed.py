"""Gzip unpacked as it is read, within bounds: a small file can stand for gigabytes."""

import gzip
import io
import zlib
from typing import BinaryIO

from .archives import MAX_BYTES, MAX_RATIO

# What any file may unpack to; above this MAX_RATIO applies. Rows of text reach 5 to 50.
FREE_BYTES = 64 << 20
_TRAILER = 4  # bytes at the end, which say how many are packed
_CHUNK = 1 << 20


def unpacked(file: BinaryIO, name: object, most: int = MAX_BYTES) -> io.BufferedReader:
    """Return a stream of what a gzip file holds; closing it closes the file.

    Args:
        file: the packed bytes, which can be sought in.
        name: what messages call it.
        most: bytes that it may unpack to, whatever its size.

    Raises:
        ValueError: it unpacks to too much, or is damaged; a file that says itself that it is too
            large is read through here, before anybody makes rows of it, any other as it is read.
    """
    size = file.seek(0, io.SEEK_END)
    most = min(most, max(FREE_BYTES, MAX_RATIO * size))
    file.seek(max(0, size - _TRAILER))
    if int.from_bytes(file.read(_TRAILER), "little") > most:  # or it is cut off, and says nothing
        file.seek(0)
        stream = _Unpacked(file, name, most)
        try:
            while stream.read(_CHUNK):
                pass
        except ValueError:
            file.close()
            raise
    file.seek(0)
    return io.BufferedReader(_Unpacked(file, name, most), 1 << 16)


class _Unpacked(io.RawIOBase):
    def __init__(self, file: BinaryIO, name: object, most: int):
        self._file, self._name, self._most = file, name, most
        self._stream, self._left = gzip.GzipFile(fileobj=file), most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{self._name} is gzip, but damaged or cut off: {error}.") from None
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(
                f"{self._name} unpacks to more than {self._most / (1 << 20):.3g} MB, which is too"
                " much for its size: unpack it first."
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
