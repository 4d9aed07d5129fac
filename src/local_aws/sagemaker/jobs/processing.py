"""Processing jobs: inputs come from S3, the script runs, outputs go to S3."""

from pathlib import Path, PurePosixPath

from moto.core.utils import utcnow

from local_aws import services
from local_aws.sagemaker.jobs import images, running
from local_aws.sagemaker.jobs.running import Ending
from local_aws.sagemaker.jobs.runs import Run
from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.monitoring import metrics
from local_aws.wire.errors import validation_error
from model_monitoring.analysis.wording import counted

_MAX_MESSAGE = 1024


def prepare(backend: Backend, record: Record) -> None:
    """Check that image and inputs exist, and complete the record."""
    images.find(record["AppSpecification"]["ImageUri"], "run")
    for item in record.get("ProcessingInputs", []):
        source = item.get("S3Input")
        if not source or not source.get("LocalPath"):
            raise validation_error(
                f"Offline, processing input {item['InputName']!r} needs an S3Input with LocalPath."
            )
        _inside(source["LocalPath"])
        running.check_source(source["S3Uri"])
    for item in _outputs(record):
        if "S3Output" not in item or not item["S3Output"].get("LocalPath"):
            raise validation_error(
                f"Offline, processing output {item['OutputName']!r} needs an S3Output."
            )
        _inside(item["S3Output"]["LocalPath"])
    record["ProcessingJobStatus"] = "InProgress"


def begin(backend: Backend, record: Record) -> None:
    """Queue the job."""
    running.queue(backend, record, _work)


def stop(backend: Backend, request: Record) -> None:
    """Ask a job to stop; a job that has ended stays as it is."""
    with backend.lock:
        record = backend.find("ProcessingJob", request["ProcessingJobName"])
        if record["ProcessingJobStatus"] == "InProgress":
            backend.change(record, ProcessingJobStatus="Stopping")
            running.stop(backend.runs, record["ProcessingJobArn"])


def resume(backend: Backend, record: Record) -> None:
    """Write the end of a job that was cut off when the server ended."""
    if record["ProcessingJobStatus"] in ("InProgress", "Stopping"):
        backend.note(
            record,
            ProcessingJobStatus="Failed",
            ProcessingEndTime=utcnow(),
            FailureReason=running.CUT_OFF,
        )


def _work(backend: Backend, record: Record, run: Run) -> None:
    """Run one job until its last status."""
    try:
        members = _run(backend, record, run)
    except Exception as error:  # whatever the error, the job must not hang as InProgress
        members = {"ProcessingJobStatus": "Failed", "FailureReason": running.internal_reason(error)}
    running.clear(backend.runs, record["ProcessingJobArn"], run)
    backend.note(record, ProcessingEndTime=utcnow(), **members)


def _run(backend: Backend, record: Record, run: Run) -> Record:
    """Download, run the script and upload; return the last status and further members to set."""
    ending = Ending(0, "stopped") if run.stopping.is_set() else _process(backend, record, run)
    told = {"ExitMessage": _exit_message(run)}
    if ending.cause == "timeout":
        limit = record["StoppingCondition"]["MaxRuntimeInSeconds"]
        return told | {
            "ProcessingJobStatus": "Stopped",
            "FailureReason": f"The job ran longer than {counted(limit, 'second')}.",
        }
    if ending.code != 0 and not ending.cause:
        return told | {
            "ProcessingJobStatus": "Failed",
            "FailureReason": running.failure_reason(run, ending.code),
        }
    for item in _outputs(record):
        services.upload_folder(
            run.opt_ml / _inside(item["S3Output"]["LocalPath"]), item["S3Output"]["S3Uri"]
        )
    metrics.publish(run, record.get("Environment", {}))
    return told | {"ProcessingJobStatus": "Stopped" if ending.cause else "Completed"}


def _process(backend: Backend, record: Record, run: Run) -> Ending:
    """Lay out /opt/ml and run the image's process."""
    backend.change(record, ProcessingStartTime=utcnow())
    for item in record.get("ProcessingInputs", []):
        source = item["S3Input"]
        running.fetch(
            source["S3Uri"], source["S3DataType"], run.opt_ml / _inside(source["LocalPath"])
        )
    for item in _outputs(record):
        (run.opt_ml / _inside(item["S3Output"]["LocalPath"])).mkdir(parents=True, exist_ok=True)
    shown = {
        key: value
        for key, value in record.items()
        if not key.endswith("Time") and not key.startswith("_")
    }
    running.write_config(
        run.opt_ml / "config",
        {"processingjobconfig.json": shown, "resourceconfig.json": running.HOSTS},
    )
    (run.opt_ml / "output").mkdir(exist_ok=True)
    seconds = record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
    image = images.find(record["AppSpecification"]["ImageUri"], "run")
    return running.execute(run, image.processor, "run", record.get("Environment", {}), seconds)


def _outputs(record: Record) -> list[Record]:
    """Return the job's outputs."""
    return record.get("ProcessingOutputConfig", {}).get("Outputs", [])


def _inside(path: str) -> PurePosixPath:
    """Return a container's path relative to /opt/ml; raises ValidationException."""
    below = PurePosixPath(path)
    if not below.is_relative_to("/opt/ml") or ".." in below.parts:
        raise validation_error(f"Offline, LocalPath {path!r} must lie below /opt/ml/processing.")
    return below.relative_to("/opt/ml")


def _exit_message(run: Run) -> str | None:
    """Read the container's message in /opt/ml/output/message."""
    message: Path = run.opt_ml / "output" / "message"
    return message.read_text(errors="replace")[:_MAX_MESSAGE] if message.is_file() else None
