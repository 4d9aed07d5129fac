"""Shared by the tests of the offline AWS: checked clients, and small models.

The clients check all responses against botocore's model.
"""

import http.client
import json
import os
import random
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import boto3
import psutil
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

REPOSITORY = Path(__file__).parents[2]
LINEAR_LEARNER = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
CHECKED = ("sagemaker", "sagemaker-runtime")


def unknown_members(value, shape, path=""):
    """Name the members of a JSON response that its shape lacks.

    botocore's parser drops them silently.
    """
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, item in value.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from unknown_members(item, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from unknown_members(item, shape.member, f"{path}[]")
    elif shape.type_name == "map":
        for item in value.values():
            yield from unknown_members(item, shape.value, f"{path}.*")


def check_answer(http_response, parsed, model, **_):
    """Check one response: its error must be in the model, or all its members known and valid."""
    if http_response.status_code >= 300:
        code = parsed["Error"]["Code"]
        statuses = {
            shape.name: shape.metadata.get("error", {}).get("httpStatusCode", 400)
            for shape in model.error_shapes
        }
        common = {
            "ValidationException": 400,
            "UnsupportedOperation": 400,
            "SerializationException": 400,
        }
        assert (common | statuses).get(code) == http_response.status_code, (
            f"{model.name}: {code} {http_response.status_code}"
        )
        return
    if model.output_shape is None:
        return
    if model.service_model.protocol == "json":
        unknown = list(
            unknown_members(json.loads(http_response.content or b"{}"), model.output_shape)
        )
        assert not unknown, f"{model.name} answers members that its shape doesn't have: {unknown}"
    answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    if model.has_streaming_output:
        answer["Body"] = b""  # not read yet
    report = ParamValidator().validate(answer, model.output_shape)
    assert not report.has_errors(), f"{model.name}: {report.generate_report()}"


class Answered(NamedTuple):
    """The response to a request sent by hand."""

    status_code: int
    text: str

    def json(self):
        return json.loads(self.text or "{}")


@dataclass
class Offline:
    """One server with its own state directory."""

    state: Path
    _clients: dict = field(default_factory=dict)

    def command(self, *arguments, check=True):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = kept | {"TUTORIAL_LOCAL_DIR": str(self.state)}
        command = [sys.executable, "-m", "local_aws", *arguments]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def start(self):
        self.command("start")
        self._clients.clear()
        return self

    @property
    def server(self):
        return json.loads((self.state / "aws" / "server.json").read_text())

    @property
    def env(self):
        return json.loads((self.state / "aws" / "env.json").read_text())

    def client(self, service):
        if service not in self._clients:
            session = boto3.Session(
                self.env["AWS_ACCESS_KEY_ID"],
                self.env["AWS_SECRET_ACCESS_KEY"],
                self.env["AWS_SESSION_TOKEN"],
                "us-east-1",
            )
            config = Config(retries={"total_max_attempts": 1}, max_pool_connections=20)
            client = session.client(
                service, endpoint_url=self.env["AWS_ENDPOINT_URL"], config=config
            )
            if service in CHECKED:
                client.meta.events.register("after-call", check_answer)
            self._clients[service] = client
        return self._clients[service]

    @property
    def sagemaker(self):
        return self.client("sagemaker")

    @property
    def s3(self):
        return self.client("s3")

    def invoke(self, endpoint, body="1,1,1", content_type="text/csv", **options):
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, Body=body, ContentType=content_type, **options
        )
        return answer | {"Body": answer["Body"].read()}

    @property
    def credentials(self):
        names = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
        return Credentials(*(self.env[f"AWS_{name}"] for name in names))

    def signed(self, method, path, body=b"", headers=(), *, service="sagemaker", auth=SigV4Auth):
        """Sign a request that no client would send."""
        request = AWSRequest(method, self.env["AWS_ENDPOINT_URL"] + path, dict(headers), body)
        auth(self.credentials, service, "us-east-1").add_auth(request)
        return request

    def send(self, request):
        """Send a request exactly as it was signed: other clients would normalise its path."""
        address = urlsplit(request.url)
        connection = http.client.HTTPConnection(address.netloc, timeout=60)
        path = request.url.partition(address.netloc)[2]
        connection.request(request.method, path, request.data, dict(request.headers))
        answer = connection.getresponse()
        return Answered(answer.status, answer.read().decode(errors="replace"))

    def containers_of(self, root):
        """Find the container processes whose log is in a private root."""
        children = psutil.Process(self.server["pid"]).children(recursive=True)
        log = os.path.realpath(root / "log")
        return [child for child in children if log in [file.path for file in child.open_files()]]

    def wait(self, kind, name, *, seconds=60):
        """Wait until a job or endpoint has settled; returns its description."""

        def settled():
            answer = getattr(self.sagemaker, f"describe_{xform_name(kind)}")(
                **{f"{kind}Name": name}
            )
            unsettled = answer[f"{kind}Status"] in (
                "InProgress",
                "Stopping",
                "Creating",
                "Updating",
            )
            return None if unsettled else answer

        return until(settled, seconds)


def until(condition, seconds=60):
    """Wait until a condition holds; returns its value."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"this has not come true in {seconds} s"
        time.sleep(0.05)
    return answer


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def training_job(aws, **changes):
    """A request for a linear-learner job on the shared data, with changes."""
    return {
        "TrainingJobName": unique("job"),
        "RoleArn": "arn:aws:iam::123456789012:role/TutorialExecutionRole",
        "AlgorithmSpecification": {"TrainingImage": LINEAR_LEARNER, "TrainingInputMode": "File"},
        "InputDataConfig": [channel("train", "s3://data/train/")],
        "OutputDataConfig": {"S3OutputPath": "s3://data/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
        "HyperParameters": {
            "feature_dim": "3",
            "mini_batch_size": "50",
            "predictor_type": "binary_classifier",
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 360},
    } | changes


def sleeping_job(offline, seconds=60):
    """A request for a job whose script, of the sklearn image, sleeps."""
    offline.s3.put_object(
        Bucket="data", Key="code/sleep.py", Body=f"import time; time.sleep({seconds})"
    )
    return training_job(
        offline,
        AlgorithmSpecification={"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
        HyperParameters={"sagemaker_program": "sleep.py"},
        InputDataConfig=[channel("code", "s3://data/code/")],
    )


def channel(name, uri, distribution="FullyReplicated"):
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": distribution}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}


def csv_rows(count=200, seed=0):
    """Rows of a label and three features that predict it."""
    generator = random.Random(seed)
    labels = [number % 2 for number in range(count)]
    rows = [
        [label, *(round(generator.gauss(2 * label, 1), 4) for _ in range(3))] for label in labels
    ]
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def set_up(offline):
    """Make the shared bucket with training data and a trained model; returns its artifact."""
    offline.s3.create_bucket(Bucket="data")
    offline.s3.put_object(Bucket="data", Key="train/train.csv", Body=csv_rows())
    request = training_job(offline)
    offline.sagemaker.create_training_job(**request)
    job = offline.wait("TrainingJob", request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job["ModelArtifacts"]["S3ModelArtifacts"]


def deploy(offline, **options):
    """Create a model, a configuration and an endpoint with one name, and wait for the endpoint.

    The options are those of configure.
    """
    name = unique("endpoint")
    configure(offline, name, **options)
    offline.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return offline.wait("Endpoint", name)


def configure(
    offline,
    name,
    *,
    image=LINEAR_LEARNER,
    model_data="s3://data/model.tar.gz",
    variants=("AllTraffic",),
    shadows=(),
    capture=None,
):
    """Create a model and a configuration of that name."""
    container = {"Image": image} | ({"ModelDataUrl": model_data} if model_data else {})
    role = "arn:aws:iam::123456789012:role/TutorialExecutionRole"
    offline.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container
    )
    described = [
        {
            "VariantName": variant,
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        for variant in (*variants, *shadows)
    ]
    options = {"DataCaptureConfig": capture} if capture else {}
    if shadows:
        options["ShadowProductionVariants"] = described[len(variants) :]
    offline.sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=described[: len(variants)], **options
    )


def invoke_for(offline, endpoint, *, clients, seconds, least=1):
    """Invoke an endpoint from several clients at once; returns the inference ids.

    All responses are checked. It continues for a time, and until each client has had its least
    number of responses.
    """
    bodies = [f"{number / 4},{number / 5},{number / 6}" for number in range(10)]
    expected = {
        body: offline.invoke(endpoint, body, InferenceId="before")["Body"] for body in bodies
    }
    offline.invoke(endpoint)  # so that all clients are made
    end = time.monotonic() + seconds

    def work(client):
        sent = []
        while time.monotonic() < end or len(sent) < least:
            body, sent_id = bodies[len(sent) % len(bodies)], f"{client}-{len(sent)}"
            answer = offline.invoke(endpoint, body, InferenceId=sent_id)["Body"]
            assert answer == expected[body], f"{answer} instead of {expected[body]}"
            sent.append(sent_id)
        return sent

    with ThreadPoolExecutor(clients) as pool:
        return [sent_id for sent in pool.map(work, range(clients)) for sent_id in sent]


def captured_ids(offline, prefix):
    """Return the inference ids under a prefix, except those of invoke_for's own preparation."""
    pages = offline.s3.get_paginator("list_objects_v2").paginate(Bucket="data", Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    texts = [offline.s3.get_object(Bucket="data", Key=key)["Body"].read().decode() for key in keys]
    ids = [
        json.loads(line)["eventMetadata"].get("inferenceId")
        for text in texts
        for line in text.splitlines()
    ]
    return [found for found in ids if found not in (None, "before")]


def capture_config(
    prefix="s3://data/captured", *, sampling=100, modes=("Input", "Output"), csv=("text/csv",)
):
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": sampling,
        "DestinationS3Uri": prefix,
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": list(csv),
            "JsonContentTypes": ["application/json"],
        },
    }


def settle(offline):
    """Wait until everything that endpoints captured has moved from the spool to S3."""
    until(lambda: not any((offline.state / "aws" / "captured").iterdir()))


def captured(offline, prefix, *, count):
    """Wait for a number of captured records; returns (key, record) pairs."""

    def enough():
        keys = [
            item["Key"]
            for item in offline.s3.list_objects_v2(Bucket="data", Prefix=prefix).get("Contents", [])
        ]
        texts = [
            (key, offline.s3.get_object(Bucket="data", Key=key)["Body"].read().decode())
            for key in keys
        ]
        records = [(key, json.loads(line)) for key, text in texts for line in text.splitlines()]
        return records if len(records) >= count else None

    records = until(enough)
    assert len(records) == count
    return records
