"""SageMaker's captured requests (data capture, also merged with labels) as rows of text cells.

Nothing is decided by the first request: `Forms` takes a part's most common form of a request and of
an answer, and what is of another (an error message among predictions, a row of another width) is
left out and counted. The endpoint's outputs come first, then its inputs, as Model Monitor orders
them. CSV has no names, so its columns have places alone; JSON brings its own names.
"""

from collections import Counter
from typing import Any, NamedTuple

import pyarrow as pa

from . import bodies, libsvm
from .bodies import Row
from .reading import Columns, Origin, Reading

# How many values a row has, or its names (of libsvm, its places); None: there is no row
Shape = int | tuple[str | int, ...] | None
# What monitors ask an endpoint beside its traffic, to explain it or to see whether it is fair, has
# such inference ids.
PERTURBED = "perturbed-"

_TEXT = {str, type(None)}


class Event(NamedTuple):
    """A request of one or more rows: inputs, outputs, labels, each empty if there are none."""

    line: int
    inputs: list[Row]
    outputs: list[Row]
    labels: list[Row]

    @property
    def rows(self) -> int:
        """Return how many rows it has."""
        return max(len(self.inputs), len(self.outputs))


def is_asked_by_monitors(record: dict[str, Any]) -> bool:
    """Return whether a request is nobody's traffic but what a monitor asked."""
    about = record.get("eventMetadata") or {}
    return str(about.get("inferenceId") or "").startswith(PERTURBED)


def event(line: int, record: dict[str, Any]) -> Event:
    """Read a captured request; numbers stay as they were written.

    Raises:
        ValueError: a side can't be read, or the sides and labels differ in their numbers of rows.
    """
    data = record["captureData"]
    sides = [
        data.get("endpointInput"),
        data.get("endpointOutput") or data.get("batchTransformOutput"),
    ]
    texts = [bodies.read_side(side) if side else None for side in sides]
    if texts[0] and texts[0][0] == "LIBSVM":  # its rows have as many values as they need
        inputs = [values for _, values in libsvm.rows(texts[0][1])]
        outputs = bodies.read_answers(*texts[1], len(inputs), str) if texts[1] else []
    elif all(texts):
        inputs, outputs = bodies.read_exchange(*texts, number=str)
    else:
        inputs, outputs = (bodies.read_rows(*text, str) if text else [] for text in texts)
    found = Event(line, *(list(map(_plain, rows)) for rows in (inputs, outputs)), [])
    if not found.rows:
        raise ValueError("the request has no rows")
    if record.get("groundTruthData") is None:
        return found
    return found._replace(labels=_labels(record["groundTruthData"], found.rows))


def plain(row: dict[str, Any]) -> dict[str, str | None]:
    """Return a JSON object's values as text; a list of values (scores per class, say) becomes
    key_0, key_1 ...

    Raises:
        ValueError: a value is a list of anything but plain values, or two are of one name.
    """
    if set(map(type, row.values())) <= _TEXT:
        return row
    found: dict[str, str | None] = {}
    for name, value in row.items():
        cells = {name: value}
        if isinstance(value, list):
            cells = {f"{name}_{i}": item for i, item in enumerate(value)}
        if twice := cells.keys() & found.keys():
            raise ValueError(f"field {min(twice)!r} stands in the row twice")
        found |= {called: _text(name, cell) for called, cell in cells.items()}
    return found


def _plain(row: Row) -> Row:
    if isinstance(row, dict):
        return plain(row)
    if set(map(type, row)) <= _TEXT:
        return row
    return [_text(place, cell) for place, cell in enumerate(row)]


def _text(name: str | int, value: Any) -> str | None:
    if isinstance(value, dict | list):
        raise ValueError(f"field {name!r} holds a list of lists; only flat JSON can be monitored")
    return str(value).lower() if isinstance(value, bool) else value


def _labels(truth: dict[str, Any], count: int) -> list[Row]:
    """Return the ground truth of each row: a row of one value each."""
    side = {"encoding": "CSV", **truth, "data": truth["data"]}
    if not isinstance(side["data"], str):  # a bare number
        side["data"] = str(side["data"])
    kind, text = bodies.read_side(side)
    if count == 1 and not text.strip():
        return [[None]]
    found = map(_plain, bodies.read_answers(kind, text, count, str))
    values = [list(row.values()) if isinstance(row, dict) else row for row in found]
    if any(len(value) != 1 for value in values):
        raise ValueError("the ground truth has more than one value for a row")
    return [[cell.strip() or None if cell else None] for (cell,) in values]


def shape(rows: list[Row]) -> Shape:
    """Return what rows look like, by the first of them."""
    if not rows:
        return None
    return tuple(rows[0]) if isinstance(rows[0], dict) else len(rows[0])


class Forms:
    """What rows of one origin look like, most of them."""

    def __init__(self, shapes: Counter):
        """Decide by how many rows there are of each shape.

        Rows by name are alike if they share a name, also by way of others.
        """
        groups: list[tuple[set[str | int], int]] = []
        for names, rows in shapes.items():
            if isinstance(names, tuple):
                alike = [group for group in groups if group[0] & set(names)]
                groups = [group for group in groups if group not in alike]
                joined = set(names).union(*(group[0] for group in alike))
                groups.append((joined, rows + sum(group[1] for group in alike)))
        named, most = max(groups, key=lambda group: group[1], default=(set(), 0))
        others = {key: rows for key, rows in shapes.items() if not isinstance(key, tuple)}
        self.common = max(others, key=others.get, default=None)
        self.names = named if named and most >= others.get(self.common, 0) else None
        self.sparse = any(isinstance(name, int) for name in named)  # a row may have no value at all

    def has(self, rows: list[Row]) -> bool:
        """Return whether rows look like most."""
        if self.names is None:
            return shape(rows) == self.common
        return bool(rows) and all(
            isinstance(row, dict) and (not self.names.isdisjoint(row) or (self.sparse and not row))
            for row in rows
        )


def columns(rows: list[Row], origin: Origin, reading: Reading) -> Columns:
    """Turn rows of one form into columns, named as `reading` names them; names in the order in
    which they first come up. What a row lacks is missing.
    """
    if not rows:
        return {}
    if isinstance(rows[0], list):
        cells = zip(*rows, strict=True)
        return {reading.name(origin, i): _array(column) for i, column in enumerate(cells)}
    names = dict.fromkeys(name for row in rows for name in row)
    found = {}
    for name in names:
        called = reading.name(origin, name)
        found[called] = _array([row.get(name) for row in rows])
        reading.rows_with[called] += sum(name in row for row in rows)
    return found


def _array(cells) -> pa.Array:
    return pa.array(cells, pa.string())
