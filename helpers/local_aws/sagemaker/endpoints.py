"""Models, endpoint configurations and endpoints."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from helpers.local_aws import services
from helpers.local_aws.capture import Capture
from helpers.local_aws.errors import validation_error
from helpers.local_aws.sagemaker import images
from helpers.local_aws.sagemaker.deployments import Deployment, Server, start_server
from helpers.local_aws.sagemaker.resources import Record

if TYPE_CHECKING:
    from helpers.local_aws.sagemaker.models import Backend


def prepare_model(backend: "Backend", record: Record) -> None:
    """Check that a model is one container with a known image and an artifact that exists."""
    if len(record.get("Containers", [])) == 1:
        record["PrimaryContainer"] = record.pop("Containers")[0]
    container = record.get("PrimaryContainer")
    if container is None:
        raise validation_error("Offline, a model needs one PrimaryContainer: inference pipelines are not supported.")
    images.find(container.get("Image"), "serve")
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    try:
        if uri and not services.list_objects(uri):
            raise ValueError
    except ValueError:
        raise validation_error(f"Could not find model data at {uri}.") from None


def prepare_config(backend: "Backend", record: Record) -> None:
    """Check that the variants' models exist and that nothing is asked that doesn't run offline."""
    for member in ("AsyncInferenceConfig", "ExplainerConfig"):
        if record.get(member):
            raise validation_error(f"{member} is not supported offline.")
    for variant in record["ProductionVariants"]:
        if "ModelName" not in variant:
            raise validation_error("Offline, a production variant needs a ModelName: inference components don't run.")
        backend.find("Model", variant["ModelName"])
        if not variant.get("InstanceType") and not variant.get("ServerlessConfig"):
            raise validation_error("A production variant needs an InstanceType or a ServerlessConfig.")
        variant.setdefault("InitialVariantWeight", 1.0)


def prepare(backend: "Backend", record: Record) -> None:
    """Complete a new endpoint's record."""
    record |= {"EndpointStatus": "Creating"} | _shown(backend, record["EndpointConfigName"])


def begin(backend: "Backend", record: Record) -> None:
    """Start the endpoint's models in the background."""
    threading.Thread(target=_deploy, args=(backend, record, record["EndpointConfigName"]), daemon=True).start()


def update(backend: "Backend", request: Record) -> Record:
    """Move an endpoint to another configuration: the old one answers until the new one does, and stays if it fails."""
    with backend.lock:
        record = backend.find("Endpoint", request["EndpointName"])
        if record["EndpointStatus"] not in ("InService", "Failed"):
            raise validation_error(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
        backend.find("EndpointConfig", request["EndpointConfigName"])
        backend.change(record, EndpointStatus="Updating")
    threading.Thread(target=_deploy, args=(backend, record, request["EndpointConfigName"]), daemon=True).start()
    return {"EndpointArn": record["EndpointArn"]}


def end(backend: "Backend", record: Record) -> None:
    """End the endpoint's models."""
    deployment = backend.deployments.pop(record["EndpointName"], None)
    if deployment:
        threading.Thread(target=deployment.end, daemon=True).start()


def _deploy(backend: "Backend", record: Record, config_name: str) -> None:
    """Start a configuration's models; put them in service, or leave what was there."""
    name = record["EndpointName"]
    try:
        deployment = _start(backend, name, config_name)
    except Exception as error:  # whatever it was, the endpoint must not hang as Creating
        serving = name in backend.deployments
        backend.change(record, EndpointStatus="InService" if serving else "Failed", FailureReason=str(error)[:1024])
        return
    with backend.lock:
        if backend.records["Endpoint"].get(name) is not record:  # deleted meanwhile
            deployment.end()
            return
        old = backend.deployments.get(name)
        backend.deployments[name] = deployment
        shown = _shown(backend, config_name)
        backend.change(record, EndpointStatus="InService", EndpointConfigName=config_name, FailureReason=None, **shown)
    if old:
        old.end()


def _start(backend: "Backend", endpoint: str, config_name: str) -> Deployment:
    """Start a server for each variant, all at once."""
    config = backend.find("EndpointConfig", config_name)
    captured = config.get("DataCaptureConfig", {})

    def start(variant: Record) -> Server:
        container = backend.find("Model", variant["ModelName"])["PrimaryContainer"]
        capture = Capture(captured, endpoint, variant["VariantName"]) if captured.get("EnableCapture") else None
        return start_server(backend.region_name, endpoint, variant["VariantName"], container, capture)

    variants = config["ProductionVariants"]
    with ThreadPoolExecutor(len(variants)) as pool:
        starts = [pool.submit(start, variant) for variant in variants]
    failures = [job.exception() for job in starts if job.exception()]
    servers = [job.result() for job in starts if not job.exception()]
    if failures:
        for server in servers:
            server.end()
        raise failures[0]
    names = [variant["VariantName"] for variant in variants]
    weights = {variant["VariantName"]: variant["InitialVariantWeight"] for variant in variants}
    return Deployment(dict(zip(names, servers, strict=True)), weights)


def _shown(backend: "Backend", config_name: str) -> Record:
    """Return what DescribeEndpoint shows of a configuration: summaries of its variants and of data capture."""
    config = backend.find("EndpointConfig", config_name)
    variants = [
        {
            "VariantName": variant["VariantName"],
            "DeployedImages": [_image(backend, variant)],
            "CurrentWeight": variant["InitialVariantWeight"],
            "DesiredWeight": variant["InitialVariantWeight"],
            "CurrentInstanceCount": variant.get("InitialInstanceCount", 1),
            "DesiredInstanceCount": variant.get("InitialInstanceCount", 1),
        }
        for variant in config["ProductionVariants"]
    ]
    capture = config.get("DataCaptureConfig")
    summary = capture and {
        "EnableCapture": capture.get("EnableCapture", False),
        "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
    return {"ProductionVariants": variants, "DataCaptureConfig": summary}


def _image(backend: "Backend", variant: Record) -> Record:
    """Return the image of a variant as DescribeEndpoint shows it."""
    model = backend.find("Model", variant["ModelName"])
    image = model["PrimaryContainer"]["Image"]
    return {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": model["CreationTime"]}
