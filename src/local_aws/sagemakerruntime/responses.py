"""InvokeEndpoint over HTTP."""

import time
from typing import Any
from urllib.parse import unquote

from moto.core.exceptions import ServiceException
from moto.core.model import ServiceModel
from moto.core.responses import ActionResult, BaseResponse
from moto.sagemakerruntime.models import sagemakerruntime_backends
from moto.utilities.aws_headers import gen_amzn_requestid_long

from local_aws.sagemakerruntime.models import Call
from local_aws.wire.errors import AwsError

_MAX_BODY = 6 << 20  # bytes, as on AWS


class Api(BaseResponse):
    """The dispatcher of the runtime's one supported operation."""

    use_raw_body = True

    def __init__(self) -> None:
        super().__init__(service_name="sagemaker-runtime")
        self.allow_request_decompression = False

    def determine_response_protocol(self, service_model: ServiceModel) -> str:
        """Answer in the runtime's protocol whatever content type the model's input has."""
        return service_model.protocol

    def _dispatch(self, request: Any, full_url: str | None = None, headers: Any = None) -> Any:
        """Answer one invocation."""
        arrived = time.monotonic()
        # Before moto looks for forms in it: the body is the model's alone
        body = request.get_data()
        self.setup_class(request, full_url, headers)
        gen_amzn_requestid_long(self.response_headers)
        given = self.headers
        call = Call(
            endpoint=unquote(self.path.split("/")[2]),
            body=body,
            content_type=given.get("Content-Type", "application/octet-stream"),
            accept=given.get("Accept"),
            attributes=given.get("X-Amzn-SageMaker-Custom-Attributes"),
            inference_id=given.get("X-Amzn-SageMaker-Inference-Id"),
            variant=given.get("X-Amzn-SageMaker-Target-Variant"),
            arrived=arrived,
        )
        try:
            if len(call.body) > _MAX_BODY:
                raise AwsError("ValidationError", f"The body exceeds {_MAX_BODY} bytes.")
            variant, answer = sagemakerruntime_backends[self.current_account][self.region].invoke(
                call
            )
        except ServiceException as error:
            return self.serialized(ActionResult(error))
        sent = self.response_headers | {
            "Content-Type": answer.headers.get("Content-Type", "application/octet-stream"),
            "x-Amzn-Invoked-Production-Variant": variant,
        }
        if call.attributes:
            sent["X-Amzn-SageMaker-Custom-Attributes"] = call.attributes
        return 200, sent, answer.data
