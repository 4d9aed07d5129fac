"""Forms that a web page sends to S3: a signed policy allows them, within its limits.

The rules are in "Browser-based uploads using POST" of the S3 API reference.
"""

import json
from base64 import b64decode
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from local_aws.door import body
from local_aws.door.refusals import Reason, Refusal

# Bytes before the file, AWS's limit: no more is read of an unverified form
_FIELDS_LIMIT = 20_000
_MOST_FIELDS = 100
# Fields that no condition needs to name.
_FREE = {"awsaccesskeyid", "policy", "signature", "x-amz-signature", "file"}


def is_form(environ: dict[str, Any]) -> bool:
    """Say whether a request is a form sent to a bucket."""
    kind = environ.get("CONTENT_TYPE", "")
    return environ["REQUEST_METHOD"] == "POST" and kind.startswith("multipart/form-data")


class Form:
    """A form to S3.

    Its `fields`, names in lower case, are read at once; its file is read when the form is allowed.

    Raises:
        Refusal: it isn't a form of some fields and, last, one file.
    """

    def __init__(self, environ: dict[str, Any]):
        self.fields: dict[str, str] = {}
        self._environ = environ
        self._size = 0
        self._file_begun = False
        boundary = parse_options_header(environ["CONTENT_TYPE"])[1].get("boundary", "")
        if not boundary or environ["QUERY_STRING"]:
            raise _malformed("it has no boundary, or a query")
        self._decoder = MultipartDecoder(
            boundary.encode("latin-1", "replace"), max_parts=_MOST_FIELDS
        )
        self._stream = body.begin(environ, body.LARGEST_OBJECT)
        self._content = body.read(self._stream, _FIELDS_LIMIT)
        self._take(self._content)
        if not self._file_begun:
            raise _malformed(f"no file within its first {_FIELDS_LIMIT} bytes")

    def keep_to_policy(self) -> None:
        """Read the file and check the form against its policy.

        Raises:
            Refusal: the policy has expired, or the form breaks a condition.
        """
        conditions = _conditions(self.fields["policy"])
        named = _FREE | {self._check(condition) for condition in conditions}
        extra = sorted(
            name for name in self.fields if name not in named and not name.startswith("x-ignore-")
        )
        if extra:
            raise _denied(f"Extra input fields: {', '.join(extra)}")
        rest = body.read(self._stream)
        self._take(rest)
        self._take(None)
        for _, least, most in (each for each in conditions if _is_range(each)):
            if not least <= self._size <= most:
                raise _denied(f"The file has {self._size} bytes, not {least} to {most}")
        self._environ["wsgi.input"] = BytesIO(self._content + rest)

    def _take(self, data: bytes | None) -> None:
        """Read the next part of the form; None is its end."""
        try:
            self._decoder.receive_data(data)
            while not isinstance(event := self._decoder.next_event(), NeedData | Epilogue):
                self._note(event)
        except (ValueError, RequestEntityTooLarge) as error:
            raise _malformed(str(error)) from None

    def _note(self, event: Event) -> None:
        """Keep the content of a part of the form."""
        if isinstance(event, Field | File):
            name = event.name.lower()
            if self._file_begun or name in self.fields:
                raise _malformed(f"a second {name}, or a field after the file")
            self._file_begun = name == "file"
            self._name = name
            self.fields[name] = ""
        elif isinstance(event, Data):
            if self._file_begun:
                self._size += len(event.data)
            else:
                self.fields[self._name] += event.data.decode(errors="replace")

    def _check(self, condition: tuple[str, Any, Any]) -> str:
        """Check one condition, except that on the file's size; return the field that it names."""
        if _is_range(condition):
            return ""
        rule, name, wanted = condition
        given = (
            self._environ["PATH_INFO"].strip("/") if name == "bucket" else self.fields.get(name, "")
        )
        if not (given == wanted or (rule == "starts-with" and given.startswith(wanted))):
            raise _denied(f"Policy Condition failed: {json.dumps(list(condition))}")
        return name


def _conditions(text: str) -> list[tuple[str, Any, Any]]:
    """Decode a policy that hasn't expired into conditions: rule, field or least, value or most."""
    try:
        policy = json.loads(b64decode(text))
        end = datetime.fromisoformat(policy["expiration"])
        found = [_condition(each) for each in policy["conditions"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _denied(
            "Invalid Policy: it must have an expiration, and conditions of AWS's three kinds"
        ) from None
    if datetime.now(UTC) > (end if end.tzinfo else end.replace(tzinfo=UTC)):
        raise _denied("Policy expired")
    return found


def _condition(given: dict[str, str] | list[Any]) -> tuple[str, Any, Any]:
    """Convert a condition's two notations into one."""
    if isinstance(given, dict):
        ((name, wanted),) = given.items()
        return "eq", name.lower(), str(wanted)
    rule, name, wanted = given
    if rule == "content-length-range":
        return rule, int(name), int(wanted)
    if rule not in ("eq", "starts-with"):
        raise ValueError(rule)
    return rule, name.removeprefix("$").lower(), str(wanted)


def _is_range(condition: tuple[str, Any, Any]) -> bool:
    return condition[0] == "content-length-range"


def _denied(why: str) -> Refusal:
    return Refusal(Reason.DENIED, f"Invalid according to Policy: {why}.")


def _malformed(why: str) -> Refusal:
    return Refusal(Reason.INCOMPLETE, f"The form can't be used: {why}.")
