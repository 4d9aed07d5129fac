"""Turn SageMaker's captured requests into rows of strings.

The requests come from data capture, also merged with ground truth. The endpoint's outputs come
first, then its inputs, as in Model Monitor. CSV has no names, so its columns are called ``_out0``,
``_in0`` ... until the baseline or the caller names them (naming.py); JSON has its own names.
bodies.py reads the forms that a body can have.
"""

from itertools import zip_longest
from typing import Any

import pyarrow as pa

from . import bodies

Row = dict[str, str | None]
# Monitors call an endpoint themselves, to explain it or to test its fairness; those calls have such
# inference ids.
PERTURBED = "perturbed-"


class UnusableRecord(ValueError):
    """Say that a whole file cannot be read this way, rather than one broken line."""


def rows(record: dict[str, Any], reading) -> list[Row]:
    """Return one row per row of the request: outputs, inputs, and the ground truth (``_label``).

    The ground truth is there if it was merged in. A perturbed request has no rows, because it isn't
    traffic.

    Raises:
        ValueError: outputs and inputs differ in number.
        UnusableRecord: the content is neither CSV nor JSON, or nested.
    """
    if str(record.get("eventMetadata", {}).get("inferenceId") or "").startswith(PERTURBED):
        return []
    asked, answered = _sides(record["captureData"])
    inputs = [_cells(row, "_in") for row in asked]
    outputs = [_cells(row, "_out") for row in answered]
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
            row[0] if row else None
            for row in bodies.csv_rows(str(record["groundTruthData"]["data"]))
        ]
        joined = [{"_label": label, **row} for label, row in zip(labels, joined, strict=True)]
    return joined


def _sides(data: dict[str, Any]) -> tuple[list[bodies.Row], list[bodies.Row]]:
    """Return a request's rows and their answers; numbers stay as they were written."""
    answer = data.get("endpointOutput") or data.get("batchTransformOutput")
    sides = [data.get("endpointInput"), answer]
    texts = [bodies.read_side(side) for side in sides if side]
    if len(texts) == 2:
        return bodies.read_exchange(*texts, number=str)
    found = [bodies.read_rows(*bodies.read_side(side), str) if side else [] for side in sides]
    return found[0], found[1]


def _cells(row: bodies.Row, prefix: str) -> Row:
    """Return a row's cells under its own names, or under the prefix and their position."""
    if isinstance(row, dict):
        return flat(row)
    named = {f"{prefix}{i}": cell for i, cell in enumerate(row)}
    return {name: _text(name, cell) for name, cell in named.items()}


def flat(record: dict[str, Any]) -> Row:
    """Return the values of a JSON object as strings.

    A list of values (for example scores per class) becomes key_0, key_1 ...

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
    """Turn rows into columns, in the order in which names first appear.

    A cell that a row lacks is missing.
    """
    names = dict.fromkeys(name for row in found for name in row)
    return {name: pa.array([row.get(name) for row in found], pa.string()) for name in names}
