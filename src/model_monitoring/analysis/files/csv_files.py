"""Read CSV files in blocks of whole records, each parsed by Arrow with every cell as text."""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv

from ..data_quality.celltypes import FRACTIONAL, INTEGRAL
from ..wording import counted
from . import bodies
from .finding import Found, open_text
from .reading import Columns, Reading
from .splitting import Splitter, first_record

_BLOCK_BYTES = 1 << 23
_BLANK = 1 << 12  # bytes that may be nothing but blank lines
_ARROW_BYTES = 1 << 20  # that Arrow parses at once, unless a record is longer


def read(found: Found, reading: Reading, header: bool) -> Iterator[Columns]:
    """Yield a file's rows, a block at a time; cells are text, empty ones missing.

    Args:
        found: the file.
        reading: takes the notes.
        header: whether the first record holds column names; if not they are ``_c0``, ``_c1`` ...

    Raises:
        ValueError: another encoding than UTF-8, a quote that doesn't close, a header that is
            missing, blank, repeated or not separated by commas.
    """
    path, names, skipped = found.path, None, []
    splitter = Splitter(found)
    with open_text(found) as stream:
        for block in splitter.blocks(stream, _BLOCK_BYTES):
            reading.progress(block.end)
            start = 0
            if names is None:
                data = block.data[: block.end].lstrip(b"\r\n")
                first = first_record(data)
                names, is_header = _names(found, first, data[len(first) :], reading, header)
                _compare(found, names, reading, header)
                start = block.end - len(data) + is_header * len(first)
            data = memoryview(block.data)[start : block.end]
            if len(data) > _BLANK or bytes(data).strip():
                columns = _parse(found, data, block.quoted, names, skipped)
                yield {
                    reading.name("file", name): column
                    for name, column in zip(_own(names, header), columns, strict=True)
                }
    if skipped:
        reading.skipped += len(skipped)
        reading.notes.append(
            f"{path.name}: {counted(len(skipped), 'row was', 'rows were')} skipped for having"
            f" another number of columns than {len(names)}, first: {skipped[0][:80]!r}."
        )
    if splitter.stray:
        reading.notes.append(
            f"{path.name}: a quote inside a cell that isn't quoted was read as it is, first in "
            f"line {splitter.stray}."
        )


def _compare(found: Found, names: list[str], reading: Reading, header: bool) -> None:
    """Compare a file's columns with those of the files before."""
    before = reading.of("file")
    if not before or set(names) == set(before):
        return
    if not header:
        raise ValueError(
            f"{found.path} has {counted(len(names), 'column')}, but the files before it have"
            f" {len(before)}, and there is no header to match them by."
        )
    lacking, more = ([n for n in a if n not in b] for a, b in ((before, names), (names, before)))
    which = [f"without {lacking}"] * bool(lacking) + [f"with {more} beside"] * bool(more)
    reading.notes.append(
        f"{found.path.name} has other columns than the files before: {', '.join(which)}."
    )


def _own(names: list[str], header: bool) -> list[str | int]:
    """Return columns' own names, or their places if they have none."""
    return list(names) if header else list(range(len(names)))


def _names(
    found: Found, first: bytes, below: bytes, reading: Reading, header: bool
) -> tuple[list[str], bool]:
    """Return the columns' names, and whether the first record holds them."""
    path = found.path
    cells, second = _cells(found, first), _cells(found, first_record(below), strict=False)
    if len(cells) == 1 and (other := next((d for d in ";\t|" if d in cells[0]), None)):
        raise ValueError(f"{path} is separated by {other!r}, not by commas: convert it first.")
    numbered = _is_numbering(cells, second)
    if not cells:
        raise ValueError(f"{path} has no columns: its first line holds nothing.")
    if header and numbered:
        reading.notes.append(f"{path.name}: its columns are named by numbers, 0 to {cells[-1]}.")
    elif header:
        _check_header(found, cells)
    if header:
        return cells, True
    if numbered:
        reading.notes.append(
            f"{path.name}: its first row, {first.decode().strip()[:60]}, is a header of numbers as "
            "pandas writes it, so it is no data."
        )
    elif _looks_like_header(cells, second) or cells == ["0", "1"]:
        reading.notes.append(
            f"{path.name}: its first row looks like a header, but was read as data."
        )
    return [f"_c{i}" for i in range(len(cells))], numbered


def _cells(found: Found, record: bytes, strict: bool = True) -> list[str]:
    try:
        return next(bodies.csv_rows(record.decode("utf-8").rstrip("\r\n")), [])
    except UnicodeDecodeError:
        if strict:
            raise ValueError(f"{found.path} is not UTF-8: save it as UTF-8.") from None
    except ValueError as error:
        if strict:
            raise ValueError(f"{found.path}, line 1: {error}") from None
    return []


def _is_numbering(cells: list[str], second: list[str]) -> bool:
    """Return whether a record is pandas' numbering of columns without names: 0, 1, 2 ...

    Of one or two columns it may be data as well; then what is below has to be of another kind.
    """
    if cells != [str(place) for place in range(len(cells))]:
        return False
    return len(cells) > 2 or any(not re.match(INTEGRAL, cell) for cell in second if cell)


def _looks_like_header(cells: list[str], second: list[str]) -> bool:
    unique = all(cells) and len(set(cells)) == len(cells)
    return unique and not any(map(_is_number, cells)) and any(map(_is_number, second))


def _check_header(found: Found, cells: list[str]) -> None:
    """Refuse a first record that doesn't name each column once."""
    path = found.path
    if cells and all(map(_is_number, cells)):
        first = ",".join(cells)[:60]
        raise ValueError(
            f"{path} has no header: its first row is {first!r}. Use --no-header (header=False) or,"
            " if these are names, give the columns others."
        )
    if not all(cell.strip() for cell in cells):
        hint = ""
        if not cells[0].strip() and all(cell.strip() for cell in cells[1:]):
            hint = " The first one is an index, as pandas writes it: use to_csv(index=False)."
        raise ValueError(f"{path} has a column without a name in its header: {cells}.{hint}")
    if len(set(cells)) < len(cells):
        twice = sorted({cell for cell in cells if cells.count(cell) > 1})
        raise ValueError(f"{path} has column names more than once in its header: {twice}.")


def _is_number(cell: str) -> bool:
    return bool(re.match(FRACTIONAL, cell) or re.match(INTEGRAL, cell))


def _parse(
    found: Found, text: memoryview, quoted: bool, names: list[str], skipped: list[str]
) -> list[pa.Array]:
    """Parse whole records into columns of text; rows of another width are skipped."""

    def skip(row) -> str:
        skipped.append(row.text)
        return "skip"

    data = pa.py_buffer(text)
    try:
        str(text, "utf-8")
        usual = _arrow_bytes(text)
        for size in (usual, max(len(text), 2)):
            here = len(skipped)
            try:
                table = pa.csv.read_csv(
                    pa.BufferReader(data),
                    read_options=pa.csv.ReadOptions(column_names=names, block_size=size),
                    parse_options=pa.csv.ParseOptions(
                        invalid_row_handler=skip, newlines_in_values=quoted
                    ),
                    convert_options=pa.csv.ConvertOptions(
                        column_types={name: pa.string() for name in names},
                        strings_can_be_null=True,
                        null_values=[""],
                    ),
                )
                break
            except pa.ArrowInvalid as error:
                if "straddl" not in str(error) or size != usual:
                    raise
                del skipped[here:]
    except UnicodeDecodeError:
        raise ValueError(f"{found.path} is not UTF-8: save it as UTF-8.") from None
    except pa.ArrowInvalid as error:
        raise ValueError(f"{found.path} cannot be read as CSV: {error}.") from None
    return [column.combine_chunks() for column in table.columns]


def _arrow_bytes(text: memoryview) -> int:
    r"""Return how much Arrow may parse at once: where its part ends between \r and \n, it drops the
    \n, also in a quoted cell.
    """
    for size in range(_ARROW_BYTES, _ARROW_BYTES - 100, -1):
        if not any(text[at - 1 : at + 1] == b"\r\n" for at in range(size, len(text), size)):
            return size
    return max(len(text), 2)
