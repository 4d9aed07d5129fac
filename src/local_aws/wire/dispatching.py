"""The dispatcher of a JSON service's requests over HTTP, by botocore's model of the service."""

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.model import ServiceModel
from moto.core.responses import ActionResult, BaseResponse
from moto.utilities.aws_headers import gen_amzn_requestid_long

from local_aws.wire.errors import AwsError
from local_aws.wire.wellformed import read_json


class JsonApi(BaseResponse):
    """The dispatcher of one service's operations; each service implements them in `act`."""

    use_raw_body = True  # bytes that aren't UTF-8 are the client's mistake, and reported as one

    def _dispatch(self, request: Any, full_url: str | None = None, headers: Any = None) -> Any:
        """Respond to one request."""
        self.setup_class(request, full_url, headers)
        try:
            result: Any = self.act()
        except ServiceException as error:
            result = error
        gen_amzn_requestid_long(self.response_headers)
        return self.serialized(ActionResult(result))

    def determine_response_protocol(self, service_model: ServiceModel) -> str:
        """Respond in the service's protocol, whatever content type the request claims."""
        return service_model.protocol

    def act(self) -> dict[str, Any] | None:
        """Run the operation that the request names; raise AwsError, or return its output."""
        raise AwsError("UnsupportedOperation", "A service must say what its operations do.")

    def read_body(self) -> Any:
        """Parse the request's body; raises AwsError if it isn't JSON."""
        try:
            return read_json(self.body)
        except ValueError as error:
            raise AwsError("SerializationException", f"The body is not JSON: {error}") from None
