"""Monitoring executions: processing jobs on an endpoint's captured hours, merged with labels."""

import json
import threading
import time
import uuid
from datetime import datetime
from typing import Any

from local_aws import services
from local_aws.sagemaker.jobs import running
from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.monitoring import definitions
from local_aws.sagemaker.monitoring.windows import hours

NO_DATA = "Job inputs had no data"
_ATTRIBUTES = {
    "InferenceAttribute": "inference_attribute",
    "ProbabilityAttribute": "probability_attribute",
    "ProbabilityThresholdAttribute": "probability_threshold_attribute",
}
_MAX_REASON = 1024
_DEFAULT_SECONDS = 3600


def prepare(backend: Backend, record: Record) -> None:
    """Complete a new execution's record."""
    record["MonitoringExecutionStatus"] = "Pending"


def begin(backend: Backend, record: Record) -> None:
    """Run an execution in the background."""
    threading.Thread(target=_work, args=(backend, record), daemon=True).start()


def resume(backend: Backend, record: Record) -> None:
    """Write the end of an execution that was cut off when the server ended."""
    if record["MonitoringExecutionStatus"] in ("Pending", "InProgress", "Stopping"):
        backend.note(record, MonitoringExecutionStatus="Failed", FailureReason=running.CUT_OFF)


def _work(backend: Backend, record: Record) -> None:
    """Run one execution until its last status."""
    try:
        members = _run(backend, record)
    except Exception as error:  # whatever the error, the execution must not hang as InProgress
        reason = getattr(error, "message", None) or running.internal_reason(error)
        members = {"MonitoringExecutionStatus": "Failed", "FailureReason": reason[:_MAX_REASON]}
    backend.note(record, **members)


def _run(backend: Backend, record: Record) -> Record:
    """Run its job or jobs; return the last status and the reason for a failure."""
    definition, (start, end) = record["_definition"], record["_window"]
    name = record["EndpointName"]
    endpoint = backend.find("Endpoint", name)
    _flush(backend, name)
    destination = endpoint["DataCaptureConfig"]["DestinationS3Uri"].rstrip("/")
    variants = [item["VariantName"] for item in endpoint["ProductionVariants"]]
    folders = [f"{hour:%Y/%m/%d/%H}" for hour in hours(start, end)]
    paths = [f"{name}/{variant}/{folder}" for variant in variants for folder in folders]
    local = definition["endpoint"]["LocalPath"]
    inputs = _inputs("endpoint_input", destination, local, paths)
    suffix = f"{record['ScheduledTime']:%Y%m%d%H%M}-{uuid.uuid4().hex[:24]}"
    if not inputs:
        return {"MonitoringExecutionStatus": "Failed", "FailureReason": NO_DATA}
    if definition["type"] == "ModelQuality":
        merged = f"{_output(definition)['S3Uri'].rstrip('/')}/merge"
        job = _merge(backend, record, inputs, merged, f"groundtruth-merge-{suffix}")
        if job is None or job["ProcessingJobStatus"] != "Completed":
            return _ending(job)
        inputs = _inputs("endpoint_input", merged, local, paths)
    job = _analyse(backend, record, inputs, suffix)
    return _ending(job)


def _flush(backend: Backend, endpoint: str) -> None:
    """Write to S3 what the endpoint has captured up to now."""
    deployment = backend.deployments.get(endpoint)
    for server in deployment.all() if deployment else ():
        if server.capture:
            server.capture.flush()


def _inputs(name: str, source: str, local: str, paths: list[str]) -> list[Record]:
    """Return a processing input for each path below an S3 URI that has objects."""
    held = [path for path in paths if services.list_objects(f"{source}/{path}/")]
    return [
        _input(f"{name}_{number}", f"{source}/{path}", f"{local}/{path}")
        for number, path in enumerate(held, 1)
    ]


def _input(name: str, uri: str, path: str) -> Record:
    """Return a processing input."""
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source | {"S3DataDistributionType": "FullyReplicated"}}


def _merge(
    backend: Backend, record: Record, captured: list[Record], merged: str, name: str
) -> Record | None:
    """Join the captured requests with the labels uploaded since; None if there are no labels."""
    definition = record["_definition"]
    since = hours(record["_window"][0], record["ScheduledTime"])
    truth = definition["truth"].rstrip("/")
    labels = _inputs(
        "groundtruth_input",
        truth,
        "/opt/ml/processing/groundtruth",
        [f"{h:%Y/%m/%d/%H}" for h in since],
    )
    if not labels:
        return None
    environment = {
        "dataset_source": definition["endpoint"]["LocalPath"],
        "ground_truth_source": "/opt/ml/processing/groundtruth",
        "output_path": "/opt/ml/processing/output",
    }
    app = {"ImageUri": definition["app"]["ImageUri"].replace("-analyzer", "-groundtruth-merger")}
    output = {"S3Uri": merged, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return _process(backend, record, name, app, environment, labels + captured, output)


def _analyse(backend: Backend, record: Record, inputs: list[Record], suffix: str) -> Record:
    """Run the analysis itself; its report goes to the folder of the hour when it was due."""
    definition, output = record["_definition"], _output(record["_definition"])
    kind = "data-quality" if definition["type"] == "DataQuality" else "model-quality"
    environment = _environment(record)
    for file, uri in definitions.baseline_files(backend, definition).items():
        folder = f"/opt/ml/processing/baseline/{'stats' if file == 'statistics' else file}"
        inputs = [*inputs, _input({"statistics": "baseline"}.get(file, file), uri, folder)]
        environment[f"baseline_{file}"] = f"{folder}/{uri.rpartition('/')[2]}"
    scheduled: datetime = record["ScheduledTime"]
    report = (
        f"{output['S3Uri'].rstrip('/')}/{record['EndpointName']}/{record['MonitoringScheduleName']}"
    )
    app = {
        key: value
        for key, value in definition["app"].items()
        if key.startswith(("Image", "Container"))
    }
    output = output | {"S3Uri": f"{report}/{scheduled:%Y/%m/%d/%H}"}
    return _process(
        backend, record, f"{kind}-monitoring-{suffix}", app, environment, inputs, output
    )


def _environment(record: Record) -> dict[str, str]:
    """Return the variables of a run for the AWS container."""
    definition, (start, end) = record["_definition"], record["_window"]
    quality = definition["type"] == "ModelQuality"
    capture = {"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}
    if not quality:
        capture = {
            "sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}
        }
    found = {"publish_cloudwatch_metrics": "Enabled"} | definition["environment"]
    found |= {
        "dataset_format": json.dumps(capture, separators=(",", ":")),
        "dataset_source": definition["endpoint"]["LocalPath"],
        "output_path": _output(definition)["LocalPath"],
        "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "metric_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "sagemaker_endpoint_name": record["EndpointName"],
        "sagemaker_monitoring_schedule_name": record["MonitoringScheduleName"],
    }
    if quality:
        found |= {
            "analysis_type": "MODEL_QUALITY",
            "problem_type": definition["app"]["ProblemType"],
        }
        given = definition["endpoint"]
        found |= {
            name: str(given[member])
            for member, name in _ATTRIBUTES.items()
            if given.get(member) is not None
        }
    return found


def _process(
    backend: Backend,
    record: Record,
    name: str,
    app: Record,
    environment: dict[str, str],
    inputs: list[Record],
    output: Record,
) -> Record:
    """Run a processing job to its end; return its record."""
    definition = record["_definition"]
    seconds = definition["seconds"] or record["_limit"] or _DEFAULT_SECONDS
    request = {
        "ProcessingJobName": name,
        "AppSpecification": app,
        "Environment": environment,
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "result", "S3Output": output}]},
        "ProcessingResources": definition["resources"],
        "RoleArn": definition["role"],
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
    }
    arn = backend.create("ProcessingJob", request)["ProcessingJobArn"]
    backend.change(record, ProcessingJobArn=arn, MonitoringExecutionStatus="InProgress")
    job = backend.find("ProcessingJob", name)
    while job["ProcessingJobStatus"] in ("InProgress", "Stopping"):
        time.sleep(0.1)
    return job


def _ending(job: dict[str, Any] | None) -> Record:
    """Return an execution's last status from that of its job."""
    if job is None:
        return {"MonitoringExecutionStatus": "Failed", "FailureReason": NO_DATA}
    status = job["ProcessingJobStatus"]
    if status == "Completed" and (job.get("ExitMessage") or "").startswith(
        "CompletedWithViolations"
    ):
        status = "CompletedWithViolations"
    return {"MonitoringExecutionStatus": status, "FailureReason": job.get("FailureReason")}


def _output(definition: dict[str, Any]) -> Record:
    """Return a definition's only output."""
    return definition["output"]["MonitoringOutputs"][0]["S3Output"]
