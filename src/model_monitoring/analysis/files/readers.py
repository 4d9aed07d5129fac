"""Read monitored data in chunks: CSV, flat JSON lines, Parquet and SageMaker's data capture files.

The kind of a file is told from its content. Cells of text files stay strings, because Model Monitor
judges types by them. Notes for the report say what was skipped or assumed.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ..data_quality.celltypes import FRACTIONAL, INTEGRAL
from . import bodies, captured

Columns = dict[str, pa.Array]
_CSV_BYTES = 1 << 23
_HEADER_BYTES = 1 << 20
_ROWS = 65_536


@dataclass
class Reading:
    """Collect notes about one reading of files.

    ``positional`` is True if the columns have no names of their own.
    """

    notes: list[str] = field(default_factory=list)
    skipped: int = 0
    positional: bool = False
    outputs: list[str] = field(default_factory=list)
    progress: Callable[[int], object] = int  # called with the number of bytes read


def find_files(source: Path | str) -> list[Path]:
    """Return a file, or all files with content below a folder, ordered by name.

    Raises:
        ValueError: there are none.
    """
    source = Path(source)
    if source.is_file():
        return [source]
    inside = sorted(path for path in source.rglob("*") if path.is_file())
    found = [
        path
        for path in inside
        if path.stat().st_size and not path.name.startswith((".", "_SUCCESS"))
    ]
    if not found:
        raise ValueError(f"{source} holds no data: no file, or only empty ones.")
    return found


def read_chunks(source: Path | str, reading: Reading, *, header: bool = True) -> Iterator[Columns]:
    """Yield the rows of a file or folder in order, one chunk at a time.

    Args:
        source: a file or folder.
        reading: receives the notes.
        header: whether the first line of a CSV file holds column names; if not, they are ``_c0``,
            ``_c1`` ...

    Raises:
        ValueError: nothing to read, unknown or compressed content, another encoding than UTF-8, or
            a header that is missing, blank, repeated or not separated by commas.
    """
    for path in find_files(source):
        with path.open("rb") as stream:
            start = stream.read(4096)
        if not start.strip():
            raise ValueError(f"{path} is empty.")
        if start[:2] == b"\x1f\x8b":
            raise ValueError(f"{path} is compressed with gzip: unpack it first.")
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ValueError(f"{path} is UTF-16: save it as UTF-8.")
        if start[:4] == b"PAR1":
            for batch in pq.ParquetFile(path).iter_batches(_ROWS):
                reading.progress(batch.nbytes)
                yield dict(zip(batch.schema.names, batch.columns, strict=True))
        elif start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            yield from _json_lines(path, reading)
        else:
            yield from _csv(path, reading, header)


def _csv(path: Path, reading: Reading, header: bool) -> Iterator[Columns]:
    """Read CSV in blocks of whole lines; Arrow parses each of them with all columns as strings."""
    names, skipped = None, []
    with path.open("rb") as stream:
        rest = b""
        while block := stream.read(_CSV_BYTES):
            reading.progress(len(block))
            last = len(block) < _CSV_BYTES
            block = rest + block
            start, end = 0, len(block) if last else block.rfind(b"\n") + 1
            rest = block[end:]
            if names is None and end:
                names, start = _csv_names(path, block, reading, header)
            if start < end:
                yield _csv_block(
                    path, pa.py_buffer(block).slice(start, end - start), names, skipped
                )
        if rest.strip():
            yield _csv_block(path, pa.py_buffer(rest), names, skipped)
    if skipped:
        reading.skipped += len(skipped)
        reading.notes.append(
            f"{path.name}: {len(skipped)} rows had another number of columns than {len(names)} "
            "and were skipped, "
            f"first: {skipped[0][:80]!r}."
        )


def _csv_names(path: Path, block: bytes, reading: Reading, header: bool) -> tuple[list[str], int]:
    """Return the column names, and where the data begins in the first block."""
    start = 3 if block.startswith(b"\xef\xbb\xbf") else 0
    first, second = [*block[start : start + _HEADER_BYTES].split(b"\n", 2), b""][:2]
    try:
        cells, below = _csv_line(first.decode("utf-8")), second.decode("utf-8", errors="replace")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8: save it as UTF-8.") from None
    if len(cells) == 1 and (other := next((d for d in ";\t|" if d in cells[0]), None)):
        raise ValueError(f"{path} is separated by {other!r}, not by commas: convert it first.")
    if header:
        _check_header(path, cells)
        return cells, start + len(first) + 1
    names_alone = all(cells) and len(set(cells)) == len(cells) and not any(map(_is_number, cells))
    if names_alone and any(map(_is_number, _csv_line(below))):
        reading.notes.append(
            f"{path.name}: its first row looks like a header, but was read as data."
        )
    reading.positional = True
    return [f"_c{i}" for i in range(len(cells))], start


def _check_header(path: Path, cells: list[str]) -> None:
    """Refuse a first row that doesn't name each column once."""
    if all(map(_is_number, cells)):
        first = ",".join(cells)[:60]
        raise ValueError(
            f"{path} has no header: its first row is {first!r}. Use --no-header (header=False)."
        )
    if not all(cell.strip() for cell in cells):
        raise ValueError(f"{path} has a column without a name in its header: {cells}.")
    if len(set(cells)) < len(cells):
        twice = sorted({cell for cell in cells if cells.count(cell) > 1})
        raise ValueError(f"{path} has column names more than once in its header: {twice}.")


def _is_number(cell: str) -> bool:
    return bool(re.match(FRACTIONAL, cell) or re.match(INTEGRAL, cell))


def _csv_line(line: str) -> list[str]:
    return next(bodies.csv_rows(line.rstrip("\r\n")), [])


def _csv_block(path: Path, block: pa.Buffer, names: list[str], skipped: list[str]) -> Columns:
    def skip(row) -> str:
        skipped.append(row.text)
        return "skip"

    try:
        str(memoryview(block), "utf-8")
        table = pa.csv.read_csv(
            pa.BufferReader(block),
            read_options=pa.csv.ReadOptions(column_names=names),
            parse_options=pa.csv.ParseOptions(invalid_row_handler=skip),
            convert_options=pa.csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8: save it as UTF-8.") from None
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} cannot be read as CSV: {error}.") from None
    return dict(zip(names, (column.combine_chunks() for column in table.columns), strict=True))


def _json_lines(path: Path, reading: Reading) -> Iterator[Columns]:
    """Read JSON lines: captured requests, or one flat object per row.

    Broken lines are skipped and counted.
    """
    broken, rows = [], []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            reading.progress(len(line))
            if not line.strip():
                continue
            try:
                # Numbers stay as they were written, so 1 is Integral and 1.0 Fractional.
                record = json.loads(
                    line.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=str
                )
                if "captureData" in record:
                    rows += captured.rows(record, reading)
                else:
                    rows.append(captured.flat(record))
            except captured.UnusableRecord as error:
                raise ValueError(f"{path}, line {number}: {error}") from None
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                broken.append(number)
            if len(rows) >= _ROWS:
                yield captured.columns(rows)
                rows = []
    if rows:
        yield captured.columns(rows)
    if broken:
        reading.skipped += len(broken)
        reading.notes.append(
            f"{path.name}: {len(broken)} broken lines were skipped, first: line {broken[0]}."
        )
