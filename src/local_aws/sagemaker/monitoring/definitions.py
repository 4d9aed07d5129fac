"""The work of a monitoring job: job definitions, also those inside a schedule."""

from typing import Any

from local_aws.sagemaker.jobs import images
from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.monitoring.windows import offset
from local_aws.wire.errors import validation_error

_SCRIPTS = ("RecordPreprocessorSourceUri", "PostAnalyticsProcessorSourceUri")


def prepare(backend: Backend, record: Record) -> None:
    """Check a new job definition and complete its record."""
    found = of_record(record)
    check(backend, found)
    record["EndpointName"] = found["endpoint"]["EndpointName"]
    record["MonitoringJobDefinitionName"] = record["JobDefinitionName"]
    record["JobDefinitionArn"] = record["MonitoringJobDefinitionArn"] = record[
        f"{record['_kind']}Arn"
    ]


def end(backend: Backend, record: Record) -> None:
    """Refuse to delete a definition that a schedule runs."""
    for schedule in backend.records["MonitoringSchedule"].values():
        if schedule.get("MonitoringJobDefinitionName") == record["JobDefinitionName"]:
            name = schedule["MonitoringScheduleName"]
            raise validation_error(
                f"Job definition {record['JobDefinitionName']} is in use by schedule {name}."
            )


def find(backend: Backend, config: Record) -> dict[str, Any]:
    """Return the definition that a MonitoringScheduleConfig names or holds, in one form.

    Returns:
        `type` (DataQuality or ModelQuality), `app` (its specification), `environment`, `baseline`,
        `endpoint` (its input), `truth` (S3 URI of labels, or None), `output`, `resources`, `role`
        and `seconds` (of its stopping condition, or None).

    Raises:
        AwsError: ResourceNotFound, or ValidationException for a kind of monitoring that isn't
            supported offline.
    """
    name, inline = config.get("MonitoringJobDefinitionName"), config.get("MonitoringJobDefinition")
    if bool(name) == bool(inline):
        raise validation_error(
            "Give either MonitoringJobDefinitionName or MonitoringJobDefinition."
        )
    kind = config.get("MonitoringType", "DataQuality")
    if kind not in ("DataQuality", "ModelQuality"):
        raise validation_error(
            f"MonitoringType {kind} is not supported offline: use DataQuality or ModelQuality."
        )
    return of_record(backend.find(f"{kind}JobDefinition", name)) if name else _of_inline(inline)


def of_record(record: Record) -> dict[str, Any]:
    """Return a job definition in one form, see find."""
    kind = record["_kind"].removesuffix("JobDefinition")
    app, source = record[f"{kind}AppSpecification"], record[f"{kind}JobInput"]
    return {
        "type": kind,
        "app": app,
        "environment": app.get("Environment", {}),
        "baseline": record.get(f"{kind}BaselineConfig", {}),
        "endpoint": source.get("EndpointInput"),
        "truth": source.get("GroundTruthS3Input", {}).get("S3Uri"),
        "output": record[f"{kind}JobOutputConfig"],
        **_common(record, record["JobResources"]),
    }


def _of_inline(definition: Record) -> dict[str, Any]:
    """Return the definition inside a schedule in one form, see find.

    It is of data quality, or of the user's image.
    """
    return {
        "type": "DataQuality",
        "app": definition["MonitoringAppSpecification"],
        "environment": definition.get("Environment", {}),
        "baseline": definition.get("BaselineConfig", {}),
        "endpoint": definition["MonitoringInputs"][0].get("EndpointInput"),
        "truth": None,
        "output": definition["MonitoringOutputConfig"],
        **_common(definition, definition["MonitoringResources"]),
    }


def _common(record: Record, resources: Record) -> dict[str, Any]:
    """Return the parts that all kinds of definitions share."""
    return {
        "resources": resources,
        "role": record["RoleArn"],
        "seconds": record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
    }


def check(backend: Backend, found: dict[str, Any]) -> None:
    """Refuse a definition that can't run; raises ValidationException."""
    images.find(found["app"]["ImageUri"], "run")
    for script in _SCRIPTS:
        if found["app"].get(script):
            raise validation_error(f"{script} is not supported offline.")
    if found["endpoint"] is None:
        raise validation_error(
            "Offline, a monitoring job needs an EndpointInput: batch transform is not supported."
        )
    if found["type"] == "ModelQuality" and not found["app"].get("ProblemType"):
        raise validation_error(
            "A model quality job needs ProblemType in its ModelQualityAppSpecification."
        )
    for member in ("StartTimeOffset", "EndTimeOffset"):
        if found["endpoint"].get(member):
            offset(found["endpoint"][member])
    name = found["endpoint"]["EndpointName"]
    if not (backend.find("Endpoint", name).get("DataCaptureConfig") or {}).get("EnableCapture"):
        raise validation_error(f'Data capture is not enabled for endpoint "{name}".')
    baseline_files(backend, found)


def baseline_files(backend: Backend, found: dict[str, Any]) -> dict[str, str]:
    """Return the S3 URIs of a definition's `constraints` and `statistics`, if it has them.

    Raises:
        AwsError: the baselining job that it names doesn't exist.
    """
    config, job_name = found["baseline"], found["baseline"].get("BaseliningJobName")
    kinds = ("constraints", "statistics") if found["type"] == "DataQuality" else ("constraints",)
    uris = {}
    if job_name:
        job = backend.find("ProcessingJob", job_name)
        folder = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].rstrip("/")
        uris = {kind: f"{folder}/{kind}.json" for kind in kinds}
    given = {kind: config.get(f"{kind.capitalize()}Resource", {}).get("S3Uri") for kind in kinds}
    return uris | {kind: uri for kind, uri in given.items() if uri}
