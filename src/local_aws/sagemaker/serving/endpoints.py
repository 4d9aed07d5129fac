"""Endpoints: created, updated, deleted and restored after a restart."""

import threading
import uuid
from typing import Any

from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.serving.deployments import deployment
from local_aws.wire.errors import validation_error

_MAX_REASON = 1024


def prepare(backend: Backend, record: Record) -> None:
    """Complete a new endpoint's record."""
    plan = _plan(backend, record["EndpointConfigName"])
    record |= {"EndpointStatus": "Creating", "_plan": plan} | _shown(
        backend, record["EndpointConfigName"], plan
    )


def begin(backend: Backend, record: Record) -> None:
    """Start the endpoint's models in the background."""
    _in_background(_deploy, backend, record, record["EndpointConfigName"], record["_plan"])


def update(backend: Backend, request: Record) -> Record:
    """Move an endpoint to another configuration; the old one serves until the new one is ready."""
    with backend.lock:
        record = backend.find("Endpoint", request["EndpointName"])
        _check_settled(record)
        plan = _plan(backend, request["EndpointConfigName"])
        if request.get("RetainAllVariantProperties"):
            kept = {item["name"]: item["weight"] for item in record["_plan"]["variants"]}
            for item in plan["variants"]:
                item["weight"] = kept.get(item["name"], item["weight"])
        backend.change(record, EndpointStatus="Updating")
    _in_background(_deploy, backend, record, request["EndpointConfigName"], plan)
    return {"EndpointArn": record["EndpointArn"]}


def update_weights(backend: Backend, request: Record) -> Record:
    """Set variants' weights and instance counts; the next request uses the new weights."""
    with backend.lock:
        record = backend.find("Endpoint", request["EndpointName"])
        _check_settled(record)
        wanted = {item["VariantName"]: item for item in request["DesiredWeightsAndCapacities"]}
        unknown = wanted.keys() - {shown["VariantName"] for shown in record["ProductionVariants"]}
        if unknown:
            names = ", ".join(sorted(unknown))
            raise validation_error(
                f'The variant name(s) "{names}" are not part of endpoint "{record["EndpointArn"]}".'
            )
        shown = []
        for variant in record["ProductionVariants"]:
            asked = wanted.get(variant["VariantName"], {})
            weight = asked.get("DesiredWeight", variant["CurrentWeight"])
            count = asked.get("DesiredInstanceCount", variant["CurrentInstanceCount"])
            variant = variant | {"CurrentWeight": weight, "DesiredWeight": weight}
            shown.append(variant | {"CurrentInstanceCount": count, "DesiredInstanceCount": count})
        weights = {variant["VariantName"]: variant["CurrentWeight"] for variant in shown}
        plan = record["_plan"]
        plan = plan | {
            "variants": [item | {"weight": weights[item["name"]]} for item in plan["variants"]]
        }
        backend.change(record, ProductionVariants=shown, _plan=plan)
        backend.deployments[record["EndpointName"]].weights = weights
    return {"EndpointArn": record["EndpointArn"]}


def end(backend: Backend, record: Record) -> None:
    """End the endpoint's models."""
    ended = backend.deployments.pop(record["EndpointName"], None)
    if ended:
        _in_background(ended.end)


def resume(backend: Backend, record: Record) -> None:
    """Start an endpoint's models after a restart, unless it failed; requests wait for them."""
    if record["EndpointStatus"] == "Failed":
        return
    if record["EndpointStatus"] != "Creating":
        # Invocations wait for these. An update that was running is rolled back, because the plan is
        # still the old one.
        name = record["EndpointName"]
        backend.deployments[name] = deployment(backend.region_name, name, record["_plan"])
    _in_background(_deploy, backend, record, record["EndpointConfigName"], record["_plan"])


def _check_settled(record: Record) -> None:
    """Refuse to change an endpoint that is being changed."""
    if record["EndpointStatus"] not in ("InService", "Failed"):
        raise validation_error(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')


def _in_background(function: Any, *arguments: Any) -> None:
    """Call a function in a thread that doesn't keep the server from ending."""
    threading.Thread(target=function, args=arguments, daemon=True).start()


def _deploy(backend: Backend, record: Record, config_name: str, plan: Record) -> None:
    """Start a plan's models, and put them in service; if they fail, leave the old ones."""
    name = record["EndpointName"]
    old = backend.deployments.get(name)
    resumed = old is not None and not old.ready.is_set()
    new = old if resumed else deployment(backend.region_name, name, plan)
    try:
        new.launch()
    except Exception as error:  # whatever the error, the endpoint must not hang as Creating
        status = "InService" if old and not resumed else "Failed"
        if resumed:
            backend.deployments.pop(name, None)
            new.ready.set()
        backend.note(record, EndpointStatus=status, FailureReason=str(error)[:_MAX_REASON])
        return
    with backend.lock:
        if backend.records["Endpoint"].get(name) is not record:  # deleted meanwhile
            new.end()
            return
        backend.deployments[name] = new
        shown = {} if resumed else _shown(backend, config_name, plan)
        members = {"EndpointConfigName": config_name, "FailureReason": None, "_plan": plan}
        backend.note(record, EndpointStatus="InService", **members, **shown)
    if old and not resumed:
        old.end()


def _plan(backend: Backend, config_name: str) -> Record:
    """Resolve a configuration to everything that its models need, because it may be deleted."""
    config = backend.find("EndpointConfig", config_name)
    variants, shadows = (
        [
            {
                "name": variant["VariantName"],
                "container": backend.find("Model", variant["ModelName"])["PrimaryContainer"],
                "weight": variant["InitialVariantWeight"],
                "root": uuid.uuid4().hex,
            }
            for variant in config.get(member, [])
        ]
        for member in ("ProductionVariants", "ShadowProductionVariants")
    )
    capture = config.get("DataCaptureConfig", {})
    return {
        "variants": variants,
        "shadows": shadows,
        "capture": capture if capture.get("EnableCapture") else None,
    }


def _shown(backend: Backend, config_name: str, plan: Record) -> Record:
    """Return DescribeEndpoint's summaries of a configuration's variants and data capture."""
    config = backend.find("EndpointConfig", config_name)
    capture = config.get("DataCaptureConfig")
    summary = capture and {
        "EnableCapture": capture.get("EnableCapture", False),
        "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
    counts = {
        variant["VariantName"]: variant.get("InitialInstanceCount", 1)
        for variant in config["ProductionVariants"] + config.get("ShadowProductionVariants", [])
    }
    return {
        "ProductionVariants": [_summary(item, counts, config) for item in plan["variants"]],
        "ShadowProductionVariants": [_summary(item, counts, config) for item in plan["shadows"]]
        or None,
        "DataCaptureConfig": summary,
    }


def _summary(item: Record, counts: dict[str, int], config: Record) -> Record:
    """Return a variant as DescribeEndpoint shows it."""
    image = {
        "SpecifiedImage": item["container"]["Image"],
        "ResolvedImage": item["container"]["Image"],
    }
    return {
        "VariantName": item["name"],
        "DeployedImages": [image | {"ResolutionTime": config["CreationTime"]}],
        "CurrentWeight": item["weight"],
        "DesiredWeight": item["weight"],
        "CurrentInstanceCount": counts[item["name"]],
        "DesiredInstanceCount": counts[item["name"]],
    }
