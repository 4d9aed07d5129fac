"""The JSON that pandas writes of a frame or a series (``to_json``), of each ``orient`` that has a
form of its own.

- ``columns``: ``{"a": {"0": 1.5}, "b": {"0": "x"}}``, by name and index;
- ``index``: ``{"0": {"a": 1.5, "b": "x"}}``, by index and name;
- ``table``: ``{"schema": {"fields": [...], "primaryKey": [...]}, "data": [{...}]}``;
- ``split`` of a series: ``{"name": ..., "index": [...], "data": [...]}``.

`records`, `values` and a frame's `split` are forms of others too, which `json_bodies` knows.
An index is told from names by its numbers or times; one without a name is no data.
"""

import re
from typing import Any

from .json_rows import Row

_INDEX = re.compile(r"-?\d+(?:\.\d+)?|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_UNNAMED = re.compile(r"index|level_\d+", re.ASCII)  # what pandas calls an index without a name


class Unclear(ValueError):
    """An object may be a frame by name as well as by index."""


def ways(content: dict[str, Any]) -> list[list[Row]]:
    """Return each way to read an object as a frame, the likeliest first; none if it is none."""
    if set(content) == {"schema", "data"} and _is_schema(content["schema"]):
        return [_of_table(content["schema"], content["data"])]
    if set(content) == {"name", "index", "data"} and isinstance(content["data"], list):
        name = content["name"]
        return [[{name: value} if isinstance(name, str) else [value] for value in content["data"]]]
    if not _is_grid(content):
        return []
    found: list[list[Row]] = []
    index = next(iter(content.values()))
    if _is_index(index):  # pandas' own choice
        columns = {name: [column[key] for key in index] for name, column in content.items()}
        found.append(transposed(columns))
    if _is_index(content):
        found.append(list(content.values()))
    return found


def refuse_unclear(content: Any) -> None:
    """Refuse a document that may be a frame by name as well as by index.

    Either both are numbers, or neither is; then it could also be one row of objects.

    Raises:
        Unclear: it is one.
    """
    if not isinstance(content, dict) or len(content) < 2 or not _is_grid(content):
        return
    if _is_index(content) == _is_index(next(iter(content.values()))):
        keys = list(content)[:2], list(next(iter(content.values())))[:2]
        raise Unclear(
            f"its objects {keys[0]} all have the keys {keys[1]}, so it isn't clear which of the two"
            " name columns: write it with pandas' orient='records' or 'split'"
        )


def transposed(columns: dict[str, list]) -> list[Row]:
    """Return the rows of columns."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _is_grid(content: dict[str, Any]) -> bool:
    """Return whether an object holds objects that all have the same keys, which hold values."""
    inner = list(content.values())
    if not inner or not all(isinstance(item, dict) and item for item in inner):
        return False
    alike = all(item.keys() == inner[0].keys() for item in inner)
    return alike and not any(isinstance(cell, dict) for item in inner for cell in item.values())


def _is_index(keys: dict[str, Any]) -> bool:
    return all(_INDEX.fullmatch(key) for key in keys)


def _is_schema(schema: Any) -> bool:
    return isinstance(schema, dict) and isinstance(schema.get("fields"), list)


def _of_table(schema: dict[str, Any], rows: Any) -> list[Row]:
    """Return the rows of a table, without an index that has no name."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("a table of pandas whose data is no list of objects")
    index = {key for key in schema.get("primaryKey", ()) if _UNNAMED.fullmatch(str(key))}
    return [{name: cell for name, cell in row.items() if name not in index} for row in rows]
