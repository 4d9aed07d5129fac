"""Verify that a request came to a loopback address, signed by an identity issued here."""

import re
from typing import Any
from urllib.parse import parse_qsl

from local_aws.door import body, policies, s3_only, version_4
from local_aws.door.refusals import Reason, Refusal

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def check(environ: dict[str, Any]) -> None:
    """Verify a request whose host was checked: read its body and check its signature.

    Raises:
        Refusal: the request isn't signed by an identity of this server.
    """
    query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    if "HTTP_AUTHORIZATION" in environ:
        version_4.check_header(environ)
    elif "X-Amz-Signature" in query:
        version_4.check_query(environ, query)
    elif {"AWSAccessKeyId", "Signature", "Expires"} <= query.keys():
        s3_only.check_version_2(environ, query)
    elif policies.is_form(environ):
        s3_only.check_form(environ)
    else:
        raise Refusal(
            Reason.MISSING,
            f"{body.operation(environ)} isn't signed. The offline AWS accepts only signed requests,"
            " even if AWS accepts unsigned ones. Sign with the credentials that"
            " `python -m local_aws env` prints.",
        )


def check_host(environ: dict[str, Any]) -> None:
    """Refuse a request to a name that isn't a loopback address.

    Such a name can be a web page's own, whose DNS points to this machine.

    Raises:
        Refusal: the name isn't a loopback address.
    """
    host = environ.get("HTTP_HOST", "")
    if re.sub(r":\d+$", "", host.lower()) not in LOOPBACK or not environ["RAW_URI"].startswith("/"):
        raise Refusal(
            Reason.DENIED,
            f"The offline AWS is at {' or '.join(LOOPBACK)} only, not at {host[:100]!r}.",
        )
