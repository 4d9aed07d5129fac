"""AWS Signature Version 4, for both sides: the client signs, the server computes and compares.

The steps are those of "Create a signed AWS API request" in the IAM User Guide. It uses only the
standard library, so the command line signs without importing botocore.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"
UNRESERVED = "-_.~"  # besides letters and digits; quote() leaves all of them alone


class Scope(NamedTuple):
    """The scope of a signing key: a day (YYYYMMDD), a region and a service."""

    day: str
    region: str
    service: str

    def __str__(self) -> str:
        return "/".join((*self, "aws4_request"))


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], body_hash: str, service: str
) -> bytes:
    """Return the form of a request that is signed.

    Args:
        method: the HTTP method.
        path: as in the request line, percent-encoded.
        query: as in the request line, without the signature itself.
        headers: the signed headers, by their names in lower case, in any order.
        body_hash: hexadecimal SHA-256 of the body, or the word used in place of it.
        service: the service; S3 signs paths differently from all others.
    """
    names = sorted(headers)
    lines = [method, _canonical_path(path, service), _canonical_query(query)]
    lines += [f"{name}:{' '.join(headers[name].split())}" for name in names]
    lines += ["", ";".join(names), body_hash]
    return "\n".join(lines).encode("latin-1", "replace")  # WSGI's strings are bytes read as Latin-1


def signature(secret: str, scope: Scope, time: str, canonical: bytes) -> str:
    """Return the hexadecimal signature of a canonical request, made at `time` (TIME_FORMAT)."""
    digest = hashlib.sha256(canonical).hexdigest()
    return sign_text(secret, scope, f"{ALGORITHM}\n{time}\n{scope}\n{digest}")


def sign_text(secret: str, scope: Scope, text: str) -> str:
    """Return the hexadecimal signature of a string, such as the policy of a form."""
    return hmac.digest(_signing_key(secret, scope), text.encode(), "sha256").hex()


def authorization(
    url: str, headers: Mapping[str, str], body: bytes, service: str, credentials: Mapping[str, str]
) -> dict[str, str]:
    """Sign a POST request.

    Args:
        url: the whole address, without a query.
        headers: the headers to send and sign.
        body: the body to send.
        service: the service's signing name.
        credentials: variables such as AWS_ACCESS_KEY_ID, as `env` prints them.

    Returns:
        `headers`, with those that hold the signature.
    """
    time = datetime.now(UTC).strftime(TIME_FORMAT)
    address = urlsplit(url)
    scope = Scope(time[:8], credentials["AWS_REGION"], service)
    signed = {name.lower(): value for name, value in headers.items()} | {
        "host": address.netloc,
        "x-amz-date": time,
        "x-amz-security-token": credentials["AWS_SESSION_TOKEN"],
    }
    body_hash = hashlib.sha256(body).hexdigest()
    canonical = canonical_request("POST", address.path, "", signed, body_hash, service)
    made = signature(credentials["AWS_SECRET_ACCESS_KEY"], scope, time, canonical)
    parts = (
        f"{ALGORITHM} Credential={credentials['AWS_ACCESS_KEY_ID']}/{scope}",
        f"SignedHeaders={';'.join(sorted(signed))}",
        f"Signature={made}",
    )
    return signed | {"authorization": ", ".join(parts)}


@lru_cache(maxsize=64)
def _signing_key(secret: str, scope: Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_path(path: str, service: str) -> str:
    if service == "s3":  # a key is used as it is: it may hold empty and dotted segments
        return quote(unquote_to_bytes(path), safe=f"/{UNRESERVED}") or "/"
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in ("", "."):
            segments.append(segment)
    normal = "/".join(["", *segments]) + ("/" if segments and path.endswith("/") else "")
    return quote(normal or "/", safe=f"/{UNRESERVED}")  # an encoded path is encoded again


def _canonical_query(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    encoded = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe=UNRESERVED)
