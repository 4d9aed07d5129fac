"""The runtime's backend: requests go to the model's process, and into the capture."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import urllib3
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.models import SageMakerRuntimeBackend

from local_aws.containers.base import serving
from local_aws.kept import state
from local_aws.sagemaker.serving.deployments import Deployment, Server
from local_aws.wire.errors import AwsError

_CONSOLE = "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
# How long a request waits for an endpoint that a restart of the server is restoring
_RESTART_SECONDS = 60

_shadowing = ThreadPoolExecutor(2, thread_name_prefix="shadow")


@dataclass(frozen=True)
class Call:
    """One InvokeEndpoint request, and when it arrived (monotonic seconds)."""

    endpoint: str
    body: bytes
    content_type: str
    accept: str | None
    attributes: str | None
    inference_id: str | None
    variant: str | None
    arrived: float


class ModelError(AwsError):
    """The model's own error, with its message."""

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

    def invoke(self, call: Call) -> tuple[str, urllib3.HTTPResponse]:
        """Send a call to a variant of its endpoint; return the variant and its response.

        Raises:
            AwsError: ValidationError if the endpoint or variant doesn't exist, ModelError for an
                error of the model.
        """
        deployment = self._deployment(call)
        variant = call.variant or deployment.choose()
        server = deployment.servers.get(variant)
        if server is None:
            raise AwsError(
                "ValidationError", f"Variant {variant} not found for endpoint {call.endpoint}."
            )
        for shadow, weight in deployment.shadows:
            if random.random() < weight / (deployment.weights[variant] or 1.0):
                _shadowing.submit(_ask, shadow, call)
        return variant, _ask(server, call)

    def _deployment(self, call: Call) -> Deployment:
        """Find an endpoint's deployment."""
        control = sagemaker_backends[self.account_id][self.region_name]
        deployment = control.deployments.get(call.endpoint)
        if (
            deployment
            and deployment.ready.wait(_RESTART_SECONDS)
            and call.endpoint in control.deployments
        ):
            return deployment
        words = f"Endpoint {call.endpoint} of account {self.account_id} not found."
        if call.endpoint in control.records["Endpoint"]:
            words = f"Endpoint {call.endpoint} of account {self.account_id} is not in service."
        raise AwsError("ValidationError", words)


def _ask(server: Server, call: Call) -> urllib3.HTTPResponse:
    """Send a call to a model; count and capture it."""
    headers = {"Content-Type": call.content_type, serving.TOKEN_HEADER: server.token}
    if call.accept:
        headers["Accept"] = call.accept
    if call.attributes:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = call.attributes
    asked = time.monotonic()
    try:
        answer = server.pool.request("POST", "/invocations", body=call.body, headers=headers)
        status, error = (
            answer.status,
            answer.data.decode(errors="replace") if answer.status != 200 else "",
        )
    except urllib3.exceptions.HTTPError as failure:
        status, error = 500, f"The model's process did not answer: {failure}"
    now = time.monotonic()
    server.meter.add(status, now - asked, now - call.arrived)
    if status != 200:
        raise ModelError(server, status, error)
    if server.capture:
        observed = answer.headers.get("Content-Type", "")
        server.capture.record(
            (call.content_type, call.body), (observed, answer.data), call.inference_id
        )
    return answer
