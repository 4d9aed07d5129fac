"""The runtime's backend: requests go to the model's process, and into the capture."""

from dataclasses import dataclass

import urllib3
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.models import SageMakerRuntimeBackend

from helpers.local_aws import state
from helpers.local_aws.errors import AwsError
from helpers.local_aws.sagemaker.deployments import Deployment, Server

_CONSOLE = "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"


@dataclass(frozen=True)
class Call:
    """One InvokeEndpoint request."""

    endpoint: str
    body: bytes
    content_type: str
    accept: str | None
    attributes: str | None
    inference_id: str | None
    variant: str | None


class ModelError(AwsError):
    """The model's own error, with what it said."""

    code = "ModelError"

    def __init__(self, server: Server, status: int, text: str):
        group = server.run.log_group
        where = _CONSOLE.format(region=server.run.region, group=group)
        side = "client" if status < 500 else "server"
        super().__init__(
            f'Received {side} error ({status}) from primary with message "{text}". '
            f"See {where} in account {state.ACCOUNT} for more information."
        )
        self.OriginalStatusCode = status
        self.OriginalMessage = text
        self.LogStreamArn = f"arn:aws:logs:{server.run.region}:{state.ACCOUNT}:log-group:{group}"


class Backend(SageMakerRuntimeBackend):
    """One region's runtime."""

    def invoke(self, call: Call) -> tuple[str, urllib3.BaseHTTPResponse]:
        """Have a call answered by a variant of its endpoint; returns the variant and its answer.

        Raises:
            AwsError: ValidationError for an endpoint or variant that isn't there, ModelError for the model's.
        """
        deployment = self._deployment(call)
        variant = call.variant or deployment.choose()
        server = deployment.servers.get(variant)
        if server is None:
            raise AwsError("ValidationError", f"Variant {variant} not found for endpoint {call.endpoint}.")
        headers = {"Content-Type": call.content_type} | ({"Accept": call.accept} if call.accept else {})
        if call.attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = call.attributes
        try:
            answer = server.pool.request("POST", "/invocations", body=call.body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise ModelError(server, 500, f"The model's process did not answer: {error}") from None
        if answer.status != 200:
            raise ModelError(server, answer.status, answer.data.decode(errors="replace"))
        if server.capture:
            observed = answer.headers.get("Content-Type", "")
            server.capture.record((call.content_type, call.body), (observed, answer.data), call.inference_id)
        return variant, answer

    def _deployment(self, call: Call) -> Deployment:
        """Find what an endpoint serves."""
        control = sagemaker_backends[self.account_id][self.region_name]
        deployment = control.deployments.get(call.endpoint)
        if deployment:
            return deployment
        words = f"Endpoint {call.endpoint} of account {self.account_id} not found."
        if call.endpoint in control.records["Endpoint"]:
            words = f"Endpoint {call.endpoint} of account {self.account_id} is not in service."
        raise AwsError("ValidationError", words)
