"""A companion on SageMaker.

Its archive is the original's, with a rule and a wrapper beside its script. It has an endpoint of
its own.
"""

import json
import shutil
import tarfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError
from tqdm.auto import tqdm

from model_monitoring.analysis.fairness.companion import companion_rule
from model_monitoring.analysis.files import archives

SUFFIX, LONGEST_NAME = "-debiased", 63
BESIDE = Path(companion_rule.__file__).parent
WRAPPER = "companion_inference.py"
CODE = "/opt/ml/model/code"
POLL = 1.0  # seconds between two checks of an endpoint that is being created


class NoCompanion(ValueError):
    """The model can't have a companion, or its companion could not be deployed."""


def name_of(endpoint: str) -> str:
    """Name the companion's endpoint."""
    return endpoint[: LONGEST_NAME - len(SUFFIX)].rstrip("-") + SUFFIX


def deploy(
    session: boto3.Session, region: str, endpoint: str, rule: Mapping, role: str, instance_type: str
) -> dict:
    """Deploy a companion of the model behind an endpoint; wait until it is in service.

    Returns its endpoint (the model and the configuration have the same name) and its artifact. If
    it fails, nothing is left behind.

    Raises:
        NoCompanion: the model isn't a script-mode model, or SageMaker refuses or fails to deploy
            the companion.
    """
    client, s3 = (session.client(service, region_name=region) for service in ("sagemaker", "s3"))
    name = name_of(endpoint)
    try:
        with ExitStack() as undo:
            _check_free(client, name)
            container, tags = _container_of(client, endpoint), _tags_of(client, endpoint)
            source = urlsplit(container["ModelDataUrl"])
            place = {
                "Bucket": source.netloc,
                "Key": str(_folder(source.path) / name / "model.tar.gz"),
            }
            with TemporaryFile() as archive:
                program = _pack(s3, container, rule, archive)
                s3.put_object(**place, Body=archive)
            undo.callback(s3.delete_object, **place)
            environment = container.get("Environment", {}) | {
                "SAGEMAKER_PROGRAM": WRAPPER,
                "SAGEMAKER_SUBMIT_DIRECTORY": CODE,
                "COMPANION_OF": program,
            }
            artifact = f"s3://{place['Bucket']}/{place['Key']}"
            described = {
                "Image": container["Image"],
                "ModelDataUrl": artifact,
                "Environment": environment,
            }
            client.create_model(
                ModelName=name, ExecutionRoleArn=role, PrimaryContainer=described, Tags=tags
            )
            undo.callback(client.delete_model, ModelName=name)
            variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
            variant |= {"InstanceType": instance_type}
            client.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=[variant], Tags=tags
            )
            undo.callback(client.delete_endpoint_config, EndpointConfigName=name)
            client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
            undo.callback(client.delete_endpoint, EndpointName=name)
            _wait(client, name)
            undo.pop_all()
    except ClientError as error:
        raise NoCompanion(
            f"The companion of {endpoint!r}: {error.response['Error']['Message']}"
        ) from None
    return {"endpoint": name, "artifact": artifact}


def is_in_service(session: boto3.Session, region: str, name: str) -> bool:
    """Tell whether a companion's endpoint can be called."""
    try:
        found = session.client("sagemaker", region_name=region).describe_endpoint(EndpointName=name)
    except ClientError:
        return False
    return found["EndpointStatus"] in ("InService", "Updating")


def delete(session: boto3.Session, region: str, made: Mapping) -> None:
    """Delete a companion's endpoint, configuration, model and archive, as far as they exist."""
    client, s3 = (session.client(service, region_name=region) for service in ("sagemaker", "s3"))
    name = made["endpoint"]
    for call, argument in (
        (client.delete_endpoint, "EndpointName"),
        (client.delete_endpoint_config, "EndpointConfigName"),
        (client.delete_model, "ModelName"),
    ):
        with suppress(ClientError):
            call(**{argument: name})
    place = urlsplit(made["artifact"])
    with suppress(ClientError):
        s3.delete_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    # On AWS the name isn't free until the endpoint is gone, which takes a minute.
    client.get_waiter("endpoint_deleted").wait(
        EndpointName=name, WaiterConfig={"Delay": 2, "MaxAttempts": 300}
    )


def _check_free(client, name: str) -> None:
    """Raise NoCompanion if the name is taken: what has it isn't ours to replace or delete."""
    with suppress(ClientError):
        client.describe_model(ModelName=name)
        raise NoCompanion(
            f"A model {name!r} already exists. It may be the companion of another subscription to"
            " this endpoint, or a failed run may have left it: delete it first, with its endpoint."
        )


def _folder(key: str) -> PurePosixPath:
    return PurePosixPath(key.lstrip("/")).parent


def _container_of(client, endpoint: str) -> dict:
    """Describe the container behind an endpoint's first variant."""
    configuration = client.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variant = client.describe_endpoint_config(EndpointConfigName=configuration)[
        "ProductionVariants"
    ][0]
    model = client.describe_model(ModelName=variant["ModelName"])
    container = model.get("PrimaryContainer") or model["Containers"][0]
    if not container.get("ModelDataUrl", "").startswith("s3://"):
        raise NoCompanion(
            f"The model behind {endpoint!r} has no archive in S3, so there is nothing to wrap."
        )
    return container


def _tags_of(client, endpoint: str) -> list[dict]:
    """Return the endpoint's own tags.

    The companion gets them too, so that clean-up and billing by tags find both.
    """
    tags = client.list_tags(
        ResourceArn=client.describe_endpoint(EndpointName=endpoint)["EndpointArn"]
    )["Tags"]
    return [tag for tag in tags if not tag["Key"].startswith("aws:")]


def _pack(s3, container: Mapping, rule: Mapping, archive: BinaryIO) -> str:
    """Write the original's archive, with the companion's files beside its script.

    Returns the name of the script's module.
    """
    environment = container.get("Environment", {})
    program = PurePosixPath(environment.get("SAGEMAKER_PROGRAM") or "inference.py")
    source = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    with TemporaryDirectory() as folder:
        model, code = Path(folder) / "model", Path(folder) / "model" / "code"
        _unpack(s3, container["ModelDataUrl"], model)
        if source.startswith("s3://"):
            shutil.rmtree(code, ignore_errors=True)
            _unpack(s3, source, code)
        if not (code / program.name).is_file():
            raise NoCompanion(
                f"The model's archive has no code/{program.name}: a companion can only wrap a"
                " model with its own inference script (script mode), not a built-in algorithm."
            )
        for part in (WRAPPER, "companion_rule.py"):
            (code / part).write_bytes((BESIDE / part).read_bytes())
        (code / "rule.json").write_text(json.dumps(rule), encoding="utf-8")
        with tarfile.open(fileobj=archive, mode="w:gz") as packed:
            for path in sorted(model.iterdir()):
                packed.add(path, path.name)
    archive.seek(0)
    return program.stem


def _unpack(s3, uri: str, folder: Path) -> None:
    """Unpack an archive from S3 into a new folder; raise NoCompanion if it can't be unpacked."""
    place = urlsplit(uri)
    found = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    with TemporaryDirectory() as draft:
        archive = Path(draft) / "model.tar.gz"
        try:
            archives.check_size(found["ContentLength"])
            with archive.open("wb") as file:
                shutil.copyfileobj(found["Body"], file)
            archives.unpack(archive, folder)
        except archives.ArchiveRefused as error:
            raise NoCompanion(f"The archive {uri} can't be unpacked: {error}") from None


def _wait(client, name: str) -> None:
    with tqdm(desc=f"deploying {name}", unit="s", delay=2, bar_format="{desc}: {elapsed}") as bar:
        while (found := client.describe_endpoint(EndpointName=name))[
            "EndpointStatus"
        ] == "Creating":
            time.sleep(POLL)
            bar.update()
    if found["EndpointStatus"] != "InService":
        reason = found.get("FailureReason", found["EndpointStatus"])
        raise NoCompanion(f"The companion's endpoint {name!r} wasn't deployed: {reason}")
