"""Why a request is refused at the door, in AWS's words and in the form that its client reads."""

import json
import re
from enum import Enum
from html import escape
from typing import Any

from werkzeug import Response

_XML_SERVICES = ("s3", "cloudfront", "route53")


class Reason(Enum):
    """A reason with its error codes: for S3, for query services, for JSON services."""

    MISSING = ("AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException")
    INCOMPLETE = ("AccessDenied", "IncompleteSignature", "IncompleteSignatureException")
    UNKNOWN_KEY = ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException")
    WRONG_TOKEN = ("InvalidToken", "InvalidClientTokenId", "UnrecognizedClientException")
    EXPIRED = ("ExpiredToken", "ExpiredToken", "ExpiredTokenException")
    WRONG_SIGNATURE = (
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
    )
    LATE = ("RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException")
    TOO_LARGE = ("EntityTooLarge", "RequestEntityTooLarge", "RequestEntityTooLargeException")
    DENIED = ("AccessDenied", "AccessDenied", "AccessDeniedException")


class Refusal(Exception):
    """A request is refused at the door."""

    def __init__(self, reason: Reason, message: str):
        super().__init__(message)
        self.reason = reason
        self.message = message


def answer(refusal: Refusal, environ: dict[str, Any]) -> Response:
    """Write a refusal in the form of the requested service; its status is always 403."""
    to_s3, by_query, by_json = refusal.reason.value
    service = _service(environ)
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        body = _cbor({"__type": by_json, "message": refusal.message})
        return Response(
            body, 403, {"smithy-protocol": "rpc-v2-cbor"}, content_type="application/cbor"
        )
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = f"<ErrorResponse>{_xml(by_query, refusal.message)}</ErrorResponse>"
        return Response(body, 403, content_type="text/xml")
    if "HTTP_X_AMZ_TARGET" not in environ and service in _XML_SERVICES:
        # The header is for unsigned requests of REST services, such as those of single sign-on.
        headers = {"x-amzn-ErrorType": by_json}
        return Response(_xml(to_s3, refusal.message), 403, headers, content_type="application/xml")
    body = json.dumps({"__type": by_json, "message": refusal.message})
    return Response(body, 403, {"x-amzn-ErrorType": by_json}, content_type="application/json")


def _service(environ: dict[str, Any]) -> str:
    """Return the signing name in a request; without one the service is S3, as in moto."""
    signed = f"{environ.get('HTTP_AUTHORIZATION', '')}&{environ.get('QUERY_STRING', '')}".replace(
        "%2F", "/"
    )
    claimed = re.search(r"Credential=[^/]+/\d+/[^/]*/([a-z0-9-]+)/", signed)
    if claimed:
        return claimed.group(1)
    return "" if "HTTP_X_AMZ_TARGET" in environ or "HTTP_AUTHORIZATION" in environ else "s3"


def _xml(code: str, message: str) -> str:
    return (
        f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )


def _cbor(texts: dict[str, str]) -> bytes:
    """Encode a small map of strings, RFC 8949: a head (kind and length) before each item."""

    def text(value: str) -> bytes:
        data = value.encode()
        return b"\x79" + len(data).to_bytes(2, "big") + data

    return bytes([0xA0 + len(texts)]) + b"".join(
        text(name) + text(value) for name, value in texts.items()
    )
