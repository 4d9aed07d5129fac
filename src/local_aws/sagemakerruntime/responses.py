"""InvokeEndpoint over HTTP, straight from the door to the model.

moto's way, through a Flask application and its dispatcher, costs as much as the model itself.
"""

import re
import time
from functools import cache
from typing import Any
from urllib.parse import unquote

from botocore.model import OperationModel
from moto.core.exceptions import ServiceException
from moto.core.serialize import ResponseSerializer, get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from moto.sagemakerruntime.models import sagemakerruntime_backends
from moto.utilities.aws_headers import gen_amzn_requestid_long
from werkzeug import Response

from local_aws.sagemakerruntime.models import Call
from local_aws.wire.errors import AwsError

_PATH = re.compile(r"/endpoints/([^/?]+)/invocations(?:\?.*)?")
_CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d+/([^/,]+)/sagemaker/")
_MAX_BODY = 6 << 20  # bytes, as on AWS


def matches(environ: dict[str, Any]) -> bool:
    """Say whether a signed request is an InvokeEndpoint."""
    posted = environ["REQUEST_METHOD"] == "POST" and _PATH.fullmatch(environ["RAW_URI"])
    return bool(posted and _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "")))


def answer(environ: dict[str, Any]) -> Response:
    """Respond to a request that `matches` and has passed the door."""
    [name] = _PATH.findall(environ["RAW_URI"])
    [(key, region)] = _CREDENTIAL.findall(environ["HTTP_AUTHORIZATION"])
    call = Call(
        endpoint=unquote(name),
        body=environ["wsgi.input"].read(),
        content_type=environ.get("CONTENT_TYPE") or "application/octet-stream",
        accept=environ.get("HTTP_ACCEPT"),
        attributes=environ.get("HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES"),
        inference_id=environ.get("HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID"),
        variant=environ.get("HTTP_X_AMZN_SAGEMAKER_TARGET_VARIANT"),
        arrived=time.monotonic(),
    )
    try:
        status, headers, body = _invoke(call, get_account_id_from(key), region)
    except ServiceException as error:
        status, headers, body = _serialize(error)
    gen_amzn_requestid_long(headers)
    return Response(body, status, headers)


def _invoke(call: Call, account: str, region: str) -> tuple[int, dict[str, str], bytes]:
    """Send a call to its endpoint and return the response; raises AwsError."""
    if len(call.body) > _MAX_BODY:
        raise AwsError("ValidationError", f"The body exceeds {_MAX_BODY} bytes.")
    variant, answered = sagemakerruntime_backends[account][region].invoke(call)
    headers = {
        "Content-Type": answered.headers.get("Content-Type", "application/octet-stream"),
        "x-Amzn-Invoked-Production-Variant": variant,
    }
    if call.attributes:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = call.attributes
    return 200, headers, answered.data


def _serialize(error: ServiceException) -> tuple[int, dict[str, str], str]:
    """Write an error as in botocore's model of the runtime."""
    written = _serializer()(_operation()).serialize(error)
    return written["status_code"], written["headers"], written["body"]


@cache
def _operation() -> OperationModel:
    return get_service_model("sagemaker-runtime").operation_model("InvokeEndpoint")


@cache
def _serializer() -> type[ResponseSerializer]:
    return get_serializer_class("sagemaker-runtime", "rest-json")
