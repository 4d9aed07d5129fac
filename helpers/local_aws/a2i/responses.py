"""The A2I runtime over HTTP: parse, check against botocore's model, act, and answer by the same model."""

import json
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.model import ServiceModel
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.sagemaker.models import sagemaker_backends
from moto.utilities.aws_headers import gen_amzn_requestid_long

from helpers.local_aws.a2i.loops import OPERATIONS
from helpers.local_aws.errors import AwsError, validation_error
from helpers.local_aws.sagemaker.validation import validate

SERVICE = "sagemaker-a2i-runtime"


class Api(BaseResponse):
    """The dispatcher of the runtime's operations. It signs as SageMaker, so its requests come to that backend."""

    use_raw_body = True

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

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
        """Answer in the runtime's protocol whatever content type the request claims."""
        return service_model.protocol

    def _act(self) -> dict[str, Any] | None:
        """Run the operation that method and path name."""
        name = self._get_action()
        if name not in OPERATIONS:
            raise AwsError("UnsupportedOperation", f"The offline A2I doesn't support {self.method} {self.path}.")
        request = self._request(name)
        validate(request, get_service_model(SERVICE).operation_model(name).input_shape)
        return OPERATIONS[name](sagemaker_backends[self.current_account][self.region], request)

    def _request(self, operation: str) -> dict[str, Any]:
        """Gather a request's members from its path, its query and its body."""
        try:
            body = json.loads(self.body or "{}")
        except (ValueError, RecursionError) as error:
            raise AwsError("SerializationException", f"The body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise AwsError("SerializationException", "The body must be a JSON structure")
        members = get_service_model(SERVICE).operation_model(operation).input_shape.members
        asked = {key: values[0] for key, values in self.querystring.items() if key in members}
        if "MaxResults" in asked:
            try:
                asked["MaxResults"] = int(asked["MaxResults"])
            except ValueError:
                raise validation_error("MaxResults must be a whole number.") from None
        return {key: value for key, value in (body | asked | dict(self.uri_match)).items() if value is not None}
