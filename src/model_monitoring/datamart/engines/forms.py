"""How an engine wants its rows, and where its predictions lie: a little data for each engine.

A request is a JSON body in which `$features` stands for the names, `$rows` for the rows as lists,
`$records` for the rows as objects, `$tensors` for a tensor of each feature, and `$shape` for the
numbers of rows and features. How an answer is read, `responses` knows; for an answer of another
form, a JMESPath expression says where the predictions lie.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

_TENSOR = {"name": "input-0", "shape": "$shape", "datatype": "FP64", "data": "$rows"}
REQUESTS: dict[str, Any] = {
    "fields": {"fields": "$features", "values": "$rows"},  # OpenScale's
    "records": "$records",
    "rows": "$rows",
    "mlflow": {"dataframe_split": {"columns": "$features", "data": "$rows"}},
    "mlflow-inputs": {"inputs": "$rows"},
    "tensorflow": {"instances": "$rows"},  # and KServe v1
    "kserve": {"inputs": [_TENSOR]},  # v2, the Open Inference Protocol: numbers alone
    "kserve-columns": {"inputs": "$tensors"},  # v2 with features of several types
}
Rows = Sequence[Sequence]


def _tensors(features: Sequence[str], rows: Rows) -> list[dict]:
    columns = zip(*rows, strict=True)
    return [
        {"name": name, "shape": [len(rows), 1], "datatype": _datatype(column), "data": list(column)}
        for name, column in zip(features, columns, strict=True)
    ]


def _datatype(column: Sequence) -> str:
    """Return the protocol's name of a type; a missing value makes numbers of whole numbers."""
    kinds = {type(value) for value in column}
    if kinds == {bool}:
        return "BOOL"
    if kinds == {int}:
        return "INT64"
    return "FP64" if kinds <= {int, float, type(None)} else "BYTES"


_PLACES: dict[str, Callable[[Sequence[str], Rows], Any]] = {
    "$features": lambda features, rows: list(features),
    "$rows": lambda features, rows: [list(row) for row in rows],
    "$records": lambda features, rows: [dict(zip(features, row, strict=True)) for row in rows],
    "$tensors": _tensors,
    "$shape": lambda features, rows: [len(rows), len(features)],
}
_HOLDING = {"$rows", "$records", "$tensors"}


def check(request: str | Mapping | Sequence, answers: str | None) -> None:
    """Raise ValueError if a request has no place for the rows, or `answers` isn't JMESPath."""
    template = REQUESTS.get(request) if isinstance(request, str) else request
    if template is None or not _HOLDING & set(_texts(template)):
        raise ValueError(
            f"request is {request!r:.80}: use one of {', '.join(REQUESTS)}, or a JSON body in which"
            " '$rows', '$records' or '$tensors' stands for the rows."
        )
    if answers is None:
        return
    try:
        jmespath.compile(answers)
    except (JMESPathError, TypeError, AttributeError) as error:
        raise ValueError(
            f"answers is {answers!r:.80}: use a JMESPath expression, such as"
            f" result.predictions[*].score. {error}"
        ) from None


def body(request: str | Mapping | Sequence, features: Sequence[str], rows: Rows) -> Any:
    """Return the JSON body that asks for these rows."""
    template = REQUESTS[request] if isinstance(request, str) else request
    return _filled(template, features, rows)


def _filled(template: Any, features: Sequence[str], rows: Rows) -> Any:
    if isinstance(template, Mapping):
        return {name: _filled(value, features, rows) for name, value in template.items()}
    if isinstance(template, list | tuple):
        return [_filled(value, features, rows) for value in template]
    if isinstance(template, str) and template in _PLACES:
        return _PLACES[template](features, rows)
    return template


def _texts(template: Any) -> list[str]:
    if isinstance(template, Mapping):
        template = list(template.values())
    if isinstance(template, list | tuple):
        return [text for value in template for text in _texts(value)]
    return [template] if isinstance(template, str) else []


def found(content: Any, answers: str | None) -> Any:
    """Return the part of an answer that `answers` names, or all of it.

    Raises:
        ValueError: there is nothing.
    """
    if answers is None:
        return content
    part = jmespath.search(answers, content)
    if part is None or part == []:
        raise ValueError(f"it has nothing at {answers}")
    return part
