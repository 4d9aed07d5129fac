"""JSON bodies of the REST API: their size, and what is refused before anything is stored."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

from flask import request
from jsonschema_rs import Draft202012Validator, ValidationError
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnsupportedMediaType,
)

OPENAPI = Path(__file__).parent / "openapi.json"
DOCUMENT = json.loads(OPENAPI.read_text(encoding="utf-8"))
COMPONENTS = DOCUMENT["components"]
_SCHEMAS = "#/components/schemas/"
VALIDATORS = {
    # The mask keeps the body out of messages: otherwise, it would leave no room for the problem.
    name: Draft202012Validator(
        {"components": COMPONENTS, "$ref": _SCHEMAS + name}, mask="this value"
    )
    for name in ("ScoringRecords", "Feedback")
}
# A table in PostgreSQL has at most 1,600 columns. With full-precision numbers, such a row takes
# 32 kB of JSON. So 8 MiB hold 250 of the widest rows, or 100,000 rows of a few columns.
LARGEST_BODY = 8 << 20  # bytes
# A list or an object takes 60 to 230 bytes in Python, however short its JSON is, so a body of "{},"
# takes most. 100,000 rows have 200,000 lists: one for the request, one for the response.
MOST_CONTAINERS = 500_000
# Python's objects take up to 40 times the size of the JSON. All threads together work on this much
# JSON at once: one body of the largest size beside many of the usual size.
AT_ONCE = 12 << 20  # bytes
PATIENCE = 1.0  # seconds that a body waits for others; meanwhile it holds a thread
LONGEST_PATH = 8  # steps in a message
HALF = re.compile("[\ud800-\udfff]")
ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")

_turn = Condition()
_worked_on: dict[object, int] = {}  # bytes of each body


@contextmanager
def json_body(schema: str) -> Iterator[list | dict]:
    """Read the request's JSON, as openapi.json describes it.

    The block holds a share of the memory for JSON until it ends.

    Raises:
        UnsupportedMediaType: its header doesn't say that it is JSON.
        RequestEntityTooLarge: it has more bytes, or lists and objects, than any sensible body.
        ServiceUnavailable: too many large bodies are being worked on.
        ValueError: the message says what is wrong, with field and row.
    """
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON, with the header Content-Type: application/json.")
    sent = request.get_data(cache=False)
    with _share(len(sent)):
        body = _parsed(sent)
        try:
            VALIDATORS[schema].validate(body)  # stops at the first error
        except ValidationError as error:
            raise _refusal(error.instance_path, _told(error)) from None
        yield body


def _told(error: ValidationError) -> str:
    """Word an error; OpenScale's clients send `meta` beside fields and values."""
    if error.message.startswith("Additional properties") and "'meta'" in error.message[:200]:
        return "OpenScale's `meta` isn't kept: leave it out"
    return error.message


@contextmanager
def _share(size: int) -> Iterator[None]:
    key = object()
    with _turn:
        if not _turn.wait_for(lambda: sum(_worked_on.values()) + size <= AT_ONCE, PATIENCE):
            raise ServiceUnavailable(
                "Too many large bodies came at once: send the same body again later."
            )
        _worked_on[key] = size
    try:
        yield
    finally:
        with _turn:
            del _worked_on[key]
            _turn.notify_all()


def _parsed(sent: bytes) -> object:
    if sent.count(b"[") + sent.count(b"{") > MOST_CONTAINERS:
        said = f"The body has more than {MOST_CONTAINERS:,} lists and objects: send it in parts."
        raise RequestEntityTooLarge(said)
    try:
        text = sent.decode("utf-8-sig")
        body = json.loads(text, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise _refusal((), f"it isn't UTF-8 from byte {error.start} on") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"The body is not JSON: {error}. Nothing was stored.") from None
    except ValueError:  # Python's own limit for the digits of a number
        raise _refusal((), "a whole number has more than 4,300 digits") from None
    if ESCAPED_HALF.search(text):
        _refuse_halves(body)
    return body


def _object(pairs: list[tuple[str, object]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise BadRequest(
            f"The body: an object has the key {twice!r:.100} twice. Nothing was stored."
        )
    return found


def _refuse_halves(body: object) -> None:
    """Refuse lone surrogates anywhere in the body: PostgreSQL can't store them."""
    left: list[tuple[tuple, object]] = [((), body)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [((*path, "key"), key) for key in value]
            left += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            left += [((*path, n), item) for n, item in enumerate(value)]
        elif isinstance(value, str) and HALF.search(value):
            raise _refusal(path, "the string has half a character (a lone surrogate)")


def _refusal(path: Sequence[str | int], problem: str) -> ValueError:
    steps = [f"[{step!r:.50}]" for step in path[:LONGEST_PATH]]
    where = "".join(steps) + "[…]" * (len(path) > LONGEST_PATH)
    return ValueError(f"The body{where}: {problem}. Nothing was stored.")
