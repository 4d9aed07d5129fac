"""The claims of a signed request: its key, its headers, and how long it is valid."""

import hmac
from datetime import UTC, datetime
from typing import Any

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY

from local_aws.door import identities, sigv4
from local_aws.door.identities import Identity
from local_aws.door.refusals import Reason, Refusal


def identity(credential: str, token: str | None) -> tuple[Identity, sigv4.Scope]:
    """Read a credential (key and scope), and find its identity."""
    key, _, rest = credential.partition("/")
    parts = rest.split("/")
    if len(parts) != 4 or parts[3] != "aws4_request":
        raise Refusal(Reason.INCOMPLETE, "A credential is key/date/region/service/aws4_request.")
    return known(key, token), sigv4.Scope(*parts[:3])


def known(key: str, token: str | None) -> Identity:
    """Find the identity of an access key with this session token."""
    found = identities.find(key)
    if found is None:
        raise Refusal(
            Reason.UNKNOWN_KEY, f"The offline AWS didn't issue the access key {key[:40]!r}."
        )
    if found.expired:
        raise Refusal(Reason.EXPIRED, "The credentials have expired: assume the role again.")
    if not hmac.compare_digest((found.token or "").encode(), (token or "").encode()):
        raise Refusal(
            Reason.WRONG_TOKEN, "The session token isn't the one issued with this access key."
        )
    return found


def check_end(end: datetime) -> None:
    """Refuse an address that has expired."""
    if datetime.now(UTC) > end:
        raise Refusal(
            Reason.DENIED,
            f"Request has expired: the address was good until {end:%Y-%m-%d %H:%M:%S} UTC.",
        )


def headers(environ: dict[str, Any]) -> dict[str, str]:
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


def compare(given: str, made: str) -> None:
    """Refuse a signature that differs from the one computed here, in constant time."""
    if not hmac.compare_digest(given.encode(), made.encode()):
        raise Refusal(
            Reason.WRONG_SIGNATURE,
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS secret access key and signing method.",
        )
