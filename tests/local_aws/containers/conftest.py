import http.client
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from local_aws.containers.launcher import Process, launch
from tests.local_aws.containers.modules import MODULES


@dataclass
class Answer:
    status: int
    type: str
    text: str


@dataclass
class Job:
    """A container's private root, with the /opt/ml of one job in it."""

    root: Path

    @property
    def opt_ml(self) -> Path:
        return self.root / "opt" / "ml"

    @property
    def log(self) -> str:
        path = self.root / "log"
        return path.read_text() if path.exists() else ""

    @property
    def failure(self) -> str:
        path = self.opt_ml / "output" / "failure"
        return path.read_text() if path.exists() else ""

    def prepare(
        self,
        hyperparameters: dict,
        content_type: str | None = "text/csv",
        **channels: str | dict[str, str],
    ):
        """Lay out a training job: each channel is a file's text, or texts by file name."""
        for folder in ("input/config", "model", "output"):
            (self.opt_ml / folder).mkdir(parents=True, exist_ok=True)
        config = {"TrainingInputMode": "File"} | (
            {"ContentType": content_type} if content_type else {}
        )
        self._write(
            "hyperparameters", {name: str(value) for name, value in hyperparameters.items()}
        )
        self._write("inputdataconfig", {name: config for name in channels})
        self._write("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1"]})
        for name, files in channels.items():
            folder = self.opt_ml / "input" / "data" / name
            folder.mkdir(parents=True)
            for file, text in ({"data.csv": files} if isinstance(files, str) else files).items():
                (folder / file).write_text(text)
        return self

    @staticmethod
    def is_running(pid: int) -> bool:
        """Say whether a process runs; one that has ended but hasn't been waited for doesn't."""
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    @staticmethod
    def csv(*columns: np.ndarray) -> str:
        """Write columns, or tables of them, side by side as headerless CSV."""
        rows = np.column_stack(columns).tolist()
        return "".join(",".join(map(repr, row)) + "\n" for row in rows)

    def _write(self, name: str, value: dict) -> None:
        (self.opt_ml / "input" / "config" / f"{name}.json").write_text(json.dumps(value))

    def train(self, module: str, **environment: str) -> int:
        return self.start(module, "train", **environment).wait(60)

    def start(self, module: str, verb: str, *arguments: str, **environment: str) -> Process:
        return launch(
            MODULES[module],
            verb,
            {"OPT_ML": str(self.opt_ml)} | environment,
            self.root / "log",
            arguments,
        )

    @contextmanager
    def serve(self, module: str, **environment: str):
        """Yield a function that posts to /invocations over one kept-alive connection."""
        ready = self.root / "ready"
        ready.unlink(missing_ok=True)
        process = self.start(
            module, "serve", "--port", "0", "--ready-file", str(ready), **environment
        )
        try:
            deadline = time.monotonic() + 60
            while not ready.exists():
                assert process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.01)
            connection = http.client.HTTPConnection("127.0.0.1", int(ready.read_text()), timeout=30)

            def invoke(
                body, content_type="text/csv", accept=None, path="/invocations", method="POST"
            ) -> Answer:
                headers = {"Content-Type": content_type, "Accept": accept}
                connection.request(
                    method, path, body, {name: value for name, value in headers.items() if value}
                )
                response = connection.getresponse()
                return Answer(
                    response.status, response.headers["Content-Type"], response.read().decode()
                )

            invoke.port, invoke.pid = connection.port, process.pid
            yield invoke
        finally:
            process.kill()
            process.wait(10)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture(scope="session")
def new_job(tmp_path_factory):
    """Make another job, or one that a whole module shares."""
    return lambda: Job(tmp_path_factory.mktemp("job"))


@pytest.fixture(scope="session")
def cancer():
    """The walkthrough's split of the breast-cancer data: x_train, x_test, y_train, y_test.

    Malignant is 1.
    """
    features, benign = load_breast_cancer(return_X_y=True)
    return train_test_split(features, 1 - benign, test_size=0.2, random_state=42)
