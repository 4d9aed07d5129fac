"""The steps of every job: fetch its inputs, run its process, follow its log, pack its results."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from local_aws import services
from local_aws.containers import launcher
from local_aws.kept import state
from local_aws.sagemaker.jobs.runs import Run
from local_aws.sagemaker.models import Backend, Record
from local_aws.wire.errors import AwsError, validation_error

_GRACE_SECONDS = 5  # between SIGTERM and SIGKILL; SageMaker gives 120
_MAX_REASON = 1024

CUT_OFF = "InternalServerError: The offline AWS ended while the job ran. Please run it again."
HOSTS = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"}


@dataclass(frozen=True)
class Ending:
    """How a job's process ended: its exit code, and whether it was stopped or ran out of time."""

    code: int
    cause: str = ""


def fetch(uri: str, kind: str, folder: Path) -> None:
    """Download the objects of a channel's S3 URI into a folder.

    Args:
        uri: s3://bucket/prefix, or the manifest's own address if the kind is ManifestFile.
        kind: S3Prefix or ManifestFile.
        folder: made if needed.

    Raises:
        ValueError: there are no objects, or a key leads outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "ManifestFile":
        prefix, *names = json.loads(services.read_object(*services.split_uri(uri)))
        for name in names:
            bucket, key = services.split_uri(prefix["prefix"] + name)
            _save(bucket, key, folder, name)
        return
    bucket, prefix = services.split_uri(uri)
    keys = [key for key in services.list_objects(uri) if not key.endswith("/")]
    if not keys:
        raise ValueError(
            f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source'
        )
    for key in keys:
        base = (
            prefix.rstrip("/")
            if key.startswith(f"{prefix.rstrip('/')}/")
            else prefix.rpartition("/")[0]
        )
        _save(bucket, key, folder, key.removeprefix(base).lstrip("/"))


def _save(bucket: str, key: str, folder: Path, name: str) -> None:
    """Write one object into a folder, unless its name leads outside it."""
    if ".." in PurePosixPath(name).parts or "\0" in name:
        raise ValueError(f"ClientError: The S3 key {key!r} leads outside its folder")
    path = folder / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(services.read_object(bucket, key))


def check_source(uri: str) -> None:
    """Refuse an S3 URI without objects, as SageMaker does when a job is created."""
    try:
        found = services.list_objects(uri)
    except ValueError as error:
        raise validation_error(str(error).removeprefix("ClientError: ")) from None
    if not found:
        raise validation_error(
            f'No S3 objects found under S3 URL "{uri}" given in input data source.'
        )


def write_config(folder: Path, files: dict[str, Any]) -> None:
    """Write a container's JSON files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value))


def launch(
    run: Run, module: str, verb: str, environment: dict[str, str], arguments: Sequence[str] = ()
) -> launcher.Process:
    """Start a container process that has its own /opt/ml and can call the offline AWS."""
    client = state.read_json(state.root() / "env.json")
    return launcher.launch(
        module, verb, client | environment | {"OPT_ML": str(run.opt_ml)}, run.log, arguments
    )


def execute(
    run: Run, module: str, verb: str, environment: dict[str, str], seconds: float
) -> Ending:
    """Run a job's container process to its end, and ship its log meanwhile.

    Args:
        run: the job.
        module: of local_aws.containers.
        verb: train or run.
        environment: besides the client's variables and OPT_ML.
        seconds: the most time it may take.
    """
    deadline = time.monotonic() + seconds
    run.start_log()
    process = launch(run, module, verb, environment)
    cause = ""
    try:
        while process.poll() is None:
            run.stopping.wait(0.1)
            timed_out = time.monotonic() > deadline
            if run.stopping.is_set() or timed_out:
                cause = "stopped" if run.stopping.is_set() else "timeout"
                _end_gently(process)
                break
            run.ship_log()
        return Ending(process.wait(_GRACE_SECONDS), cause)
    finally:
        process.kill()
        run.ship_log(final=True)


def _end_gently(process: launcher.Process) -> None:
    """Ask a process to end, and kill it if it doesn't."""
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def queue(backend: Backend, record: Record, work: Callable[[Backend, Record, Run], None]) -> None:
    """Queue a job: `work` runs it from its download to its last status."""
    kind = record["_kind"]
    stream = f"{record[f'{kind}Name']}/algo-1-{int(time.time())}"
    run = backend.runs[record[f"{kind}Arn"]] = Run(
        backend.region_name, f"/aws/sagemaker/{kind}s", stream
    )
    backend.queue.submit(work, backend, record, run)


def end(backend: Backend, record: Record) -> None:
    """Refuse to delete a job that hasn't ended."""
    kind = record["_kind"]
    if record[f"{kind}Status"] in ("InProgress", "Stopping"):
        raise AwsError("ResourceInUse", f"{record[f'{kind}Arn']} has not ended: stop it first.")


def stop(runs: dict[str, Run], arn: str) -> None:
    """Ask a job's run to stop, unless it has just ended."""
    run = runs.get(arn)
    if run:
        run.stopping.set()


def clear(runs: dict[str, Run], arn: str, run: Run) -> None:
    """Forget a job's run and remove its files."""
    runs.pop(arn, None)
    shutil.rmtree(run.root, ignore_errors=True)


def internal_reason(error: Exception) -> str:
    """Return why a job failed outside its process."""
    return (
        str(error)
        if isinstance(error, ValueError)
        else f"InternalServerError: {type(error).__name__}: {error}"
    )


def failure_reason(run: Run, code: int) -> str:
    """Return why a process failed: its /opt/ml/output/failure, else its log's last line."""
    file = run.opt_ml / "output" / "failure"
    if file.is_file():
        text = file.read_text(errors="replace").strip()
    elif code < 0:
        text = f"The process was ended by signal {-code}"
    else:
        lines = run.log.read_text(errors="replace").strip().splitlines()
        text = lines[-1] if lines else ""
    ending = f", exit code: {code if code >= 0 else 128 - code}"
    text = text if text.startswith(("ClientError", "AlgorithmError")) else f"AlgorithmError: {text}"
    return text[: _MAX_REASON - len(ending)] + ending
