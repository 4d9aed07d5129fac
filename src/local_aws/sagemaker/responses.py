"""SageMaker's control plane over HTTP: parse, act, and respond by botocore's model."""

from typing import Any

from moto.sagemaker.models import sagemaker_backends

from local_aws import operations
from local_aws.wire.dispatching import JsonApi
from local_aws.wire.errors import AwsError


class Api(JsonApi):
    """The dispatcher of SageMaker's operations: those that `operations.by_name` has."""

    def __init__(self) -> None:
        super().__init__(service_name="sagemaker")

    def act(self) -> dict[str, Any] | None:
        """Run the operation that the request names."""
        name = self._get_action()
        if name not in operations.by_name():
            raise AwsError("UnsupportedOperation", f"The offline SageMaker doesn't support {name}.")
        backend = sagemaker_backends[self.current_account][self.region]
        return operations.act(backend, name, self.read_body())
