"""KServe's tensors, each with a name, a shape and its data: a column, or several."""

import math
from itertools import chain
from typing import Any

from ..wording import counted
from .json_rows import Row, repeated


def is_one(item: Any) -> bool:
    """Return whether an object is a tensor."""
    return isinstance(item, dict) and "shape" in item and isinstance(item.get("data"), list)


def rows(items: list[dict[str, Any]]) -> list[Row]:
    """Return the rows of KServe's tensors: by position if there is one, by their names if more.

    Raises:
        ValueError: a tensor's values don't fill its shape, two have one name, or as many rows each
            aren't in them.
    """
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
        raise ValueError(
            f"{counted(len(values), 'value')} for a tensor of shape {str(item['shape'])!r}"
        )
    return [values[start : start + width] for start in range(0, len(values), width or 1)]
