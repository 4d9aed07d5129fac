"""Two forms of signature that only S3 accepts: Signature Version 2 in the query, and signed forms.

A form has a signed policy. boto3 signs presigned addresses with version 2 by default.
"""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import HTTPHeaders
from botocore.credentials import Credentials

from local_aws.door import body, claims, policies, sigv4
from local_aws.door.refusals import Reason, Refusal


class _QueryAuth(HmacV1QueryAuth):
    """botocore's version 2, for a given end."""

    def _get_date(self) -> str:
        return self._expires


def check_version_2(environ: dict[str, Any], query: dict[str, str]) -> None:
    """Verify a signature of S3's version 2 in the query."""
    token = query.get("x-amz-security-token")
    identity = claims.known(query["AWSAccessKeyId"], token)
    if not re.fullmatch(r"\d{1,11}", query["Expires"]):
        raise Refusal(Reason.INCOMPLETE, "Expires must be a time, in seconds since 1970.")
    claims.check_end(datetime.fromtimestamp(int(query["Expires"]), UTC))
    headers = HTTPHeaders()
    sent = {name: value for name, value in query.items() if _counts_in_version_2(name)}
    sent |= {
        name: value for name, value in claims.headers(environ).items() if _counts_in_version_2(name)
    }
    for name, value in sent.items():
        headers[name] = value
    auth = _QueryAuth(
        Credentials(query["AWSAccessKeyId"], identity.secret, token), query["Expires"]
    )
    made = auth.get_signature(
        environ["REQUEST_METHOD"], urlsplit(f"http://s3{environ['RAW_URI']}"), headers
    )
    claims.compare(query["Signature"], made)
    body.take(environ, True, presigned=True)


def check_form(environ: dict[str, Any]) -> None:
    """Verify a form to S3: the signature of its policy, and that the form follows the policy."""
    form = policies.Form(environ)
    fields, token = form.fields, form.fields.get("x-amz-security-token")
    if "x-amz-signature" in fields:
        identity, scope = claims.identity(fields.get("x-amz-credential", ""), token)
        if fields.get("x-amz-algorithm") != sigv4.ALGORITHM or scope.service != "s3":
            raise Refusal(
                Reason.INCOMPLETE, f"x-amz-algorithm must be {sigv4.ALGORITHM}, and the service s3."
            )
        claims.compare(
            fields["x-amz-signature"],
            sigv4.sign_text(identity.secret, scope, fields.get("policy", "")),
        )
    elif "signature" in fields:
        identity = claims.known(fields.get("awsaccesskeyid", ""), token)
        signer = _QueryAuth(Credentials("", identity.secret))
        claims.compare(fields["signature"], signer.sign_string(fields.get("policy", "")))
    else:
        raise Refusal(Reason.MISSING, "The form has no signed policy; the offline AWS needs one.")
    form.keep_to_policy()


def _counts_in_version_2(name: str) -> bool:
    """Say whether version 2 signs this header, which may also be in the query."""
    return name in ("content-md5", "content-type") or name.startswith("x-amz-")
