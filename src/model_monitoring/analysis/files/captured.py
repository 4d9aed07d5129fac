"""Turn SageMaker's captured requests (data capture, also merged with ground truth) into rows of
text cells.

The endpoint's outputs come first, then its inputs, as Model Monitor orders them. CSV has no names,
so its columns are called ``_out0``, ``_in0`` ... until the baseline or the caller names them
(jobs.py); JSON brings its own.
"""

import base64
import csv
import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import pyarrow as pa

Row = dict[str, str | None]
# What monitors ask an endpoint beside its traffic, to explain it or to see whether it is fair, has
# such inference ids.
PERTURBED = "perturbed-"


class UnusableRecord(ValueError):
    """Say that a whole file cannot be read this way, rather than one broken line."""


def csv_rows(text: str) -> Iterator[list[str]]:
    """Split CSV text into rows of cells.

    Raises:
        ValueError: it is not CSV, or a cell is longer than 131,072 characters.
    """
    try:
        yield from csv.reader(text.splitlines())
    except csv.Error as error:
        raise ValueError(f"CSV cannot be read: {error}.") from None


def rows(record: dict[str, Any], reading) -> list[Row]:
    """Return one row per row of the request: outputs, inputs, and the ground truth (``_label``) if
    merged in.

    A perturbed request, which is nobody's traffic, has none.

    Raises:
        ValueError: outputs and inputs differ in number.
        UnusableRecord: content is neither CSV nor JSON, or nested.
    """
    if str(record.get("eventMetadata", {}).get("inferenceId") or "").startswith(PERTURBED):
        return []
    data = record["captureData"]
    outputs = _side(data.get("endpointOutput") or data.get("batchTransformOutput"), "_out")
    inputs = _side(data.get("endpointInput"), "_in")
    if len(outputs) == 1 and len(outputs[0]) == len(inputs) > 1:
        # XGBoost's way: all predictions on one line
        outputs = [{"_out0": cell} for cell in outputs[0].values()]
    if outputs and inputs and len(outputs) != len(inputs):
        raise ValueError(
            f"a request of {len(inputs)} rows was answered with {len(outputs)} predictions."
        )
    taken = set(inputs[0]) if inputs else set()
    outputs = [
        {f"{name}_output" if name in taken else name: cell for name, cell in row.items()}
        for row in outputs
    ]
    joined = [output | source for output, source in zip_longest(outputs, inputs, fillvalue={})]
    if outputs and not reading.outputs:
        reading.outputs = list(outputs[0])
    if "groundTruthData" in record:
        labels = [
            row[0] if row else None for row in csv_rows(str(record["groundTruthData"]["data"]))
        ]
        joined = [{"_label": label, **row} for label, row in zip(labels, joined, strict=True)]
    return joined


def _side(side: dict[str, Any] | None, prefix: str) -> list[Row]:
    """Return the rows of a captured input or output."""
    if not side:
        return []
    text, kind = side["data"], side["encoding"]
    if kind == "BASE64":
        content = side.get("observedContentType", "").split(";")[0].strip().lower()
        kind = {"text/csv": "CSV", "application/json": "JSON", "application/jsonlines": "JSON"}.get(
            content
        )
        if kind is None:
            raise UnusableRecord(f"captured content of type {content!r} is neither CSV nor JSON.")
        text = base64.b64decode(text).decode("utf-8")
    if kind == "CSV":
        return [
            {f"{prefix}{i}": cell for i, cell in enumerate(cells)}
            for cells in csv_rows(text)
            if cells
        ]
    return _json_rows(text, prefix)


def _json_rows(text: str, prefix: str) -> list[Row]:
    """Return the rows of JSON content: JSON lines, or one document that may be an envelope such as
    predictions.
    """
    keep = {"parse_int": str, "parse_float": str, "parse_constant": str}
    try:
        content = json.loads(text, **keep)
    except json.JSONDecodeError:
        content = [json.loads(line, **keep) for line in text.splitlines() if line.strip()]
    if isinstance(content, dict) and list(content) in (["predictions"], ["instances"]):
        found = content[next(iter(content))]
    else:  # one row, unless it is a list of rows
        found = content if isinstance(content, list) and not _is_plain(content) else [content]
    return [_json_row(item, prefix) for item in found]


def _is_plain(items: list) -> bool:
    return bool(items) and not isinstance(items[0], dict | list)


def _json_row(item: Any, prefix: str) -> Row:
    """Return one row given as an object, as a list of values, as ``{"features": [...]}``, or as a
    bare value.
    """
    if isinstance(item, dict):
        if list(item) != ["features"]:
            return flat(item)
        item = item["features"]
    named = {
        f"{prefix}{i}": cell for i, cell in enumerate(item if isinstance(item, list) else [item])
    }
    return {name: _text(name, cell) for name, cell in named.items()}


def flat(record: dict[str, Any]) -> Row:
    """Return a JSON object's values as text; a list of values (scores per class, say) becomes
    key_0, key_1 ...

    Raises:
        UnusableRecord: a value is an object, or a list of anything but plain values.
    """
    row: Row = {}
    for key, value in record.items():
        items = (
            {f"{key}_{i}": item for i, item in enumerate(value)}
            if isinstance(value, list)
            else {key: value}
        )
        row |= {name: _text(name, item) for name, item in items.items()}
    return row


def _text(name: str, value: Any) -> str | None:
    if isinstance(value, dict | list):
        raise UnusableRecord(f"field {name!r} is nested; only flat JSON can be monitored.")
    return str(value).lower() if isinstance(value, bool) else value


def columns(found: list[Row]) -> dict[str, pa.Array]:
    """Turn rows into columns, in the order names first come up; a cell that a row lacks is
    missing.
    """
    names = dict.fromkeys(name for row in found for name in row)
    return {name: pa.array([row.get(name) for row in found], pa.string()) for name in names}
