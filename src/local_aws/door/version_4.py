"""Signature Version 4, in headers and in the query."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from local_aws.door import body, claims, sigv4
from local_aws.door.refusals import Reason, Refusal

_SKEW = timedelta(minutes=15)
_LONGEST_PRESIGNED = 7 * 86400  # seconds, AWS's limit
_HEADER = re.compile(
    rf"{sigv4.ALGORITHM} +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *"
    r"Signature=([0-9a-f]{64})"
)


def check_header(environ: dict[str, Any]) -> None:
    """Verify a signature in the Authorization header."""
    found = _HEADER.fullmatch(environ["HTTP_AUTHORIZATION"])
    if not found:
        raise Refusal(
            Reason.INCOMPLETE,
            f"The Authorization header must be that of {sigv4.ALGORITHM}, with all its parts.",
        )
    credential, names, given = found.groups()
    identity, scope = claims.identity(credential, environ.get("HTTP_X_AMZ_SECURITY_TOKEN"))
    time = _time(environ.get("HTTP_X_AMZ_DATE", ""))
    if abs(datetime.now(UTC) - time) > _SKEW:
        raise Refusal(
            Reason.LATE, f"The request was signed at {time:%H:%M:%S} UTC, over 15 minutes from now."
        )
    headers = _signed_headers(environ, names)
    hashed = body.take(environ, scope.service == "s3")
    canonical = sigv4.canonical_request(
        environ["REQUEST_METHOD"],
        _path(environ),
        environ["QUERY_STRING"],
        headers,
        hashed,
        scope.service,
    )
    claims.compare(
        given, sigv4.signature(identity.secret, scope, environ["HTTP_X_AMZ_DATE"], canonical)
    )


def check_query(environ: dict[str, Any], query: dict[str, str]) -> None:
    """Verify a signature of version 4 in the query."""
    identity, scope = claims.identity(
        query.get("X-Amz-Credential", ""), query.get("X-Amz-Security-Token")
    )
    stamp, seconds = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
    if query.get("X-Amz-Algorithm") != sigv4.ALGORITHM:
        raise Refusal(Reason.INCOMPLETE, f"X-Amz-Algorithm must be {sigv4.ALGORITHM}.")
    if not re.fullmatch(r"\d{1,6}", seconds) or int(seconds) > _LONGEST_PRESIGNED:
        raise Refusal(
            Reason.INCOMPLETE, f"X-Amz-Expires must be 0 to {_LONGEST_PRESIGNED} seconds."
        )
    time = _time(stamp)
    claims.check_end(time + timedelta(seconds=int(seconds)))
    if time - datetime.now(UTC) > _SKEW:
        raise Refusal(Reason.LATE, "The address is signed for a time in the future.")
    headers = _signed_headers(environ, query.get("X-Amz-SignedHeaders", ""))
    hashed = body.take(environ, scope.service == "s3", presigned=True)
    rest = re.sub(r"(^|&)X-Amz-Signature=[^&]*", "", environ["QUERY_STRING"])
    canonical = sigv4.canonical_request(
        environ["REQUEST_METHOD"], _path(environ), rest, headers, hashed, scope.service
    )
    claims.compare(
        query["X-Amz-Signature"], sigv4.signature(identity.secret, scope, stamp, canonical)
    )
    if scope.service != "s3":  # moto finds the service of a request only by this header
        parts = (
            f"{sigv4.ALGORITHM} Credential={query['X-Amz-Credential']}",
            f"SignedHeaders={query['X-Amz-SignedHeaders']}",
            "Signature=0",
        )
        environ["HTTP_AUTHORIZATION"] = ", ".join(parts)


def _signed_headers(environ: dict[str, Any], names: str) -> dict[str, str]:
    """Return the signed headers; they must include the host and all x-amz- headers."""
    sent = claims.headers(environ)
    signed = names.split(";")
    unsigned = {name for name in sent if name.startswith("x-amz-")} | {"host"}
    if unsigned := sorted(unsigned - set(signed)):
        raise Refusal(
            Reason.DENIED,
            f"There were headers present in the request which were not signed: {unsigned}.",
        )
    return {name: sent.get(name, "") for name in signed}


def _time(stamp: str) -> datetime:
    """Read the time of a signature."""
    if re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        with suppress(ValueError):
            return datetime.fromisoformat(stamp)  # a tenth of strptime's time
    raise Refusal(Reason.INCOMPLETE, "X-Amz-Date must be a time such as 20261130T120000Z.")


def _path(environ: dict[str, Any]) -> str:
    return environ["RAW_URI"].partition("?")[0]
