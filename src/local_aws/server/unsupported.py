"""The response to a request that the offline AWS can't serve."""

import errno
import json
import logging
import re
from html import escape

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_log = logging.getLogger(__name__)


def answer_error(error: Exception, request: Request) -> Response:
    """Respond to a request that ended in an error, with status 400 and a clear code.

    botocore retries a 500, so a 400 reaches the caller at once. An error inside moto or here, also
    a full disk, is reported, and logged with its traceback.
    """
    if isinstance(error, HTTPException) and error.code not in (404, 405, 500):
        return error.get_response()
    if isinstance(error, HTTPException | NotImplementedError):
        what = (
            str(error)
            if isinstance(error, NotImplementedError)
            else f"{request.method} {request.path}"
        )
        return _word(
            request, "UnsupportedOperation", f"The offline AWS doesn't support this: {what}."
        )
    if isinstance(error, OSError) and error.errno in _FULL:
        _log.error("%s %s: %s", request.method, request.path, error)
        words = "The offline AWS could not write this to disk, so nothing was changed."
        return _word(request, "DiskFull", f"{words} Make room and try again: {error.strerror}.")
    if isinstance(error, UnicodeError):
        return _word(
            request, "SerializationException", "The request holds text that isn't Unicode."
        )
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _word(
        request,
        "InternalFailure",
        f"The offline AWS failed at this request: {type(error).__name__}: {error}",
    )


def answer_problem(problem: tuple[str, str], request: Request) -> Response:
    """Respond to a request that no service should see: an error's code and message."""
    return _word(request, *problem)


def answer_unknown_service(request: Request) -> Response:
    """Respond to a request to a service that moto doesn't have."""
    scope = re.search(
        r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", request.headers.get("Authorization", "")
    )
    name = scope.group(1) if scope else request.path
    return _word(request, "UnsupportedOperation", f"The offline AWS has no service {name}.")


def _word(request: Request, code: str, message: str) -> Response:
    """Write an error in the protocol of the request: XML for S3 and query services, else JSON."""
    query = (request.content_type or "").startswith("application/x-www-form-urlencoded")
    to_s3 = "X-Amz-Target" not in request.headers and "/s3/" in request.headers.get(
        "Authorization", ""
    )
    if query or to_s3:
        told = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        body = f"<Error><Type>Sender</Type>{told}</Error>"
        return Response(
            f"<ErrorResponse>{body}</ErrorResponse>" if query else body,
            400,
            content_type="text/xml",
        )
    body = json.dumps({"__type": code, "message": message})
    return Response(body, 400, {"x-amzn-ErrorType": code}, content_type="application/json")
