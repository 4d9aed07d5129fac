"""SageMaker's control plane over HTTP: parse, check against botocore's model, act, and answer by the same model."""

import json
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.model import ServiceModel
from moto.core.responses import ActionResult, BaseResponse
from moto.sagemaker.models import sagemaker_backends
from moto.utilities.aws_headers import gen_amzn_requestid_long

from helpers.local_aws.errors import AwsError
from helpers.local_aws.sagemaker.models import OPERATIONS, Backend


class Api(BaseResponse):
    """The dispatcher of SageMaker's operations: those of `OPERATIONS`, and a clear refusal of the rest."""

    use_raw_body = True  # bytes that are no UTF-8 are the client's mistake, and told as one

    def __init__(self) -> None:
        super().__init__(service_name="sagemaker")

    def _dispatch(self, request: Any, full_url: str | None = None, headers: Any = None) -> Any:
        """Answer one request."""
        self.setup_class(request, full_url, headers)
        try:
            result: Any = self._act()
        except ServiceException as error:
            result = error
        gen_amzn_requestid_long(self.response_headers)
        return self.serialized(ActionResult(result))

    def determine_response_protocol(self, service_model: ServiceModel) -> str:
        """Answer in SageMaker's protocol whatever content type the request claims."""
        return service_model.protocol

    def _act(self) -> dict[str, Any] | None:
        """Run the operation that the request names."""
        name = self._get_action()
        if name not in OPERATIONS:
            raise AwsError("UnsupportedOperation", f"The offline SageMaker doesn't support {name}.")
        try:
            parameters = json.loads(self.body or "{}")
        except (ValueError, RecursionError) as error:
            raise AwsError("SerializationException", f"The body is not JSON: {error}") from None
        backend: Backend = sagemaker_backends[self.current_account][self.region]
        return backend.act(name, parameters)
