"""The serving models: one process per variant, started from a plan that outlives the server."""

import logging
import random
import secrets
import shutil
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from moto.sagemaker.models import sagemaker_backends

from local_aws.containers.base import serving
from local_aws.containers.launcher import Process
from local_aws.kept import state
from local_aws.sagemaker.jobs import archives, images, running
from local_aws.sagemaker.jobs.runs import Run
from local_aws.sagemaker.serving.capture import Capture
from local_aws.sagemaker.serving.meter import Meter

_START_SECONDS = 60
_INVOKE_SECONDS = 60  # as on AWS
_RESTART_SECONDS = 5  # between two attempts to restart a model that ended
_log = logging.getLogger(__name__)


class Server:
    """A variant's model process: its root and log, its connections, its capture and meter."""

    def __init__(
        self, region: str, endpoint: str, variant: dict[str, Any], capture: dict[str, Any] | None
    ):
        self.variant: str = variant["name"]
        self.container: dict[str, Any] = variant["container"]
        stream = f"{self.variant}/i-{uuid.uuid4().hex[:17]}"
        self.run = Run(
            region, f"/aws/sagemaker/Endpoints/{endpoint}", stream, root_of(variant["root"])
        )
        self.capture = Capture(capture, endpoint, self.variant) if capture else None
        self.meter = Meter(region, endpoint, self.variant)
        self.token = secrets.token_urlsafe(16)
        self.process: Process | None = None
        self.pool: urllib3.HTTPConnectionPool | None = None
        self.ended = False
        self._launched = 0.0

    def launch(self) -> None:
        """Start the process and wait until it responds.

        Raises:
            ValueError: the artifact isn't available, or the process ended or didn't respond; the
                message is the reason.
        """
        self._launched = time.monotonic()
        archives.fetch_model(self.container, self.run.opt_ml / "model")
        ready = self.run.root / "ready"
        for stale in (ready, self.run.log, self.run.opt_ml / "output" / "failure"):
            stale.unlink(missing_ok=True)
        self.run.start_log()
        module = images.find(self.container["Image"], "serve").module
        arguments = ("--port", "0", "--ready-file", str(ready))
        environment = self.container.get("Environment", {}) | {serving.TOKEN: self.token}
        self.process = running.launch(self.run, module, "serve", environment, arguments)
        port = self._wait(
            ready
        )  # this ends the process if it can't serve, or isn't needed any more
        timeout = urllib3.Timeout(connect=5, read=_INVOKE_SECONDS)
        self.pool = urllib3.HTTPConnectionPool(
            "127.0.0.1", port, maxsize=32, timeout=timeout, retries=False
        )

    def end(self) -> None:
        """End the process, after writing its captured records to S3, and remove its files."""
        self.ended = True
        if self.process:
            self.process.kill()
        if self.pool:
            self.pool.close()
        if self.capture:
            self.capture.flush()
        self.run.ship_log(final=True)
        shutil.rmtree(self.run.root, ignore_errors=True)

    def look_after(self) -> None:
        """Ship its logs, captures and counts; restart it if it ended by itself."""
        self.run.ship_log()
        self.meter.send_if_due()
        if self.capture:
            self.capture.flush_if_due()
        crashed = self.pool and self.process.poll() is not None and not self.ended
        if crashed and time.monotonic() - self._launched > _RESTART_SECONDS:
            self._launched = time.monotonic()
            threading.Thread(target=self._restart, daemon=True).start()

    def _restart(self) -> None:
        """Start the process again."""
        try:
            self.launch()
        except (ValueError, OSError) as error:
            _log.error("%s could not be restarted: %s", self.variant, error)
        if self.ended:  # meanwhile: the files of the new process go as well
            self.process.kill()
            shutil.rmtree(self.run.root, ignore_errors=True)

    def _wait(self, ready: Path) -> int:
        """Return the port that the process writes to its ready file."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.ended:
                self.process.kill()
                raise ValueError(f"Production variant {self.variant} was deleted before it served.")
            if ready.exists():
                return int(ready.read_text())
            code = self.process.poll()
            if code is not None:
                reason = running.failure_reason(self.run, code)
                raise ValueError(
                    f"The primary container for production variant {self.variant} did not pass "
                    "the ping health check. Please check CloudWatch logs for this endpoint. "
                    f"{reason}"
                )
            time.sleep(0.01)
        self.process.kill()
        raise ValueError(
            f"The container for production variant {self.variant} "
            f"did not answer in {_START_SECONDS} s."
        )


@dataclass
class Deployment:
    """The servers of an endpoint: one per production variant with its weight, and the shadows.

    `ready` is set once all of them respond, or can't.
    """

    servers: dict[str, Server]
    weights: dict[str, float]
    shadows: list[tuple[Server, float]]
    ready: threading.Event = field(default_factory=threading.Event)

    def all(self) -> list[Server]:
        """Return every server."""
        return [*self.servers.values(), *(server for server, _ in self.shadows)]

    def choose(self) -> str:
        """Choose a production variant by weight."""
        names, weights = list(self.weights), list(self.weights.values())
        return (
            names[0] if len(names) == 1 or not any(weights) else random.choices(names, weights)[0]
        )

    def launch(self) -> None:
        """Start every server at once; if one fails, end all and raise its ValueError."""
        servers = self.all()
        with ThreadPoolExecutor(len(servers)) as pool:
            failures = [
                future.exception() for future in [pool.submit(server.launch) for server in servers]
            ]
        failure = next((failure for failure in failures if failure), None)
        if failure:
            self.end()
            raise failure
        self.ready.set()

    def end(self) -> None:
        """End every server."""
        for server in self.all():
            server.end()


def deployment(region: str, endpoint: str, plan: dict[str, Any]) -> Deployment:
    """Make the deployment of a plan, without starting it.

    Args:
        region: of the endpoint.
        endpoint: its name.
        plan: `variants` and `shadows`, each a list of name, container, weight and root, and the
            `capture` config.
    """
    servers = {
        item["name"]: Server(region, endpoint, item, plan["capture"]) for item in plan["variants"]
    }
    shadows = [
        (Server(region, endpoint, item, plan["capture"]), item["weight"])
        for item in plan["shadows"]
    ]
    return Deployment(servers, {item["name"]: item["weight"] for item in plan["variants"]}, shadows)


def root_of(name: str) -> Path:
    """Return the directory of a variant's files."""
    return state.root() / "endpoints" / name


def remove_strays(plans: list[dict[str, Any]]) -> None:
    """Remove the directories that are in no endpoint's plan: a crash left them."""
    named = {item["root"] for plan in plans for item in plan["variants"] + plan["shadows"]}
    for folder in (state.root() / "endpoints").glob("*"):
        if folder.name not in named:
            shutil.rmtree(folder, ignore_errors=True)


class Janitor(threading.Thread):
    """Looks twice a second after all regions' servers, and after writes that a full disk delays."""

    def __init__(self) -> None:
        super().__init__(name="janitor", daemon=True)

    def run(self) -> None:
        """Look after them until the server ends."""
        while True:
            time.sleep(0.5)
            for backend in list(sagemaker_backends[state.ACCOUNT].values()):
                try:
                    backend.catch_up()
                    for one in list(backend.deployments.values()):
                        _look_after(one)
                except Exception:  # such as a backend that is being reset
                    _log.exception("The janitor failed in %s", backend.region_name)


def _look_after(deployment: Deployment) -> None:
    """Look after the servers of a deployment, once they are ready."""
    for server in deployment.all() if deployment.ready.is_set() else ():
        try:
            server.look_after()
        except Exception:
            _log.exception("Looking after %s failed", server.run.log_group)
