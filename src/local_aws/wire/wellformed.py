"""Requests that no service should see: with text that isn't Unicode or JSON that isn't JSON."""

import io
import json
import math
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug import Request

# Headers whose value is percent-encoded
_PERCENT = ("HTTP_X_AMZ_COPY_SOURCE", "HTTP_X_AMZ_TAGGING")
_JSON = re.compile(r"application/(x-amz-json-1\.\d|json)\b", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_SERVICE = re.compile(
    r"Credential=[^/,]*/\d+/[^/,]*/([^/,]+)/|X-Amz-Credential=[^&]*%2F([a-z0-9-]+)%2Faws4",
    re.IGNORECASE,
)


def problem(environ: dict[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with a request, before a service reads it: an error's code and message.

    Returns None if nothing is wrong. The body of a JSON or query request is read, and put back.
    """
    given = f"{environ.get('HTTP_AUTHORIZATION', '')} {environ.get('QUERY_STRING', '')}"
    match = _SERVICE.search(given)
    # Only S3 has other ways
    to_s3 = "HTTP_X_AMZ_TARGET" not in environ and (match is None or "s3" in match.groups())
    texts = [unquote_to_bytes(environ["REQUEST_URI"])]  # as it was sent: werkzeug repairs PATH_INFO
    texts += [unquote_to_bytes(environ.get(name, "")) for name in _PERCENT]
    if not all(map(_is_text, texts)):
        return (
            "InvalidURI" if to_s3 else "SerializationException"
        ), "The address isn't UTF-8, or holds a NUL."
    kind = environ.get("CONTENT_TYPE", "")
    invocation = environ["PATH_INFO"].endswith("/invocations")  # only the model reads its body
    query = kind.startswith(_FORM) and environ["PATH_INFO"] == "/"
    if to_s3 or invocation or not (query or _JSON.match(kind)):
        return None
    body = Request(environ).get_data()
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    if query:
        return (
            None
            if _is_text(unquote_to_bytes(body))
            else ("SerializationException", "The form isn't UTF-8.")
        )
    try:
        read_json(body)
    except ValueError as error:
        return "SerializationException", f"The body is not JSON: {error}"
    return None


def read_json(body: bytes | str) -> Any:
    """Parse JSON, without Python's extensions: NaN, numbers too large, text that isn't Unicode.

    Raises:
        ValueError: it isn't JSON.
    """
    try:
        text = body.decode() if isinstance(body, bytes) else body
        value = json.loads(text or "{}", parse_constant=_number, parse_float=_number)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise ValueError("it isn't UTF-8") from None
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _number(text: str) -> float:
    """Read a number; raises ValueError if it isn't a finite one."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} isn't a JSON number, or is beyond the range of a double")
    return value


def _is_text(content: bytes) -> bool:
    """Say whether bytes are UTF-8 without NUL."""
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
