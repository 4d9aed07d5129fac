"""The models that serve: one process per production variant, and what it takes to call it."""

import io
import random
import shutil
import tarfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from helpers.local_aws import processes, services, state
from helpers.local_aws.capture import Capture
from helpers.local_aws.sagemaker import images, jobs
from helpers.local_aws.sagemaker.jobs import Run

_START_SECONDS = 60
_INVOKE_SECONDS = 60  # as on AWS
_MAX_UNPACKED = 4 << 30  # bytes; a small archive that unpacks to more than this is hostile


@dataclass
class Server:
    """A variant's model process: its private root and log, its process and the connections to it."""

    run: Run
    process: processes.Process
    pool: urllib3.HTTPConnectionPool
    capture: Capture | None

    def end(self) -> None:
        """End the process, after what it captured has reached S3."""
        processes.end(self.process)
        self.pool.close()
        if self.capture:
            self.capture.flush()
        self.run.ship_log(final=True)
        shutil.rmtree(self.run.root, ignore_errors=True)


@dataclass
class Deployment:
    """What an endpoint serves now: a server per variant, and the variants' weights."""

    servers: dict[str, Server]
    weights: dict[str, float] = field(default_factory=dict)

    def choose(self) -> str:
        """Choose a variant by weight."""
        names = list(self.weights)
        weights = list(self.weights.values())
        return names[0] if len(names) == 1 or not any(weights) else random.choices(names, weights)[0]

    def end(self) -> None:
        """End all its processes."""
        for server in self.servers.values():
            server.end()


def start_server(
    region: str, endpoint: str, variant: str, container: dict[str, Any], capture: Capture | None
) -> Server:
    """Start a model's process and wait until it answers.

    Args:
        region: of the endpoint.
        endpoint: its name.
        variant: its production variant's name.
        container: the model's PrimaryContainer.
        capture: where its requests are recorded, if they are.

    Raises:
        ValueError: the artifact can't be had, or the process ended or stayed silent; the message is the reason.
    """
    stream = f"{variant}/i-{uuid.uuid4().hex[:17]}"
    root = state.root() / "endpoints" / uuid.uuid4().hex
    run = Run(region, f"/aws/sagemaker/Endpoints/{endpoint}", stream, root)
    model = run.opt_ml / "model"
    model.mkdir(parents=True)
    run.log.touch()
    try:
        _fetch_model(container, model)
        image = images.find(container["Image"], "serve")
        ready = root / "ready"
        environment = container.get("Environment", {}) | {"OPT_ML": str(run.opt_ml)}
        arguments = ("--port", "0", "--ready-file", str(ready))
        process = processes.start(image.module, "serve", environment, run.log, arguments)
        try:
            port = _wait(run, process, ready, variant)
        except ValueError:
            processes.end(process)
            raise
    except ValueError:
        run.ship_log(final=True)
        shutil.rmtree(root, ignore_errors=True)
        raise
    pool = urllib3.HTTPConnectionPool(
        "127.0.0.1", port, maxsize=32, timeout=urllib3.Timeout(connect=5, read=_INVOKE_SECONDS), retries=False
    )
    return Server(run, process, pool, capture)


def _wait(run: Run, process: processes.Process, ready: Path, variant: str) -> int:
    """Return the port that a serving process wrote to its ready file."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if ready.exists():
            return int(ready.read_text())
        if process.poll() is not None:
            raise ValueError(
                f"The primary container for production variant {variant} did not pass the ping health check. Please "
                f"check CloudWatch logs for this endpoint. {jobs.failure_reason(run, process.poll())}"
            )
        time.sleep(0.02)
    raise ValueError(f"The primary container for production variant {variant} did not start in {_START_SECONDS} s.")


def _fetch_model(container: dict[str, Any], folder: Path) -> None:
    """Unpack a model's artifact; a model may have none."""
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    if not uri:
        return
    if source.get("S3DataType") == "S3Prefix" and source.get("CompressionType") == "None":
        jobs.fetch(uri, "S3Prefix", folder)
        return
    archive = services.read_object(*services.split_uri(uri))
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as packed:
            if sum(member.size for member in packed) > _MAX_UNPACKED:
                raise ValueError(f"it unpacks to more than {_MAX_UNPACKED >> 30} GiB")
            packed.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ValueError(f"ClientError: The model archive {uri} was refused: {error}") from None


class Janitor(threading.Thread):
    """Sends the logs and captured requests of the serving processes on, twice a second."""

    def __init__(self, deployments: dict[str, Deployment]):
        super().__init__(name="janitor", daemon=True)
        self._deployments = deployments

    def run(self) -> None:
        """Do so until the server ends."""
        while True:
            time.sleep(0.5)
            for deployment in list(self._deployments.values()):
                for server in list(deployment.servers.values()):
                    server.run.ship_log()
                    if server.capture:
                        server.capture.flush_if_due()
