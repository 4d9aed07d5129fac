"""A form to S3 is accepted if its policy is signed, and only as the policy allows."""

import base64
import json

import pytest
import requests
from botocore.config import Config
from offline import unique

CONDITIONS = [
    {"Content-Type": "text/plain"},
    ["starts-with", "$x-amz-meta-by", "a"],
    ["content-length-range", 1, 10],
]
FIELDS = {"Content-Type": "text/plain", "x-amz-meta-by": "anna"}


@pytest.fixture(scope="module")
def bucket(aws):
    name = unique("forms")
    aws.s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["s3", "s3v4"])
def form(aws, bucket, request):
    """Return the address and fields of a form that the policy allows."""
    import boto3

    keys = (
        aws.env[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
    )
    config = Config(signature_version=request.param)
    s3 = boto3.Session(*keys, "us-east-1").client(
        "s3", endpoint_url=aws.env["AWS_ENDPOINT_URL"], config=config
    )
    made = s3.generate_presigned_post(
        bucket, "form/key", Fields=dict(FIELDS), Conditions=list(CONDITIONS)
    )
    return made["url"], made["fields"]


def status(url, fields, file=b"data", name="file"):
    return requests.post(url, data=fields, files={name: ("x", file)}).status_code


def test_a_file_that_the_policy_allows_is_stored(aws, bucket, form):
    url, fields = form
    assert status(url, fields) == 204
    assert aws.s3.get_object(Bucket=bucket, Key="form/key")["Body"].read() == b"data"


@pytest.mark.parametrize(
    "change",
    [
        {"key": "evil"},
        {"acl": "public-read"},
        {"success_action_redirect": "http://127.0.0.1/"},
        {"Content-Type": "text/html"},
        {"x-amz-meta-by": "ben"},
        {"x-amz-meta-other": "1"},
        {"signature": "", "x-amz-signature": ""},
        {
            "policy": base64.b64encode(
                json.dumps({"expiration": "2100-01-01T00:00:00Z", "conditions": []}).encode()
            )
        },
        {"x-amz-security-token": "another"},
    ],
    ids=str,
)
def test_a_file_that_the_policy_does_not_allow_is_refused(aws, bucket, form, change):
    url, fields = form
    kept = {name: change.get(name, value) for name, value in fields.items()}
    added = {
        name: value
        for name, value in change.items()
        if name not in fields and "signature" not in name
    }
    assert status(url, kept | added) == 403


def test_the_size_of_the_file_must_follow_the_policy(form):
    url, fields = form
    assert [status(url, fields, b"x" * size) for size in (0, 1, 10, 11, 50_000)] == [
        403,
        204,
        204,
        403,
        403,
    ]


def test_a_form_without_a_file_or_with_a_field_twice_or_after_it_is_refused(form):
    url, fields = form
    parts = [(name, (None, value)) for name, value in fields.items()]
    file = ("file", ("x", b"data"))
    assert requests.post(url, files=[*parts, file]).status_code == 204
    assert requests.post(url, files=parts).status_code == 403
    assert requests.post(url, files=[*parts, ("key", (None, "evil")), file]).status_code == 403
    assert requests.post(url, files=[*parts, file, ("key", (None, "evil"))]).status_code == 403
    assert requests.post(f"{url}?delete", files=[*parts, file]).status_code == 403


def test_an_expired_policy_is_refused(aws, bucket):
    s3 = aws.s3
    made = s3.generate_presigned_post(bucket, "form/over", ExpiresIn=-1)
    assert status(made["url"], made["fields"]) == 403


def test_only_the_beginning_of_an_unverified_form_is_read(aws, bucket):
    unsigned = requests.post(
        f"{aws.env['AWS_ENDPOINT_URL']}/{bucket}",
        data={"key": "k"},
        files={"file": ("x", b"0" * 5_000_000)},
    )
    assert unsigned.status_code == 403
    late = requests.post(
        f"{aws.env['AWS_ENDPOINT_URL']}/{bucket}",
        data={"key": "k" * 30_000},
        files={"file": ("x", b"0")},
    )
    assert late.status_code == 403 and "20000" in late.text
