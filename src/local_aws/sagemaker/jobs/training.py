"""Training jobs: channels come from S3, the image's process trains, the model goes to S3."""

import json
import re

from moto.core.utils import utcnow

from local_aws import services
from local_aws.containers.catalog import Image
from local_aws.sagemaker.jobs import archives, images, running
from local_aws.sagemaker.jobs.running import Ending
from local_aws.sagemaker.jobs.runs import Run
from local_aws.sagemaker.models import Backend, Record
from local_aws.wire.errors import validation_error

_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


def prepare(backend: Backend, record: Record) -> None:
    """Check that image and inputs exist, and complete the record."""
    algorithm = record["AlgorithmSpecification"]
    images.find(algorithm.get("TrainingImage"), "train")
    for channel in record.get("InputDataConfig", []):
        if "Pipe" in (channel.get("InputMode"), algorithm["TrainingInputMode"]):
            raise validation_error(
                "Input mode Pipe is not supported offline: use File or FastFile."
            )
        source = channel["DataSource"].get("S3DataSource")
        if not source or source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
            raise validation_error(
                "Offline, a channel's DataSource must be an S3DataSource: S3Prefix or ManifestFile."
            )
        running.check_source(source["S3Uri"])
    artifact = f"{_target(record)}/model.tar.gz"
    record |= {"TrainingJobStatus": "InProgress", "SecondaryStatusTransitions": []}
    # The URI that it will have: AWS returns it from the start
    record["ModelArtifacts"] = {"S3ModelArtifacts": artifact}
    _turn(backend, record, "Starting")


def begin(backend: Backend, record: Record) -> None:
    """Queue the job."""
    running.queue(backend, record, _work)


def stop(backend: Backend, request: Record) -> None:
    """Ask a job to stop; a job that has ended stays as it is."""
    with backend.lock:
        record = backend.find("TrainingJob", request["TrainingJobName"])
        if record["TrainingJobStatus"] == "InProgress":
            _turn(backend, record, "Stopping", TrainingJobStatus="Stopping")
            running.stop(backend.runs, record["TrainingJobArn"])


def resume(backend: Backend, record: Record) -> None:
    """Write the end of a job that was cut off when the server ended; it isn't trained again."""
    if record["TrainingJobStatus"] in ("InProgress", "Stopping"):
        _finish(backend, record, "Failed", "Failed", FailureReason=running.CUT_OFF)


def _turn(backend: Backend, record: Record, secondary: str, **members: object) -> None:
    """Move a job to its next secondary status, and set other members with it."""
    with backend.lock:
        backend.change(record, **_step(record, secondary), **members)


def _step(record: Record, secondary: str) -> Record:
    """Return the members of a record that its next secondary status changes."""
    now = utcnow()
    past = record["SecondaryStatusTransitions"]
    past = [*past[:-1], past[-1] | {"EndTime": now}] if past else []
    step = {"Status": secondary, "StartTime": now, "StatusMessage": _MESSAGES[secondary]}
    return {"SecondaryStatusTransitions": [*past, step], "SecondaryStatus": secondary}


def _work(backend: Backend, record: Record, run: Run) -> None:
    """Run one job from its download until its last status."""
    try:
        primary, secondary, members = _run(backend, record, run)
    except Exception as error:  # whatever the error, the job must not hang as InProgress
        primary, secondary, members = (
            "Failed",
            "Failed",
            {"FailureReason": running.internal_reason(error)},
        )
    running.clear(backend.runs, record["TrainingJobArn"], run)
    _finish(backend, record, primary, secondary, **members)


def _run(backend: Backend, record: Record, run: Run) -> tuple[str, str, Record]:
    """Download, train, upload; return the last status, last secondary status and other members."""
    image = images.find(record["AlgorithmSpecification"]["TrainingImage"], "train")
    ending = Ending(0, "stopped") if run.stopping.is_set() else _train(backend, record, run, image)
    if ending.code != 0 and not ending.cause:
        return "Failed", "Failed", {"FailureReason": running.failure_reason(run, ending.code)}
    _upload(backend, record, run)
    secondary = {"": "Completed", "stopped": "Stopped", "timeout": "MaxRuntimeExceeded"}[
        ending.cause
    ]
    metrics = {"FinalMetricDataList": _final_metrics(record, run, image)}
    return "Stopped" if ending.cause else "Completed", secondary, metrics


def _train(backend: Backend, record: Record, run: Run, image: Image) -> Ending:
    """Lay out /opt/ml and run the image's process."""
    _turn(backend, record, "Downloading", TrainingStartTime=utcnow())
    for folder in ("model", "output/data", "input/data"):
        (run.opt_ml / folder).mkdir(parents=True, exist_ok=True)
    running.write_config(run.opt_ml / "input" / "config", _config(record))
    for channel in record.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        folder = run.opt_ml / "input" / "data" / channel["ChannelName"]
        running.fetch(source["S3Uri"], source["S3DataType"], folder)
    _turn(backend, record, "Training")
    environment = record.get("Environment", {}) | {
        "TRAINING_JOB_NAME": record["TrainingJobName"],
        "TRAINING_JOB_ARN": record["TrainingJobArn"],
    }
    algorithm = record["AlgorithmSpecification"]
    if "ContainerEntrypoint" in algorithm:
        command = algorithm["ContainerEntrypoint"] + algorithm.get("ContainerArguments", [])
        environment["CONTAINER_COMMAND"] = json.dumps(command)
    seconds = record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
    return running.execute(run, image.module, "train", environment, seconds)


def _config(record: Record) -> dict[str, object]:
    """Return the files of /opt/ml/input/config; one host does all, for any instance count."""
    instance = record.get("ResourceConfig", {}).get("InstanceType", "ml.m5.large")
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": "File",
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
        for channel in record.get("InputDataConfig", [])
    }
    return {
        "hyperparameters.json": record.get("HyperParameters", {}),
        "inputdataconfig.json": channels,
        "resourceconfig.json": running.HOSTS
        | {
            "current_instance_type": instance,
            "current_group_name": "homogeneousCluster",
            "instance_groups": [
                {
                    "instance_group_name": "homogeneousCluster",
                    "instance_type": instance,
                    "hosts": ["algo-1"],
                }
            ],
        },
    }


def _upload(backend: Backend, record: Record, run: Run) -> None:
    """Upload /opt/ml/model, and /opt/ml/output/data if it holds anything."""
    _turn(backend, record, "Uploading")
    model, data = run.opt_ml / "model", run.opt_ml / "output" / "data"
    if model.is_dir():  # it doesn't exist if the job was stopped while it waited
        services.write_object(record["ModelArtifacts"]["S3ModelArtifacts"], archives.pack(model))
    if data.is_dir() and any(data.iterdir()):
        services.write_object(f"{_target(record)}/output.tar.gz", archives.pack(data))


def _target(record: Record) -> str:
    """Return the S3 URI of a job's results."""
    folder = record["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{folder}/{record['TrainingJobName']}/output"


def _final_metrics(record: Record, run: Run, image: Image) -> list[Record]:
    """Read the metrics' last values from the log, by the job's own definitions or the image's."""
    own = record["AlgorithmSpecification"].get("MetricDefinitions")
    definitions = [(item["Name"], item["Regex"]) for item in own] if own else image.metrics
    log = run.log.read_text(errors="replace") if run.log.exists() else ""
    found = []
    for name, regex in definitions:
        values = [match.group(1) for match in re.finditer(regex, log)]
        try:
            found.append({"MetricName": name, "Value": float(values[-1]), "Timestamp": utcnow()})
        except (IndexError, ValueError):
            continue  # the log has no such metric, or no number where the regex found it
    return found


def _finish(
    backend: Backend, record: Record, primary: str, secondary: str, **members: object
) -> None:
    """Write the end of a job."""
    with backend.lock:
        step = _step(record, secondary)
        last = step["SecondaryStatusTransitions"][-1]
        end = last["EndTime"] = last["StartTime"]
        seconds = max(1, round((end - record.get("TrainingStartTime", end)).total_seconds()))
        times = {
            "TrainingEndTime": end,
            "TrainingTimeInSeconds": seconds,
            "BillableTimeInSeconds": seconds,
        }
        backend.note(record, TrainingJobStatus=primary, **step, **times, **members)
