"""Training jobs: the channels come from S3, the image's process trains, the model goes back to S3."""

import re
import shutil
import time
from typing import TYPE_CHECKING

from moto.core.utils import utcnow

from helpers.local_aws import services
from helpers.local_aws.containers.catalog import Image
from helpers.local_aws.errors import validation_error
from helpers.local_aws.sagemaker import archives, images, jobs
from helpers.local_aws.sagemaker.jobs import Ending, Run
from helpers.local_aws.sagemaker.resources import Record

if TYPE_CHECKING:
    from helpers.local_aws.sagemaker.models import Backend

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


def prepare(backend: "Backend", record: Record) -> None:
    """Check that image and inputs exist, and complete the record."""
    algorithm = record["AlgorithmSpecification"]
    images.find(algorithm.get("TrainingImage"), "train")
    for channel in record.get("InputDataConfig", []):
        if "Pipe" in (channel.get("InputMode"), algorithm["TrainingInputMode"]):
            raise validation_error("Input mode Pipe is not supported offline: use File or FastFile.")
        source = channel["DataSource"].get("S3DataSource")
        if not source or source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
            raise validation_error("Offline, a channel's DataSource must be an S3DataSource: S3Prefix or ManifestFile.")
        try:
            found = services.list_objects(source["S3Uri"])
        except ValueError as error:
            raise validation_error(str(error).removeprefix("ClientError: ")) from None
        if not found:
            raise validation_error(f'No S3 objects found under S3 URL "{source["S3Uri"]}" given in input data source.')
    record |= {"TrainingJobStatus": "InProgress", "SecondaryStatusTransitions": []}
    _turn(backend, record, "Starting")


def begin(backend: "Backend", record: Record) -> None:
    """Queue the job."""
    name = record["TrainingJobName"]
    stream = f"{name}/algo-1-{int(time.time())}"
    run = Run(backend.region_name, "/aws/sagemaker/TrainingJobs", stream)
    backend.runs[record["TrainingJobArn"]] = run
    backend.queue.submit(_work, backend, record, run)


def stop(backend: "Backend", request: Record) -> None:
    """Ask a job to stop; one that has ended stays as it ended."""
    with backend.lock:
        record = backend.find("TrainingJob", request["TrainingJobName"])
        if record["TrainingJobStatus"] == "InProgress":
            _turn(backend, record, "Stopping", TrainingJobStatus="Stopping")
            backend.runs[record["TrainingJobArn"]].stopping.set()


def resume(backend: "Backend", record: Record) -> None:
    """Write the end of a job that the server's own end cut off: nothing trains twice."""
    if record["TrainingJobStatus"] in ("InProgress", "Stopping"):
        reason = "InternalServerError: The offline AWS ended while the job ran. Please run it again."
        _finish(backend, record, "Failed", "Failed", FailureReason=reason)


def _turn(backend: "Backend", record: Record, secondary: str, **members: object) -> None:
    """Move a job to its next secondary status, and set other members with it."""
    with backend.lock:
        now = utcnow()
        past = record["SecondaryStatusTransitions"]
        past = [*past[:-1], past[-1] | {"EndTime": now}] if past else []
        step = {"Status": secondary, "StartTime": now, "StatusMessage": _MESSAGES[secondary]}
        backend.change(record, SecondaryStatusTransitions=[*past, step], SecondaryStatus=secondary, **members)


def _work(backend: "Backend", record: Record, run: Run) -> None:
    """Run one job from its download to its last status."""
    image = images.find(record["AlgorithmSpecification"]["TrainingImage"], "train")
    try:
        ending = Ending(0, "stopped") if run.stopping.is_set() else _train(backend, record, run, image)
        if ending.code != 0 and not ending.cause:
            _finish(backend, record, "Failed", "Failed", FailureReason=jobs.failure_reason(run, ending.code))
            return
        _upload(backend, record, run)
        secondary = {"": "Completed", "stopped": "Stopped", "timeout": "MaxRuntimeExceeded"}[ending.cause]
        metrics = _final_metrics(record, run, image)
        _finish(backend, record, "Stopped" if ending.cause else "Completed", secondary, FinalMetricDataList=metrics)
    except Exception as error:  # whatever it was, the job must not hang as InProgress
        reason = str(error) if isinstance(error, ValueError) else f"InternalServerError: {error!r}"
        _finish(backend, record, "Failed", "Failed", FailureReason=reason)
    finally:
        backend.runs.pop(record["TrainingJobArn"], None)
        shutil.rmtree(run.root, ignore_errors=True)


def _train(backend: "Backend", record: Record, run: Run, image: Image) -> Ending:
    """Lay out /opt/ml and run the image's process."""
    _turn(backend, record, "Downloading", TrainingStartTime=utcnow())
    jobs.write_config(run, _config(record))
    for channel in record.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        folder = run.opt_ml / "input" / "data" / channel["ChannelName"]
        jobs.fetch(source["S3Uri"], source["S3DataType"], folder)
    _turn(backend, record, "Training")
    environment = record.get("Environment", {}) | {
        "TRAINING_JOB_NAME": record["TrainingJobName"],
        "TRAINING_JOB_ARN": record["TrainingJobArn"],
    }
    seconds = record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
    return jobs.execute(run, image.module, "train", environment, seconds)


def _config(record: Record) -> dict[str, object]:
    """Return the files of /opt/ml/input/config. Whatever the instance count, one host does all the work."""
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
        "resourceconfig.json": {
            "current_host": "algo-1",
            "current_instance_type": instance,
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "instance_groups": [
                {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": ["algo-1"]}
            ],
            "network_interface_name": "lo",
        },
    }


def _upload(backend: "Backend", record: Record, run: Run) -> None:
    """Pack /opt/ml/model, and /opt/ml/output/data if it holds anything, and put them where the job says."""
    _turn(backend, record, "Uploading")
    target = f"{record['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{record['TrainingJobName']}/output"
    model, data = run.opt_ml / "model", run.opt_ml / "output" / "data"
    if model.is_dir() and any(model.iterdir()):
        services.write_object(f"{target}/model.tar.gz", archives.pack(model))
        backend.change(record, ModelArtifacts={"S3ModelArtifacts": f"{target}/model.tar.gz"})
    if data.is_dir() and any(data.iterdir()):
        services.write_object(f"{target}/output.tar.gz", archives.pack(data))


def _final_metrics(record: Record, run: Run, image: Image) -> list[Record]:
    """Read each metric's last value from the log, by the job's own definitions or else the image's."""
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


def _finish(backend: "Backend", record: Record, primary: str, secondary: str, **members: object) -> None:
    """Write a job's end."""
    with backend.lock:
        _turn(backend, record, secondary)
        last = record["SecondaryStatusTransitions"][-1]
        end = last["EndTime"] = last["StartTime"]
        seconds = max(1, round((end - record.get("TrainingStartTime", end)).total_seconds()))
        times = {"TrainingEndTime": end, "TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        backend.change(record, TrainingJobStatus=primary, **times, **members)
