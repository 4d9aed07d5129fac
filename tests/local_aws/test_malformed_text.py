"""Invalid Unicode and invalid JSON: refused cleanly in each protocol, and never stored."""

import http.client
import json
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

HALF = "\ud800"


def send(aws, service, method, path, body=b"", headers=None):
    """Send a signed request unchanged: boto3 would refuse or repair it."""
    env = aws.env
    keys = Credentials(
        *(env[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    )
    url = env["AWS_ENDPOINT_URL"] + path
    request = AWSRequest(method, url, headers or {}, body)
    (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body, dict(request.headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def sagemaker(aws, operation, body, target="SageMaker", service="sagemaker"):
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{target}.{operation}",
    }
    return send(
        aws,
        service,
        "POST",
        "/",
        body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers,
    )


def job(**members):
    return {
        "ProcessingJobName": "malformed",
        "RoleArn": "arn:aws:iam::123456789012:role/TutorialExecutionRole",
        "AppSpecification": {
            "ImageUri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/"
            "sagemaker-scikit-learn:1.2-1-cpu-py3",
            "ContainerEntrypoint": ["true"],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 1,
            }
        },
    } | members


BODIES = {
    "a name": job(ProcessingJobName=HALF),
    "an environment variable": job(Environment={"A": HALF}),
    "an environment variable's name": job(Environment={HALF: "a"}),
    "a tag": job(Tags=[{"Key": "k", "Value": HALF}]),
    "an argument": job(AppSpecification=job()["AppSpecification"] | {"ContainerArguments": [HALF]}),
    "raw bytes": json.dumps(job(Environment={"A": "?"})).encode().replace(b"?", b"\xed\xa0\x80"),
    "NUL in an argument": job(
        AppSpecification=job()["AppSpecification"] | {"ContainerArguments": ["\0"]}
    ),
    "NUL in the environment": job(Environment={"A": "\0"}),
    "NaN": json.dumps(job()).replace('"VolumeSizeInGB": 1', '"VolumeSizeInGB": NaN').encode(),
    "1e999": json.dumps(job()).replace('"VolumeSizeInGB": 1', '"VolumeSizeInGB": 1e999').encode(),
    "a huge number": job(StoppingCondition={"MaxRuntimeInSeconds": 10**300}),
    "a number of 5000 digits": json.dumps(job()).replace('GB": 1', 'GB": ' + "1" * 5000).encode(),
    "deep nesting": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("body", BODIES)
def test_sagemaker_refuses_it_and_keeps_nothing(aws, body):
    status, text = sagemaker(aws, "CreateProcessingJob", BODIES[body])
    assert status == 400 and ("SerializationException" in text or "ValidationException" in text), (
        text
    )
    assert not aws.sagemaker.list_processing_jobs(NameContains="malformed")[
        "ProcessingJobSummaries"
    ]


@pytest.mark.parametrize(("target", "service", "operation"), [
    ("Logs_20140328", "logs", "CreateLogGroup"), ("AWSEvents", "events", "PutRule"),
])  # fmt: skip
def test_motos_own_services_refuse_it_too(aws, target, service, operation):
    status, text = sagemaker(aws, operation, {"logGroupName": HALF, "Name": HALF}, target, service)
    assert status == 400 and "SerializationException" in text
    assert sagemaker(aws, operation, b"[" * 100_000, target, service)[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("PUT", "/data/%ED%A0%80", {}),
        ("PUT", "/data/%FF", {}),
        ("PUT", "/data/a%00b", {}),
        ("GET", "/data?list-type=2&prefix=%ED%A0%80", {}),
        ("PUT", "/data/malformed", {"x-amz-tagging": "k=%ED%A0%80"}),
        ("PUT", "/data/malformed", {"x-amz-copy-source": "/data/%ED%A0%80"}),
    ],
)
def test_s3_refuses_it_in_its_own_form(aws, method, path, headers):
    before = [item["Key"] for item in aws.s3.list_objects_v2(Bucket="data")["Contents"]]
    status, text = send(aws, "s3", method, path, b"x" if method == "PUT" else b"", headers)
    assert status == 400 and "<Error><" in text and "<Code>InvalidURI</Code>" in text
    assert [item["Key"] for item in aws.s3.list_objects_v2(Bucket="data")["Contents"]] == before


def test_s3_accepts_any_content(aws):
    env, kind = aws.env, "application/json"
    keys = {
        "aws_access_key_id": env["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": env["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": env["AWS_SESSION_TOKEN"],
    }
    aws.s3.put_object(Bucket="data", Key="malformed", Body=b"[" * 9, ContentType="application/json")
    for version in ("s3", "s3v4"):  # presigned in both ways
        config = Config(signature_version=version)
        client = boto3.client(
            "s3", "us-east-1", endpoint_url=env["AWS_ENDPOINT_URL"], config=config, **keys
        )
        url = client.generate_presigned_url(
            "put_object", {"Bucket": "data", "Key": "malformed", "ContentType": kind}
        )
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request(
            "PUT", url.partition(urlsplit(url).netloc)[2], b"\xff{", {"Content-Type": kind}
        )
        assert connection.getresponse().status == 200
        connection.close()
    aws.s3.delete_object(Bucket="data", Key="malformed")


def test_a_query_service_refuses_it(aws):
    form = (
        b"Action=CreateRole&Version=2010-05-08&RoleName=%ED%A0%80&AssumeRolePolicyDocument=%7B%7D"
    )
    status, text = send(
        aws, "iam", "POST", "/", form, {"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert status == 400 and "<Code>SerializationException</Code>" in text


def test_a_body_that_is_too_long_is_refused_unread(aws):
    connection = http.client.HTTPConnection(
        urlsplit(aws.env["AWS_ENDPOINT_URL"]).netloc, timeout=30
    )
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)  # an unsigned request is refused earlier
    connection.close()
