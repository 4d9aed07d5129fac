"""What a client reads when it asks for something that the offline AWS can't do."""

import json
import logging

from flask import Response, request
from werkzeug.exceptions import HTTPException

_log = logging.getLogger(__name__)


def answer_unsupported(error: Exception) -> Response:
    """Answer with status 400 and a code naming what is missing, at once: botocore retries a 500.

    An error inside moto or ours is logged with its traceback and answered with status 400 as well, for the same reason.
    """
    if isinstance(error, HTTPException) and error.code != 500:
        if error.code != 404:
            return error.get_response()
        code, message = "UnsupportedOperation", f"The offline AWS has no {request.method} {request.path}."
    elif isinstance(error, NotImplementedError):
        code, message = "UnsupportedOperation", f"The offline AWS doesn't support this operation: {error}"
    else:
        _log.error("%s %s failed", request.method, request.path, exc_info=error)
        code, message = "InternalFailure", f"The offline AWS failed at this request: {type(error).__name__}: {error}"
    return _response(code, message)


def _response(code: str, message: str) -> Response:
    """Word an error in the protocol of the request: XML for S3 and query services, else JSON."""
    query = (request.content_type or "").startswith("application/x-www-form-urlencoded")
    if query or (not request.headers.get("X-Amz-Target") and "/s3/" in request.headers.get("Authorization", "")):
        text = message.replace("&", "&amp;").replace("<", "&lt;")
        body = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>"
        return Response(f"<ErrorResponse>{body}</ErrorResponse>" if query else body, 400, content_type="text/xml")
    headers = {"x-amzn-ErrorType": code}
    return Response(json.dumps({"__type": code, "message": message}), 400, headers, content_type="application/json")
