"""Human loops: started by a client, answered by workers, ended with an output.json and an event."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from local_aws import services
from local_aws.a2i import events
from local_aws.a2i.resources import LoopResource
from local_aws.kept import state
from local_aws.sagemaker.models import Backend, Record
from local_aws.wire.errors import AwsError, validation_error
from local_aws.wire.wellformed import read_json
from model_monitoring import review

OPEN = ("InProgress", "Stopping")
# Seconds, if the flow definition has no TaskAvailabilityLifetimeInSeconds
_LIFETIME = 10 * 24 * 3600
_MAX_INPUT = 3 << 20  # characters of InputContent (A2I runtime's model)
_log = logging.getLogger(__name__)


def start(backend: Backend, request: Record) -> Record:
    """Start a loop; the same request again returns the same loop."""
    name, arn = request["HumanLoopName"], request["FlowDefinitionArn"]
    text = request["HumanLoopInput"]["InputContent"]
    parse_input(text, "InputContent")
    with backend.lock:
        flow, same = _flow(backend, arn), backend.records["HumanLoop"].get(name)
        if flow is None:
            raise validation_error(f'Could not find flow definition "{arn}".')
        if same and (same["FlowDefinitionArn"], same["_input"]) == (arn, text):
            return {"HumanLoopArn": same["HumanLoopArn"]}
        return HUMAN_LOOP.create(
            backend, {"HumanLoopName": name, "FlowDefinitionArn": arn, "_input": text}
        )


def prepare(backend: Backend, record: Record) -> None:
    """Copy into a new loop what it needs from its flow definition and template."""
    flow = _flow(backend, record["FlowDefinitionArn"])
    config = flow["HumanLoopConfig"]
    bucket, prefix = services.split_uri(flow["OutputConfig"]["S3OutputPath"])
    key = review.key(prefix, flow["FlowDefinitionName"], started(record), record["HumanLoopName"])
    interface = backend.records["HumanTaskUi"].get(config["HumanTaskUiArn"].rpartition("/")[2])
    if interface is None:
        raise validation_error(f'Could not find human task UI "{config["HumanTaskUiArn"]}".')
    record |= {
        "HumanLoopStatus": "InProgress",
        "HumanLoopOutput": {"OutputS3Uri": f"s3://{bucket}/{key}"},
        "_config": config,
        "_template": interface["_template"],
        "_closes": started(record)
        + timedelta(seconds=config.get("TaskAvailabilityLifetimeInSeconds", _LIFETIME)),
        "_answers": [],
        "_claims": {},
        "_drafts": {},
    }


def stop(backend: Backend, request: Record) -> None:
    """Stop a loop: at once, or when its present workers have answered or run out of time."""
    with backend.lock:
        loop = backend.find("HumanLoop", request["HumanLoopName"])
        if loop["HumanLoopStatus"] == "InProgress":
            backend.change(loop, HumanLoopStatus="Stopping")
            settle(backend, loop)


def end(backend: Backend, loop: Record) -> None:
    """Refuse to delete a loop that hasn't ended."""
    if loop["HumanLoopStatus"] in OPEN:
        status = f"Human loop {loop['HumanLoopName']} is {loop['HumanLoopStatus']}"
        raise validation_error(f"{status}: stop it before you delete it.")


def list_loops(backend: Backend, request: Record) -> Record:
    """Return one page of a flow definition's loops."""
    if _flow(backend, request["FlowDefinitionArn"]) is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"Flow definition {request['FlowDefinitionArn']} not found.",
        )
    return HUMAN_LOOP.list(backend, request)


def resume(backend: Backend, loop: Record) -> None:
    """Resume a loop after a restart: one that had all its answers gets its output now."""
    loop["_template"] = sys.intern(loop["_template"])  # thousands of loops share a template
    settle(backend, loop)


HUMAN_LOOP = LoopResource("HumanLoop", "human loop", prepare, end=end, resume=resume)
OPERATIONS: dict[str, Callable[[Backend, Record], Record | None]] = {
    "StartHumanLoop": start,
    "DescribeHumanLoop": HUMAN_LOOP.describe,
    "ListHumanLoops": list_loops,
    "StopHumanLoop": stop,
    "DeleteHumanLoop": HUMAN_LOOP.delete,
}


def settle(backend: Backend, loop: Record) -> None:
    """End an open loop if it has its answers, or if it is stopping or out of time.

    A loop that is stopping or out of time stays open while a worker is working on it. On a full
    disk any loop stays open; the clock ends it when there is room again.
    """
    try:
        _settle(backend, loop, datetime.now(UTC))
    except OSError as error:
        _log.error("Human loop %s can't end yet: %s", loop["HumanLoopName"], error)


def _settle(backend: Backend, loop: Record, now: datetime) -> None:
    """Do the work of settle; raises OSError."""
    if loop["HumanLoopStatus"] not in OPEN:
        return
    stopping, idle = loop["HumanLoopStatus"] == "Stopping", not at_work(loop, now)
    if len(loop["_answers"]) >= loop["_config"]["TaskCount"]:
        _end(backend, loop, HumanLoopStatus="Stopped" if stopping else "Completed")
    elif stopping and idle:
        _end(backend, loop, HumanLoopStatus="Stopped")
    elif idle and now > loop["_closes"]:
        reason = "The task was not answered while the flow definition made it available."
        _end(backend, loop, HumanLoopStatus="Failed", FailureCode="Expired", FailureReason=reason)


def tick(_: datetime, now: datetime) -> None:
    """End the loops of all regions whose time is over."""
    for backend in list(sagemaker_backends[state.ACCOUNT].values()):
        for loop in list(backend.records["HumanLoop"].values()):
            answered = len(loop["_answers"]) >= loop["_config"]["TaskCount"]
            if loop["HumanLoopStatus"] == "Stopping" or (
                loop["HumanLoopStatus"] == "InProgress" and (answered or now > loop["_closes"])
            ):
                with backend.lock:
                    settle(backend, loop)


def started(loop: Record) -> datetime:
    """Return when a loop was started, aware."""
    return loop["CreationTime"].replace(tzinfo=UTC)


def at_work(loop: Record, now: datetime) -> set[str]:
    """Return the workers whose time for a loop's task hasn't run out."""
    return {worker for worker, claim in loop["_claims"].items() if claim["expires"] > now}


def parse_input(text: str, member: str) -> dict[str, Any]:
    """Read the JSON object of a template's `task.input`; raises ValidationException."""
    try:
        if len(text) > _MAX_INPUT:
            raise ValueError(f"it is longer than {_MAX_INPUT} characters")
        content = read_json(text)
        if not isinstance(content, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise validation_error(f"{member} must be a JSON object: {error}") from None
    return content


def _end(backend: Backend, loop: Record, **members: Any) -> None:
    """Write the loop's answers to S3, and its last status."""
    answers = [(given["reviewer"], _answer(given)) for given in loop["_answers"]]
    name, content = loop["HumanLoopName"], json.loads(loop["_input"])
    issuer = f"http://127.0.0.1/{backend.region_name}"
    written = review.output_json(loop["FlowDefinitionArn"], name, content, answers, issuer)
    try:
        if answers:
            services.write_object(
                loop["HumanLoopOutput"]["OutputS3Uri"], json.dumps(written).encode()
            )
    except ValueError as error:
        _log.error("The answers of human loop %s can't be written: %s", name, error)
        reason = f"The answers can't be written to S3: {error}"[:1024]
        members = {
            "HumanLoopStatus": "Failed",
            "FailureCode": "ValidationError",
            "FailureReason": reason,
        }
    backend.change(loop, **members)
    events.send(backend.region_name, loop)


def _answer(given: Record) -> review.Answer:
    """Read an answer from a loop's record."""
    times = {key: given[key] for key in ("accepted", "submitted", "submission")}
    return review.Answer(content=json.loads(given["content"]), first=None, **times)


def _flow(backend: Backend, arn: str) -> Record | None:
    """Return the flow definition of an ARN, or None."""
    flow = backend.records["FlowDefinition"].get(arn.rpartition("/")[2])
    return flow if flow and flow["FlowDefinitionArn"] == arn else None
