"""Values as parameters for jsonb columns, and as they are read back."""

import json

from psycopg2 import extras

from model_monitoring.datamart.postgres.texts import check_texts


def _to_json(value: object) -> str:
    return json.dumps(value, default=lambda scalar: scalar.item())  # numpy's scalars


def as_json(value: object, what: str = "value") -> extras.Json:
    """Wrap a value as a parameter for a jsonb column.

    Raises:
        ValueError: it contains a string that jsonb can't hold; the message names `what`.
    """
    text = _to_json(value)
    if "\\u0000" in text or "\\ud" in text:  # few values contain these, and most are large
        check_texts(json.loads(text), what)
    return extras.Json(value, dumps=lambda _: text)


def plain(value: object) -> object:
    """Return a value as it is read back from a jsonb column."""
    return json.loads(_to_json(value))
