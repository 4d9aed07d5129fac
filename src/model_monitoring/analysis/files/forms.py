"""The forms of requests to an endpoint and of its responses, as data capture keeps them.

This is the one grammar for the analysis and for the data mart. A body is CSV, JSON, or JSON lines.
It becomes rows, each of them a list of values, or a mapping if the body names them:

- CSV: one row per line. If all predictions are on one line, the number of rows in the request tells
(`one_each`).
- ``{"instances": [...]}`` or ``{"predictions": [...]}``: one row each.
- ``{"fields": [...], "values": [[...], ...]}``: rows with names.
- a list of lists or objects: one row each; a list of plain values: one row.
- ``{"features": [...]}`` in place of a row, any other object, a bare value: one row.
"""

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

Kind = Literal["CSV", "JSON"]
Row = list | dict[str, Any]
_ENVELOPES = ("instances", "predictions")
_TEXTS = ("", "application/octet-stream")  # types that say nothing: the content is CSV


class UnusableRecord(ValueError):
    """The whole file cannot be read this way, not only one broken line."""


def read_side(side: Mapping[str, Any]) -> tuple[Kind, str]:
    """Return the kind of a captured input or output, and its body as a string.

    Raises:
        ValueError: the encoding is unknown, or the body doesn't match it.
        UnusableRecord: the content is neither CSV nor JSON.
    """
    encoding = side["encoding"]
    if encoding in ("CSV", "JSON"):
        return encoding, side["data"]
    if encoding != "BASE64":
        raise ValueError(f"the encoding {encoding!r} isn't CSV, JSON or BASE64")
    kind = kind_of(side.get("observedContentType"))
    return kind, base64.b64decode(side["data"], validate=True).decode("utf-8")


def kind_of(content_type: str | None) -> Kind:
    """Return the kind that a content type means; without a content type a body is CSV.

    Raises:
        UnusableRecord: the type is neither CSV nor JSON.
    """
    content = (content_type or "").split(";")[0].strip().lower()
    if "json" in content:
        return "JSON"
    if content in _TEXTS or content.startswith("text/") or "csv" in content:
        return "CSV"
    raise UnusableRecord(f"captured content of type {content!r} is neither CSV nor JSON.")


def read_rows(kind: Kind, text: str, number: Callable[[str], Any] | None = None) -> list[Row]:
    """Return the rows of a body; cells of CSV are strings.

    Args:
        kind: from `read_side`.
        text: the body.
        number: converts JSON's numbers from their text (str keeps them as they were written); by
            default they are int and float.

    Raises:
        ValueError: the body is neither CSV nor JSON, or names and values don't match.
    """
    if kind == "CSV":
        return [cells for cells in csv_rows(text) if cells]
    keep = {f"parse_{kind}": number for kind in ("int", "float", "constant")} if number else {}
    try:
        content = json.loads(text, **keep)
    except json.JSONDecodeError:
        found = [json.loads(line, **keep) for line in text.split("\n") if line.strip()]
    else:
        found = _items(content)
    return [_row(item) for item in found]


def csv_rows(text: str) -> Iterator[list[str]]:
    """Split CSV into rows of cells; a quoted cell may hold line ends.

    Raises:
        ValueError: it isn't CSV, or a cell is longer than 131,072 characters.
    """
    try:
        yield from csv.reader(io.StringIO(text, newline=""))
    except csv.Error as error:
        raise ValueError(f"CSV cannot be read: {error}.") from None


def one_each(answers: list[Row], count: int) -> list[Row]:
    """Split predictions that came as one list, as XGBoost sends them, into one per row.

    There are `count` rows. Predictions in any other form are returned as they are.
    """
    together = len(answers) == 1 and isinstance(answers[0], list)
    if together and len(answers[0]) == count > 1:
        return [[value] for value in answers[0]]
    return answers


def _items(content: Any) -> list:
    """Return the rows of a JSON document, in whatever form they are."""
    if isinstance(content, list):
        return content if all(isinstance(item, dict | list) for item in content) else [content]
    if not isinstance(content, dict):
        return [content]
    if isinstance(content.get("fields"), list) and isinstance(content.get("values"), list):
        return _named(content["fields"], content["values"])
    for name in _ENVELOPES:
        inside = content.get(name)
        # A list of plain values beside other keys is a field of one row, such as scores per class
        nested = isinstance(inside, list) and all(isinstance(item, dict | list) for item in inside)
        if nested or (isinstance(inside, list) and len(content) == 1):
            return inside
    return [content]


def _named(fields: list[str], values: list[list]) -> list[dict[str, Any]]:
    if len(set(fields)) < len(fields):
        raise ValueError(f"fields are named more than once: {fields}")
    return [dict(zip(fields, row, strict=True)) for row in values]


def _row(item: Any) -> Row:
    if isinstance(item, dict) and list(item) == ["features"]:
        item = item["features"]
    return item if isinstance(item, dict | list) else [item]
