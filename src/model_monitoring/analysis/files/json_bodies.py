"""The forms of a JSON body, a request's or an answer's: what holds the rows, and what a row is.

- a list of lists or objects: a row each; a list of plain values: one row, or as many;
- SageMaker: ``{"instances": [{"features": [...]}]}``, the long form ``{"data": {"features":
  {"values": [...]}}}`` in its place (dense, or sparse with ``keys`` and ``shape``),
  ``{"predictions": [...]}``, batch transform's ``SageMakerOutput``;
- ``{"fields": [...], "values": [[...]]}``, also in ``input_data`` and ``predictions`` (OpenScale);
- MLflow: ``dataframe_split``, ``dataframe_records``, ``inputs``;
- TensorFlow Serving and KServe: ``instances``, ``inputs``, ``outputs``, ``predictions``, also by
  column, and tensors with ``name``, ``shape`` and ``data``;
- by column: ``{"a": [...], "b": [...]}``;
- what pandas writes (`pandas_json`);
- lines of JSON, each a row; any other object, or a bare value: one row.

What a row is, `json_rows` knows.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import chain
from typing import Any

from ..wording import counted
from . import pandas_json
from .json_rows import Row, row_of

_ENVELOPES = (
    "instances",
    "predictions",
    "dataframe_split",
    "dataframe_records",
    "inputs",
    "outputs",
    "input_data",
    "data",
)
# What stands beside an envelope and is no value of a row
_BESIDE = {"signature_name", "params", "parameters", "id", "model_name", "model_version"}
_CONSTANTS = {"NaN": None, "Infinity": "inf", "-Infinity": "-inf"}


@cache
def _decoder(number: Callable[[str], Any] | None) -> json.JSONDecoder:
    if number is None:
        return json.JSONDecoder(object_pairs_hook=unrepeated)
    return json.JSONDecoder(
        object_pairs_hook=unrepeated,
        parse_int=number,
        parse_float=number,
        parse_constant=_CONSTANTS.get,
    )


def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its keys and values: Python's decoder would keep the last of a key's.

    Raises:
        ValueError: a key stands in it twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"an object has the key {repeated([key for key, _ in pairs])!r:.80} twice")
    return found


def repeated(names: list) -> Any:
    """Return the first name that comes again in a list; None if none does."""
    with suppress(TypeError):  # names may be anything here
        if len(set(names)) == len(names):
            return None
    return next((name for place, name in enumerate(names) if name in names[:place]), None)


def load(text: str, number: Callable[[str], Any] | None = None) -> Any:
    """Decode JSON; `number` makes numbers of their text, and then NaN is missing.

    Raises:
        ValueError: it isn't JSON, is nested too deep, or holds a key twice or half a character.
    """
    try:
        content = _decoder(number).decode(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("JSON with half a character (a lone surrogate)") from None
    except RecursionError:
        raise ValueError("JSON is nested too deep to be read") from None
    return content


def readings(
    text: str, number: Callable[[str], Any] | None = None, is_file: bool = False
) -> Iterator[list[Row]]:
    """Yield every way to read a JSON body, the likeliest first; see `bodies.readings`.

    Raises:
        ValueError: it isn't JSON, or names and values don't fit together.
        Unclear: it `is_file`, so that no answer tells its rows, and what they are isn't clear.
    """
    try:
        yield from _ways(text, number, is_file)
    except (TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"JSON of an unknown form: {error!r}") from None


def _ways(text: str, number: Callable[[str], Any] | None, is_file: bool) -> Iterator[list[Row]]:
    """Yield the readings of a document, or of lines of documents."""
    if not text.strip():
        yield []
        return
    try:
        content = load(text, number)
    except json.JSONDecodeError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise ValueError(f"not JSON: {error}") from None
        yield list(chain.from_iterable(_line(load(line, number)) for line in lines))
    else:
        if is_file:
            pandas_json.refuse_unclear(content)
        yield from _readings(content)


def is_plain(values: list) -> bool:
    """Return whether a list holds no list and no object."""
    return not any(isinstance(value, dict | list) for value in values)


def _readings(content: Any, each: bool = False) -> Iterator[list[Row]]:
    """Yield the rows of a decoded body; `each`: a list of plain values is rather many rows."""
    if isinstance(content, dict):
        yield from _of_object(content)
    elif not isinstance(content, list):
        yield [[content]]
    elif not content:
        yield []
    elif not is_plain(content):
        yield from _of_rows(content)
    else:
        ways = [content], [[value] for value in content]
        yield from reversed(ways) if each else ways


def _of_rows(items: list) -> Iterator[list[Row]]:
    """Yield the rows of a list of lists or objects."""
    kinds = set(map(type, items))
    if kinds == {list}:
        yield items
        if len(items) > 1 and all(len(item) == 1 for item in items):
            yield [[value for (value,) in items]]  # one row's values, each where a row could be
    elif not kinds <= {dict, list}:
        yield [items]
    elif _is_tensor(items[0]) and all(map(_is_tensor, items)):
        yield _tensors(items)
    elif _is_table(items[0]) and all(map(_is_table, items)):
        yield list(chain.from_iterable(map(_table, items)))
    else:
        yield [row_of(item) for item in items]


def _of_object(content: dict[str, Any]) -> Iterator[list[Row]]:
    """Yield the rows of an object: of what it wraps, by column, or one row."""
    if _is_table(content):
        yield _table(content)
        return
    for name in _ENVELOPES:
        if _wraps(content, name):
            yield from _readings(content[name], each=True)
            return
    if list(content) == ["features"] and isinstance(inner := content["features"], dict | list):
        if isinstance(inner, list) and not is_plain(inner):
            yield from _of_rows(inner)
            return
    elif ways := pandas_json.ways(content):
        yield from ways
        return
    elif _is_by_column(content):
        rows = pandas_json.transposed(content)
        # One list alone is rather one row's, such as its probabilities
        likely = len(content) > 1 or len(rows) == 1
        yield from [rows, [content]] if likely else [[content], rows]
        return
    yield [row_of(content)]


def _wraps(content: dict[str, Any], name: str) -> bool:
    """Return whether an object is an envelope of that name."""
    inside = content.get(name)
    if not isinstance(inside, dict | list):
        return False
    if not set(content) - _BESIDE - {name}:
        return True
    # A list of plain values beside other keys is a field of one row, such as scores a class
    rows = isinstance(inside, list) and all(isinstance(item, dict | list) for item in inside)
    return name in ("instances", "predictions") and rows


def _is_by_column(content: dict[str, Any]) -> bool:
    """Return whether an object's values are lists of one length."""
    if not all(isinstance(column, list) and column for column in content.values()):
        return False
    return len({len(column) for column in content.values()}) == 1


def _is_table(item: Any) -> bool:
    """Return whether an object has its names in one list and its rows in another."""
    if not isinstance(item, dict):
        return False
    pair = ("fields", "values") if "fields" in item else ("columns", "data")
    return all(isinstance(item.get(name), list) for name in pair)


def _table(item: dict[str, Any]) -> list[dict[str, Any]]:
    names, rows = ("fields", "values") if "fields" in item else ("columns", "data")
    fields = [str(name) if isinstance(name, int) else name for name in item[names]]
    if len(set(fields)) < len(fields):
        raise ValueError(f"{names} are named more than once: {fields}")
    return [dict(zip(fields, row, strict=True)) for row in item[rows]]


def _is_tensor(item: Any) -> bool:
    return isinstance(item, dict) and "shape" in item and isinstance(item.get("data"), list)


def _tensors(items: list[dict[str, Any]]) -> list[Row]:
    """Return the rows of KServe's tensors: by position if there is one, by their names if more."""
    columns = [_tensor_rows(item) for item in items]
    if len(items) == 1:
        return columns[0]
    names = [item.get("name", str(place)) for place, item in enumerate(items)]
    if (twice := repeated(names)) is not None:
        raise ValueError(f"two tensors have the name {twice!r:.80}")
    cells = [[row[0] if len(row) == 1 else row for row in column] for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def _tensor_rows(item: dict[str, Any]) -> list[list]:
    count, *inner = (int(size) for size in item["shape"])
    width = math.prod(inner)
    values = item["data"]
    while values and isinstance(values[0], list):
        values = list(chain.from_iterable(values))
    if min(count, width) < 0 or len(values) != count * width:
        raise ValueError(f"{counted(len(values), 'value')} for a tensor of shape {item['shape']}")
    return [values[start : start + width] for start in range(0, len(values), width or 1)]


def _line(content: Any) -> list[Row]:
    """Return the rows of one of several lines: the likeliest, but an object is no column."""
    if isinstance(content, dict) and not any(_wraps(content, name) for name in _ENVELOPES):
        return _table(content) if _is_table(content) else [row_of(content)]
    return next(_readings(content))
