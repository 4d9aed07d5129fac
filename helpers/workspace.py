"""Where notebooks run: `open()` gives them the SageMaker session, role, bucket and database.

Offline, the default, starts the offline AWS and an embedded PostgreSQL if they aren't running. The
AWS target (`TUTORIAL_TARGET=aws`, or inside SageMaker Studio) uses the account's own services.
From a shell: `python -m helpers.workspace stop`.
"""

import builtins
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pandas as pd
from tqdm.auto import tqdm

from helpers import parameters, stopped
from helpers.cleanup import S3_PREFIX, TAG, delete_resources  # noqa: F401  lessons call it here
from model_monitoring import datamart

REPOSITORY = Path(__file__).parent.parent
LOCAL = Path(os.environ.get("TUTORIAL_LOCAL_DIR", REPOSITORY / ".local"))
STUDIO_METADATA = Path("/opt/ml/metadata/resource-metadata.json")
# AWS list prices in us-east-1, USD an hour, seen 2026-11; other regions cost up to 50% more
PRICES = {"training, ml.m5.large": 0.115, "endpoint, ml.m5.large": 0.115}


class WorkspaceError(stopped.SentenceError):
    """The workspace can't be opened; the message says what to do."""


# When it's imported, because notebook 01 uses its parameters before it opens the workspace
_shell = getattr(builtins, "get_ipython", lambda: None)()
if _shell and (fault := parameters.fault(_shell.user_ns.get("In", []))):
    raise WorkspaceError(fault)


@dataclass(frozen=True)
class Workspace:
    """Where a notebook runs: `target` is "local" or "aws", `role` is the ARN of an IAM role."""

    target: str
    region: str
    role: str
    bucket: str
    boto_session: boto3.Session = field(repr=False)
    sagemaker_session: object = field(repr=False)
    database_url: str = field(repr=False)
    prefix: str = S3_PREFIX
    build: Path = REPOSITORY / "build"  # for files that a notebook writes
    tag: dict[str, str] = field(default_factory=TAG.copy, repr=False)  # for what a notebook creates

    def describe(self) -> str:
        """Describe the choices, one per line, without a secret or a path of this machine."""
        aws = self.target == "aws"
        where = "on AWS: calls may cost money" if aws else "offline, on this machine"
        url = os.environ.get("DATABASE_URL")
        database = urlsplit(url).hostname if url else "embedded, under .local/"
        lines = [
            f"target    {self.target} ({where})",
            f"region    {self.region}",
            f"role      {self.role}",
            f"bucket    {self.bucket}, under {self.prefix}/",
            f"database  PostgreSQL, {database}",
        ]
        if aws:
            lines += [f"price     {what}: about {usd} USD an hour" for what, usd in PRICES.items()]
            lines += ["          endpoints cost this until they are deleted: make aws-clean"]
        return "\n".join(lines)


def target() -> str:
    """Decide between "local" and "aws": TUTORIAL_TARGET if set, else "aws" inside SageMaker Studio.

    Raises WorkspaceError if TUTORIAL_TARGET is neither.
    """
    chosen = os.environ.get("TUTORIAL_TARGET") or ("aws" if STUDIO_METADATA.exists() else "local")
    if chosen not in ("local", "aws"):
        raise WorkspaceError(
            f"TUTORIAL_TARGET is {chosen!r}: set it to 'local' or 'aws', or leave it unset."
        )
    return chosen


def open() -> Workspace:
    """Open the workspace, starting the offline services if they aren't up.

    Raises WorkspaceError if a service won't start or, on AWS, if credentials, role or database
    aren't set.
    """
    chosen = target()
    os.environ["TUTORIAL_LOCAL_DIR"] = str(LOCAL)  # for the console, wherever the notebook runs
    (REPOSITORY / "build").mkdir(exist_ok=True)
    if chosen == "local":
        # Offline, the user's own AWS settings must not be read: no key, no profile, no endpoint.
        for variable in [variable for variable in os.environ if variable.startswith("AWS_")]:
            del os.environ[variable]
        # With more attempts, the SDK would take minutes to say that the server was stopped.
        os.environ.update(_start_local_aws() | {"AWS_MAX_ATTEMPTS": "2"})
    # Imported here: the SDK takes seconds to import, and it reads the variables that were just set.
    from sagemaker.core.helper.session_helper import Session, get_execution_role

    boto_session = boto3.Session()
    region = boto_session.region_name
    if chosen == "aws" and (region is None or boto_session.get_credentials() is None):
        raise WorkspaceError(
            "TUTORIAL_TARGET is aws, but there are no AWS credentials or no region: "
            "run `aws configure`."
        )
    session = Session(boto_session=boto_session, default_bucket=os.environ.get("TUTORIAL_BUCKET"))
    role = os.environ.get("TUTORIAL_ROLE")
    if not role and chosen == "aws" and not STUDIO_METADATA.exists():
        raise WorkspaceError(
            "Set TUTORIAL_ROLE to the ARN of a SageMaker execution role "
            "(doc/aws.md has its policy)."
        )
    role = role or get_execution_role(sagemaker_session=session)
    database_url = _database_url(chosen)
    embedded = chosen == "local" and "DATABASE_URL" not in os.environ
    stopped.explain_in_notebook(database_url if embedded else None)
    bucket = session.default_bucket()  # last, because it creates a missing bucket
    # For what the SDK uploads by itself, such as scripts, so that make aws-clean finds it. If this
    # were set before the bucket exists, the SDK would look for objects in it.
    session.default_bucket_prefix = S3_PREFIX
    return Workspace(chosen, region, role, bucket, boto_session, session, database_url)


def _database_url(chosen: str) -> str:
    if "DATABASE_URL" in os.environ:
        return os.environ["DATABASE_URL"]
    if chosen == "aws":
        raise WorkspaceError(
            "Set DATABASE_URL to a PostgreSQL database (13 or newer) that this machine can reach."
        )
    return datamart.server.start(LOCAL / "postgresql")


def _start_local_aws() -> dict[str, str]:
    # The offline AWS is a separate program: its command starts it, and calls go over HTTP only.
    command = [sys.executable, "-m", "local_aws", "start"]
    started = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if started.returncode:
        reason = started.stderr.strip() or started.stdout.strip()
        raise WorkspaceError(f"The offline AWS did not start: {reason}")
    return json.loads((LOCAL / "aws" / "env.json").read_text())


def wait_for(resource: object, status: str, attribute: str, minutes: float = 30) -> None:
    """Wait, with a progress bar, until `attribute` of a SageMaker SDK resource reads `status`.

    The SDK's own `wait()` does the same, but shows clocks and job names, which change with every
    run. Raises WorkspaceError with the resource's failure reason, or after `minutes`.
    """

    def check() -> bool:
        resource.refresh()
        now = getattr(resource, attribute)
        if now in ("Failed", "Stopped"):
            reason = getattr(resource, "failure_reason", "")
            raise WorkspaceError(f"{resource.get_name()} is {now}: {reason}")
        return now == status

    wait_until(check, f"{type(resource).__name__} to be {status}", minutes)


def wait_until(check: Callable[[], object], what: str, minutes: float = 15) -> object:
    """Call `check` repeatedly, with a progress bar, until it returns a true value; return that.

    Raises WorkspaceError, which names `what`, if that takes longer than `minutes`.
    """
    deadline = time.monotonic() + minutes * 60
    with tqdm(desc=f"waiting for {what}", unit=" polls", leave=False) as bar:
        while not (found := check()):
            if time.monotonic() > deadline:
                raise WorkspaceError(f"Waited {minutes} minutes for {what} without success.")
            bar.update()
            time.sleep(0.25 if target() == "local" else 5)
    return found


def wait_for_objects(workspace: Workspace, prefix: str) -> list[str]:
    """Wait until the bucket holds objects under `prefix`; return their contents, oldest first."""
    bucket = workspace.boto_session.resource("s3").Bucket(workspace.bucket)
    objects = bucket.objects.filter(Prefix=prefix)  # queries S3 each time it's iterated
    found = wait_until(lambda: list(objects), f"files in s3://{workspace.bucket}/{prefix}")
    found.sort(key=lambda item: item.last_modified)
    return [item.get()["Body"].read().decode() for item in found]


def read_csv(workspace: Workspace, key: str, columns: list[str], written_by: str) -> pd.DataFrame:
    """Read a headerless CSV file of the tutorial's S3 prefix into a frame with these columns.

    Raises WorkspaceError, naming the notebook that writes the file (`written_by`), if it's missing.
    """
    client = workspace.boto_session.client("s3")
    key = f"{workspace.prefix}/{key}"
    try:
        body = client.get_object(Bucket=workspace.bucket, Key=key)["Body"]
    except client.exceptions.NoSuchKey:
        missing = f"s3://{workspace.bucket}/{key} is missing"
        raise WorkspaceError(f"{missing}: run notebook {written_by} first.") from None
    return pd.read_csv(body, names=columns)


def stop() -> None:
    """Stop the offline AWS and the embedded PostgreSQL; what they hold stays."""
    subprocess.run([sys.executable, "-m", "local_aws", "stop"], cwd=REPOSITORY, check=False)
    datamart.server.stop(LOCAL / "postgresql")


if __name__ == "__main__":
    if sys.argv[1:] != ["stop"]:
        sys.exit("usage: python -m helpers.workspace stop")
    stop()
