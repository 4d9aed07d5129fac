"""Verify that a request comes from this machine's loopback address and from an identity issued
here.

Taken are Signature Version 4 in headers and in the query, S3's Version 2 in the query (boto3's
default for presigned addresses), and S3's forms with a signed policy.
"""

import hmac
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import HTTPHeaders
from botocore.credentials import Credentials
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY

from local_aws.door import body, identities, policies, sigv4
from local_aws.door.identities import Identity
from local_aws.door.refusals import Reason, Refusal

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SKEW = timedelta(minutes=15)
_LONGEST_PRESIGNED = 7 * 86400  # seconds, AWS's limit
_HEADER = re.compile(
    rf"{sigv4.ALGORITHM} +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{{64}})"
)


def check(environ: dict[str, Any]) -> None:
    """Let a request pass, its body read and verified, or refuse it.

    Raises:
        Refusal: the Host isn't a loopback address, or the request isn't signed by an identity of
            this server.
    """
    check_host(environ)
    query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    if "HTTP_AUTHORIZATION" in environ:
        _check_header(environ)
    elif "X-Amz-Signature" in query:
        _check_query(environ, query)
    elif {"AWSAccessKeyId", "Signature", "Expires"} <= query.keys():
        _check_version_2(environ, query)
    elif policies.is_form(environ):
        _check_form(environ)
    else:
        raise Refusal(
            Reason.MISSING,
            f"{body.operation(environ)} came unsigned; the offline AWS takes signed requests only, also for what AWS "
            "takes unsigned. Sign with the credentials that `python -m local_aws env` prints.",
        )


def check_host(environ: dict[str, Any]) -> None:
    """Refuse a request to a name that isn't a loopback address: a web page's own, led here by its
    DNS.

    Raises:
        Refusal: so it is.
    """
    host = environ.get("HTTP_HOST", "")
    if re.sub(r":\d+$", "", host.lower()) not in LOOPBACK or not environ["RAW_URI"].startswith("/"):
        raise Refusal(
            Reason.DENIED,
            f"The offline AWS is at {' or '.join(LOOPBACK)} only, not at {host[:100]!r}.",
        )


def _check_header(environ: dict[str, Any]) -> None:
    """Verify a signature in the Authorization header."""
    found = _HEADER.fullmatch(environ["HTTP_AUTHORIZATION"])
    if not found:
        raise Refusal(
            Reason.INCOMPLETE,
            f"The Authorization header must be {sigv4.ALGORITHM}'s, with all its parts.",
        )
    credential, names, given = found.groups()
    identity, scope = _identity(credential, environ.get("HTTP_X_AMZ_SECURITY_TOKEN"))
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
    _compare(given, sigv4.signature(identity.secret, scope, environ["HTTP_X_AMZ_DATE"], canonical))


def _check_query(environ: dict[str, Any], query: dict[str, str]) -> None:
    """Verify a signature of version 4 in the query."""
    identity, scope = _identity(
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
    _check_end(time + timedelta(seconds=int(seconds)))
    if time - datetime.now(UTC) > _SKEW:
        raise Refusal(Reason.LATE, "The address is signed for a time to come.")
    headers = _signed_headers(environ, query.get("X-Amz-SignedHeaders", ""))
    hashed = body.take(environ, scope.service == "s3", presigned=True)
    rest = re.sub(r"(^|&)X-Amz-Signature=[^&]*", "", environ["QUERY_STRING"])
    canonical = sigv4.canonical_request(
        environ["REQUEST_METHOD"], _path(environ), rest, headers, hashed, scope.service
    )
    _compare(query["X-Amz-Signature"], sigv4.signature(identity.secret, scope, stamp, canonical))
    if scope.service != "s3":  # moto finds the service of a request by this header alone
        names = query["X-Amz-SignedHeaders"]
        environ["HTTP_AUTHORIZATION"] = (
            f"{sigv4.ALGORITHM} Credential={query['X-Amz-Credential']}, SignedHeaders={names}, Signature=0"
        )


class _QueryAuth(HmacV1QueryAuth):
    """botocore's version 2, for an end that is given."""

    def _get_date(self) -> str:
        return self._expires


def _check_version_2(environ: dict[str, Any], query: dict[str, str]) -> None:
    """Verify a signature of S3's version 2 in the query."""
    token = query.get("x-amz-security-token")
    identity = _known(query["AWSAccessKeyId"], token)
    if not re.fullmatch(r"\d{1,11}", query["Expires"]):
        raise Refusal(Reason.INCOMPLETE, "Expires must be a time, in seconds since 1970.")
    _check_end(datetime.fromtimestamp(int(query["Expires"]), UTC))
    headers = HTTPHeaders()
    sent = {name: value for name, value in query.items() if _counts_in_version_2(name)}
    sent |= {name: value for name, value in _headers(environ).items() if _counts_in_version_2(name)}
    for name, value in sent.items():
        headers[name] = value
    auth = _QueryAuth(
        Credentials(query["AWSAccessKeyId"], identity.secret, token), query["Expires"]
    )
    made = auth.get_signature(
        environ["REQUEST_METHOD"], urlsplit(f"http://s3{environ['RAW_URI']}"), headers
    )
    _compare(query["Signature"], made)
    body.take(environ, True, presigned=True)


def _counts_in_version_2(name: str) -> bool:
    """Say whether a header, which may stand in the query as well, is part of what version 2
    signs.
    """
    return name in ("content-md5", "content-type") or name.startswith("x-amz-")


def _check_form(environ: dict[str, Any]) -> None:
    """Verify a form to S3: the signature of its policy, and that it keeps to the policy."""
    form = policies.Form(environ)
    fields, token = form.fields, form.fields.get("x-amz-security-token")
    if "x-amz-signature" in fields:
        identity, scope = _identity(fields.get("x-amz-credential", ""), token)
        if fields.get("x-amz-algorithm") != sigv4.ALGORITHM or scope.service != "s3":
            raise Refusal(
                Reason.INCOMPLETE, f"x-amz-algorithm must be {sigv4.ALGORITHM}, and the service s3."
            )
        _compare(
            fields["x-amz-signature"],
            sigv4.sign_text(identity.secret, scope, fields.get("policy", "")),
        )
    elif "signature" in fields:
        identity = _known(fields.get("awsaccesskeyid", ""), token)
        signer = _QueryAuth(Credentials("", identity.secret))
        _compare(fields["signature"], signer.sign_string(fields.get("policy", "")))
    else:
        raise Refusal(
            Reason.MISSING, "The form has no signed policy; the offline AWS takes no other."
        )
    form.keep_to_policy()


def _identity(credential: str, token: str | None) -> tuple[Identity, sigv4.Scope]:
    """Read a credential, key and scope, and find whose it is."""
    key, _, rest = credential.partition("/")
    parts = rest.split("/")
    if len(parts) != 4 or parts[3] != "aws4_request":
        raise Refusal(Reason.INCOMPLETE, "A credential is key/date/region/service/aws4_request.")
    return _known(key, token), sigv4.Scope(*parts[:3])


def _known(key: str, token: str | None) -> Identity:
    """Find the identity of an access key that comes with this session token."""
    identity = identities.find(key)
    if identity is None:
        raise Refusal(Reason.UNKNOWN_KEY, f"The offline AWS issued no access key {key[:40]!r}.")
    if identity.expired:
        raise Refusal(Reason.EXPIRED, "The credentials have expired: assume the role again.")
    if not hmac.compare_digest((identity.token or "").encode(), (token or "").encode()):
        raise Refusal(
            Reason.WRONG_TOKEN, "The session token isn't the one issued with this access key."
        )
    return identity


def _time(stamp: str) -> datetime:
    """Read the time of a signature."""
    if re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        with suppress(ValueError):
            return datetime.fromisoformat(stamp)  # a tenth of strptime's time
    raise Refusal(Reason.INCOMPLETE, "X-Amz-Date must be a time such as 20261130T120000Z.")


def _check_end(end: datetime) -> None:
    """Refuse an address whose time is over."""
    if datetime.now(UTC) > end:
        raise Refusal(
            Reason.DENIED,
            f"Request has expired: the address was good until {end:%Y-%m-%d %H:%M:%S} UTC.",
        )


def _signed_headers(environ: dict[str, Any], names: str) -> dict[str, str]:
    """Return the signed headers; the host and each x-amz- header must be among them."""
    sent = _headers(environ)
    signed = names.split(";")
    unsigned = {name for name in sent if name.startswith("x-amz-")} | {"host"}
    if unsigned := sorted(unsigned - set(signed)):
        raise Refusal(
            Reason.DENIED,
            f"There were headers present in the request which were not signed: {unsigned}.",
        )
    return {name: sent.get(name, "") for name in signed}


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    """Return a request's headers, by their names in lower case."""
    preserved = {
        key: name.lower()
        for key, name in (environ.get(PRESERVED_HEADER_NAMES_ENVIRON_KEY) or {}).items()
    }
    found = {
        preserved.get(key, key[5:].lower().replace("_", "-")): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    plain = {
        "content-type": environ.get("CONTENT_TYPE"),
        "content-length": environ.get("CONTENT_LENGTH"),
    }
    return found | {name: value for name, value in plain.items() if value is not None}


def _path(environ: dict[str, Any]) -> str:
    return environ["RAW_URI"].partition("?")[0]


def _compare(given: str, made: str) -> None:
    """Refuse a signature that isn't the one made here, in a time that tells nothing of it."""
    if not hmac.compare_digest(given.encode(), made.encode()):
        raise Refusal(
            Reason.WRONG_SIGNATURE,
            "The request signature we calculated does not match the signature you provided. Check your AWS secret "
            "access key and signing method.",
        )
