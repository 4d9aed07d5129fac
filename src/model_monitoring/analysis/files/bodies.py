"""Bodies: what a model is asked and what it answers, read into rows.

One grammar for the endpoints' containers, data capture, the analysis and the data mart. A body is
CSV, JSON, lines of JSON (`json_bodies` knows the forms of both) or libsvm, as it is or in BASE64.
It becomes rows; each is a list of values, or a mapping where the body names them.

A body alone doesn't always tell where a row ends: ``0.9,0.2`` is one row of two values or the
answers to two rows. `readings` gives every way to read a body, the likeliest first; `read_rows`
takes the first, `read_answers` and `read_exchange` the one in which each row has an answer.
"""

import base64
import binascii
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from ..wording import counted
from . import json_bodies, libsvm
from .json_rows import Row

Kind = Literal["CSV", "JSON", "LIBSVM"]
Number = Callable[[str], Any]

# Types that say nothing (text/html is Flask's default): CSV, or JSON if it looks so.
_ANY = ("", "application/octet-stream", "text/plain", "text/html")


def kind_of(content_type: str | None) -> Kind:
    """Return what a content type stands for; without one a body is CSV.

    Raises:
        ValueError: none that is read.
    """
    content = (content_type or "").split(";")[0].strip().lower()
    if "json" in content:
        return "JSON"
    if "libsvm" in content:
        return "LIBSVM"
    if content in _ANY or "csv" in content:
        return "CSV"
    raise ValueError(f"content of type {content!r} is neither CSV nor JSON nor libsvm")


def kind_in(content_type: str | None, text: str) -> Kind:
    """Return what a body is, by its content type; if that says nothing, JSON is told from CSV.

    Raises:
        ValueError: it is of a type that isn't read, or a web page.
    """
    kind = kind_of(content_type)
    said, start = str(content_type).lower(), text.lstrip()[:1]
    if "html" in said and start == "<":
        raise ValueError(f"the body is a web page: {text.strip()[:60]!r}")
    is_said = kind != "CSV" or "csv" in said
    return "JSON" if not is_said and (start == "{" or _is_json_list(text)) else kind


def _is_json_list(text: str) -> bool:
    """Return whether a body is a list in JSON: XGBoost writes lists on lines of CSV, too."""
    if text.lstrip()[:1] != "[":
        return False
    try:
        return isinstance(json_bodies.load(text), list)
    except ValueError:
        return False


def read_side(side: Mapping[str, Any]) -> tuple[Kind, str]:
    """Return the kind of a captured input or output, and its body as text.

    Raises:
        ValueError: the encoding or the content type is unknown, or the body isn't what it says.
    """
    encoding, text = side["encoding"], side["data"]
    if not isinstance(text, str):
        raise ValueError(f"the captured data is no text but of type {type(text).__name__}")
    if encoding == "JSON":
        return "JSON", text
    content_type = side.get("observedContentType")
    if encoding == "CSV":
        return "LIBSVM" if "libsvm" in str(content_type).lower() else "CSV", text
    if encoding != "BASE64":
        raise ValueError(f"the encoding {encoding!r} is none of CSV, JSON and BASE64")
    kind_of(content_type)  # what isn't read needn't be text
    try:
        text = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"the captured data is no text in BASE64: {error}") from None
    return kind_in(content_type, text), text


def read_rows(kind: Kind, text: str, number: Number | None = None) -> list[Row]:
    """Return the rows of a body, read the likeliest way.

    Args:
        kind: from `kind_of` or `read_side`.
        text: the body.
        number: makes JSON's numbers of their text, and of NaN a missing value (str keeps them as
            they were written); by default they are int and float. Cells of CSV and libsvm are text.

    Raises:
        ValueError: it isn't of its kind, or its rows differ in width.
    """
    return _even(next(readings(kind, text, number)))


def read_answers(kind: Kind, text: str, count: int, number: Number | None = None) -> list[Row]:
    """Return the answers to `count` rows; otherwise as `read_rows`.

    Raises:
        ValueError: the body can't be read, or holds another number of answers.
    """
    return _pair([[[]] * count], readings(kind, text, number))[1]


def read_exchange(
    request: tuple[Kind, str],
    answer: tuple[Kind, str],
    number: Number | None = None,
    width: int | None = None,
) -> tuple[list[Row], list[Row]]:
    """Return the rows of a request, and an answer for each of them.

    Args:
        request, answer: kind and text, as `read_side` returns them.
        number: as in `read_rows`.
        width: how many features the model has, if known: readings with rows of that width are
            kept, if there are any, and libsvm rows are filled up to it.

    Raises:
        ValueError: a body can't be read, or the answers don't number as many as the rows.
    """
    kind, text = request
    # In CSV a row is a line: only answers may all stand on one
    asked = [_lines(text)] if kind == "CSV" else list(readings(kind, text, number, width))
    if width is not None:
        asked = [rows for rows in asked if all(len(row) == width for row in rows)] or asked
    return _pair(asked, readings(*answer, number))


def _pair(asked: list[list[Row]], ways: Iterable[list[Row]]) -> tuple[list[Row], list[Row]]:
    """Return the first way to read a request, and the first to read its answer, that fit."""
    answered: list[list[Row]] = []
    ways = iter(ways)
    for rows in asked:
        for answers in answered:
            if len(answers) == len(rows):
                return _even(rows), _even(answers)
        for answers in ways:
            answered.append(answers)
            if len(answers) == len(rows):
                return _even(rows), _even(answers)
    if not any(asked):
        raise ValueError("the request has no rows")
    raise ValueError(
        f"a request of {counted(len(asked[0]), 'row')} was answered with"
        f" {counted(len(answered[0]), 'prediction')}"
    )


def readings(
    kind: Kind, text: str, number: Number | None = None, width: int | None = None
) -> Iterator[list[Row]]:
    """Yield every way to read a body, the likeliest first; at least one. See `read_exchange`.

    Raises:
        ValueError: it isn't of its kind.
    """
    if kind == "JSON":
        return json_bodies.readings(text, number)
    if kind == "LIBSVM":
        return iter([libsvm.dense([values for _, values in libsvm.rows(text)], width)])
    return _csv_readings(text)


def csv_rows(text: str) -> Iterator[list[str]]:
    """Split CSV text into rows of cells; a quoted cell may hold line ends.

    Raises:
        ValueError: a quote isn't closed or is followed by text, or a cell is longer than 131,072
            characters.
    """
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise ValueError(f"CSV cannot be read: {error}.") from None


def records(body: bytes) -> Iterator[tuple[int, bytes]]:
    r"""Yield the lines of JSON lines that aren't blank, with their numbers, from 1.

    A record ends at \n alone: JSON and captured text may hold every other line end.
    """
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.strip():
            yield number, line


def _csv_readings(text: str) -> Iterator[list[Row]]:
    """Yield a line a row; of one line of several cells also each cell a row, as XGBoost answers.

    Cells that are lists, XGBoost's probabilities a class, are rows.
    """
    if text.lstrip()[:1] == "[" and (lists := _lists(text)):
        yield lists
    rows = _lines(text)
    yield rows
    if len(rows) == 1 and len(rows[0]) > 1:
        yield [[cell.strip()] for cell in rows[0]]


def _lines(text: str) -> list[Row]:
    return [cells for cells in csv_rows(text) if cells]


def _lists(text: str) -> list[list[str | None]] | None:
    """Read ``[0.1, 0.9],[0.7, 0.3]``, on a line or on several; None if it is anything else."""
    lines = (line.strip().removesuffix(",") for line in text.split("\n"))
    try:
        found = json_bodies.load(f"[{','.join(line for line in lines if line)}]", str)
    except ValueError:
        return None
    lists = all(isinstance(item, list) and json_bodies.is_plain(item) for item in found)
    return found if lists else None


def _even(rows: list[Row]) -> list[Row]:
    """Return rows, checked: those without names are of one width."""
    width = len(rows[0]) if rows and isinstance(rows[0], list) else None
    for number, row in enumerate(rows, 1):
        if isinstance(row, list) != (width is not None):
            raise ValueError(f"row {number} has names and row 1 has none, or the reverse")
        if width is not None and len(row) != width:
            raise ValueError(f"row {number} has {counted(len(row), 'value')}, row 1 has {width}")
    return rows
