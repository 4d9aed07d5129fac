"""Data capture: each sampled request once, in SageMaker's own record and S3 layout."""

import base64
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from offline import capture_config, captured, deploy, settle, unique

KEY = (
    r"(?P<prefix>.+)/(?P<endpoint>[^/]+)/(?P<variant>[^/]+)"
    r"/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl"
)
BEGINNING = (
    '{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"2,2,2",'
    '"encoding":"CSV"},"endpointOutput":{"observedContentType":"application/json","mode":"OUTPUT","data":'
)


@pytest.fixture
def endpoint(aws, request):
    options = getattr(request, "param", {})
    prefix = unique("captured")
    name = deploy(aws, capture=capture_config(f"s3://data/{prefix}/", **options))["EndpointName"]
    yield name, prefix
    aws.sagemaker.delete_endpoint(EndpointName=name)


def test_a_request_is_captured_as_sagemaker_does(aws, endpoint):
    name, prefix = endpoint
    answer = aws.invoke(name, "2,2,2", InferenceId="mine-1")
    ((key, record),) = captured(aws, prefix, count=1)
    place = re.fullmatch(KEY, key)
    assert (place["prefix"], place["endpoint"], place["variant"]) == (prefix, name, "AllTraffic")
    text = aws.s3.get_object(Bucket="data", Key=key)["Body"].read().decode()
    assert text.startswith(BEGINNING) and text.endswith('"eventVersion":"0"}\n')
    assert record["captureData"]["endpointOutput"]["data"] == answer["Body"].decode()
    assert list(record["eventMetadata"]) == ["eventId", "inferenceId", "inferenceTime"]
    assert record["eventMetadata"]["inferenceId"] == "mine-1"
    when = datetime.strptime(
        record["eventMetadata"]["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ"
    ).replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - when) < timedelta(minutes=1)
    assert f"/{when:%Y/%m/%d/%H/%M}-" in key


def test_a_request_without_inference_id_has_none(aws, endpoint):
    name, prefix = endpoint
    aws.invoke(name)
    ((_, record),) = captured(aws, prefix, count=1)
    assert list(record["eventMetadata"]) == ["eventId", "inferenceTime"]


def test_many_requests_are_captured_once_each_in_few_files(aws, endpoint):
    name, prefix = endpoint
    answered = [time.monotonic()]
    for number in range(60):
        aws.invoke(name, InferenceId=f"id-{number}")
        answered.append(time.monotonic())
    records = captured(aws, prefix, count=60)
    assert sorted(record["eventMetadata"]["inferenceId"] for _, record in records) == sorted(
        f"id-{number}" for number in range(60)
    )
    assert len({record["eventMetadata"]["eventId"] for _, record in records}) == 60
    # A pause begins a new file
    pauses = sum(later - earlier > 0.5 for earlier, later in pairwise(answered))
    assert len({key for key, _ in records}) <= 3 + pauses


@pytest.mark.parametrize("endpoint", [{"modes": ("Input",)}, {"modes": ("Output",)}], indirect=True)
def test_only_the_configured_sides_are_captured(aws, endpoint):
    name, prefix = endpoint
    aws.invoke(name)
    ((_, record),) = captured(aws, prefix, count=1)
    modes = aws.sagemaker.describe_endpoint_config(EndpointConfigName=name)["DataCaptureConfig"][
        "CaptureOptions"
    ]
    assert list(record["captureData"]) == [f"endpoint{mode['CaptureMode']}" for mode in modes]


@pytest.mark.parametrize("endpoint", [{"csv": ("text/tab",)}], indirect=True)
def test_an_unlisted_content_type_is_captured_as_base64(aws, endpoint):
    name, prefix = endpoint
    aws.invoke(name, "1,2,3")
    ((_, record),) = captured(aws, prefix, count=1)
    side = record["captureData"]["endpointInput"]
    assert side["encoding"] == "BASE64" and base64.b64decode(side["data"]) == b"1,2,3"
    assert record["captureData"]["endpointOutput"]["encoding"] == "JSON"


@pytest.mark.parametrize("endpoint", [{"sampling": 50}], indirect=True)
def test_sampling_takes_about_its_share(aws, endpoint):
    name, prefix = endpoint
    for _ in range(200):
        aws.invoke(name)
    settle(aws)
    keys = [
        item["Key"] for item in aws.s3.list_objects_v2(Bucket="data", Prefix=prefix)["Contents"]
    ]
    count = sum(
        aws.s3.get_object(Bucket="data", Key=key)["Body"].read().count(b"\n") for key in keys
    )
    assert 60 < count < 140  # a fair share leaves this range once in 10^8


def test_a_failed_request_is_not_captured(aws, endpoint):
    name, prefix = endpoint
    with pytest.raises(aws.client("sagemaker-runtime").exceptions.ModelError):
        aws.invoke(name, "1")
    aws.invoke(name)
    captured(aws, prefix, count=1)


def test_describe_endpoint_returns_the_summary(aws, endpoint):
    name, prefix = endpoint
    summary = aws.sagemaker.describe_endpoint(EndpointName=name)["DataCaptureConfig"]
    assert summary == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://data/{prefix}/",
        "KmsKeyId": "",
    }
