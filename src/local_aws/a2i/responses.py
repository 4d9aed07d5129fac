"""The A2I runtime over HTTP: parse, check against botocore's model, act, respond."""

from typing import Any

from moto.core.utils import get_service_model
from moto.sagemaker.models import sagemaker_backends

from local_aws.a2i.loops import OPERATIONS
from local_aws.sagemaker.validation import validate
from local_aws.wire.dispatching import JsonApi
from local_aws.wire.errors import AwsError, validation_error

SERVICE = "sagemaker-a2i-runtime"


class Api(JsonApi):
    """The dispatcher of the runtime's operations, which are signed like SageMaker's."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

    def act(self) -> dict[str, Any] | None:
        """Run the operation of the method and path."""
        name = self._get_action()
        if name not in OPERATIONS:
            raise AwsError(
                "UnsupportedOperation",
                f"The offline A2I doesn't support {self.method} {self.path}.",
            )
        request = self._request(name)
        validate(request, get_service_model(SERVICE).operation_model(name).input_shape)
        return OPERATIONS[name](sagemaker_backends[self.current_account][self.region], request)

    def _request(self, operation: str) -> dict[str, Any]:
        """Collect a request's members from its path, its query and its body."""
        body = self.read_body()
        if not isinstance(body, dict):
            raise AwsError("SerializationException", "The body must be a JSON structure")
        members = get_service_model(SERVICE).operation_model(operation).input_shape.members
        asked = {key: values[0] for key, values in self.querystring.items() if key in members}
        if "MaxResults" in asked:
            try:
                asked["MaxResults"] = int(asked["MaxResults"])
            except ValueError:
                raise validation_error("MaxResults must be a whole number.") from None
        return {
            key: value
            for key, value in (body | asked | dict(self.uri_match)).items()
            if value is not None
        }
