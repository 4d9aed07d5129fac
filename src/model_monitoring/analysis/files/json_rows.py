"""What a row of a JSON body is: a list of values, or values by name.

Objects within a row are taken apart: ``{"customer": {"age": 1}}`` has a value ``customer.age``.
"""

from contextlib import suppress
from typing import Any

Row = list | dict[str, Any]

MAX_WIDTH = 1_000_000  # values of a sparse row


def row_of(item: Any) -> Row:
    """Return a row: SageMaker's features as a list, any other object by name."""
    if not isinstance(item, dict):
        return item if isinstance(item, list) else [item]
    if "SageMakerOutput" in item:
        return row_of(item["SageMakerOutput"])
    data = item.get("data")
    if isinstance(data, dict) and (list(item) == ["data"] or _is_long(data.get("features"))):
        item = data
    if "features" in item and (len(item) == 1 or _is_long(item["features"])):
        inside = item["features"]
        if isinstance(inside, list):
            return inside
        if isinstance(inside, dict):
            return _values(inside) if _is_long(inside) else _flat(inside)
    return _flat(item)


def _is_long(features: Any) -> bool:
    return isinstance(features, dict) and isinstance(features.get("values"), list)


def _values(features: dict[str, Any]) -> list:
    """Return the values of SageMaker's long form; of a sparse row with its zeros."""
    values = features["values"]
    if "keys" not in features:
        return values
    (size,) = features["shape"]
    if not 0 <= int(size) <= MAX_WIDTH:
        shape = str(features["shape"])
        raise ValueError(f"a sparse row of shape {shape!r} can't be laid out")
    row = [type(size)("0")] * int(size)
    for key, value in zip(features["keys"], values, strict=True):
        if not 0 <= int(key) < len(row):
            raise ValueError(
                f"key {str(key)!r} of a sparse row lies outside its shape {str(size)!r}"
            )
        row[int(key)] = value
    return row


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    """Take an object's objects apart: their values are named by the path to them."""
    if dict not in map(type, item.values()):
        return item
    row: dict[str, Any] = {}
    for name, value in item.items():
        inner = {name: value}
        if isinstance(value, dict):
            inner = {f"{name}.{key}": cell for key, cell in _flat(value).items()}
        if twice := inner.keys() & row.keys():
            raise ValueError(f"field {min(twice)!r} stands in the row twice")
        row |= inner
    return row


def repeated(names: list) -> Any:
    """Return the first name that comes again in a list; None if none does."""
    with suppress(TypeError):  # names may be anything here
        if len(set(names)) == len(names):
            return None
    return next((name for place, name in enumerate(names) if name in names[:place]), None)
