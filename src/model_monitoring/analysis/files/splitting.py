"""Cut CSV between records: a line end within a quoted cell ends none.

A cell is quoted if it begins with a quote; within it a quote is written twice (RFC 4180). A quote
inside any other cell (``5" pipe``) is a character like others. A quoted cell that never ends, or is
followed by text, would shift cells and swallow rows, so it is refused with its line.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from .finding import Found, open_text

_QUOTE, _NEWLINE = b'"\n'
_LONGEST = 64 << 20  # bytes of one record
_CHUNK = 1 << 20
_LINE_END = re.compile(rb"\r\n?|\n")
# Quoted cells from left to right; the group is empty if the cell doesn't end
_QUOTED = re.compile(rb'(?<![^,\n\r])"[^"]*+(?:""[^"]*+)*+("?)')


_BORDER = np.zeros(256, bool)  # what a quote that opens or closes a cell may touch
_BORDER[list(b',\n\r"')] = True


class Block(NamedTuple):
    """Data that begins with a record, where the last whole one ends, and whether any cell of them
    is quoted.
    """

    data: bytes
    end: int
    quoted: bool


class Splitter:
    """Cuts one file of CSV.

    Attributes:
        stray: the line of the first quote inside a cell that isn't quoted, None if there is none.
    """

    def __init__(self, found: Found):
        self._found, self._path = found, found.path
        self._before = 0  # bytes before those at hand
        self.stray: int | None = None

    def blocks(self, stream: BinaryIO, size: int) -> Iterator[Block]:
        """Yield a stream's records in blocks of about so many bytes.

        Raises:
            ValueError: a quote is never closed or is followed by text, or a record is too long.
        """
        rest, last = b"", False
        while not last:
            data = stream.read(size)
            last = len(data) < size
            data = rest + data
            end, quoted = self._end(data, last)
            if end:
                yield Block(data, end, quoted)
                self._before += end
            rest = data[end:]
            if len(rest) > _LONGEST:
                raise ValueError(
                    f"{self._path}, line {self._line(0)}: the record is longer than"
                    f" {_LONGEST >> 20} MB. Is a quote in it never closed?"
                )

    def _end(self, data: bytes, last: bool) -> tuple[int, bool]:
        """Return where the last whole record ends, and whether any cell is quoted."""
        if b'"' not in data:
            return (len(data) if last else data.rfind(b"\n") + 1), False
        starts, ends, unclosed = self._cells(data)
        if last and unclosed is not None:
            raise ValueError(
                f"{self._path}, line {self._line(unclosed)}: a quote opens a cell here and is"
                " never closed."
            )
        if last:
            return len(data), True
        limit = len(data) if unclosed is None else unclosed
        while (at := data.rfind(b"\n", 0, limit)) >= 0:
            cell = int(np.searchsorted(starts, at)) - 1
            if cell < 0 or ends[cell] < at:
                break
            limit = int(starts[cell])
        return at + 1, True

    def _cells(self, data: bytes) -> tuple[np.ndarray, np.ndarray, int | None]:
        """Return where quoted cells begin and end, and where one begins that doesn't end."""
        text = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(text == _QUOTE)
        before, after = (text[np.clip(quotes + step, 0, len(text) - 1)] for step in (-1, 1))
        before[quotes == 0] = after[quotes == len(text) - 1] = _NEWLINE
        # Every second quote closes a cell, or is the first of two that stand for one
        if _BORDER[before[::2]].all() and _BORDER[after[1::2]].all():
            unclosed = int(quotes[-1]) if len(quotes) % 2 else None
            return quotes[::2][: len(quotes) // 2], quotes[1::2], unclosed
        return self._cells_one_by_one(data, quotes)

    def _cells_one_by_one(
        self, data: bytes, quotes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, int | None]:
        """Do the same where a quote also stands inside a cell that isn't quoted."""
        starts, ends, unclosed = [], [], None
        for match in _QUOTED.finditer(data):
            if not match[1]:
                unclosed = match.start()
            elif match.end() < len(data) and data[match.end()] not in b",\n\r":
                text = data[match.end() :][:20].decode(errors="replace")
                raise ValueError(
                    f"{self._path}, line {self._line(match.start())}: the quoted cell that"
                    f" opens here is followed by {text!r}: a quote is missing or one too many."
                )
            else:
                starts.append(match.start())
                ends.append(match.end() - 1)
        cells = np.searchsorted(starts, quotes, side="right") - 1
        outside = (cells < 0) | (np.array([*ends, -1])[cells] < quotes)
        if self.stray is None and outside.any() and (unclosed != quotes[outside][0]):
            self.stray = self._line(int(quotes[outside][0]))
        return np.array(starts, int), np.array(ends, int), unclosed

    def _line(self, at: int) -> int:
        """Return the number of the line that a byte of the data at hand is on: it is asked for once
        at most, so the file is read again.
        """
        left, line = self._before + at, 1
        with open_text(self._found) as stream:
            while left and (data := stream.read(min(left, _CHUNK))):
                left -= len(data)
                line += data.count(b"\n")
        return line


def first_record(data: bytes) -> bytes:
    r"""Return the first record of a block, with its line end: \n, \r\n or, as once on Macs, \r."""
    end = 0
    while end < len(data):
        found = _LINE_END.search(data, end)
        end = found.end() if found else len(data)
        if all(match[1] for match in _QUOTED.finditer(data, 0, end)):
            break
    return data[:end]
