"""Bad requests: refused at once, with AWS's code and the member's name, and nothing is created."""

import json
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from moto.core.utils import get_service_model
from offline import training_job

from local_aws import operations


def post(aws, operation, body):
    """Send a body that botocore would refuse to send; returns (status, code, message)."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "X-Amz-Target": f"SageMaker.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    answer = aws.send(aws.signed("POST", "/", data, headers))
    told = answer.json()
    if answer.status_code == 200:
        return answer.status_code, None, told
    return answer.status_code, told["__type"], told.get("message", told.get("Message"))


def changed(aws, path, value):
    """A good training job request with one member changed (or, for None, left out)."""
    request = training_job(aws)
    *parents, last = path
    place = request
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return request


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            ["RoleArn"],
            None,
            "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            ["AlgorithmSpecification", "TrainingInputMode"],
            None,
            "'algorithmSpecification.trainingInputMode'",
        ),
        (["TrainingJobName"], "a" * 64, r"'trainingJobName' .*length less than or equal to 63"),
        (["TrainingJobName"], "no spaces", r"'trainingJobName' .*regular expression pattern"),
        (
            ["RoleArn"],
            "arn:aws:iam::1:user/me-and-some-more",
            r"'roleArn' .*regular expression pattern",
        ),
        (
            ["AlgorithmSpecification", "TrainingInputMode"],
            "Tape",
            r"enum value set: \[Pipe, File, FastFile\]",
        ),
        (
            ["StoppingCondition", "MaxRuntimeInSeconds"],
            0,
            r"'stoppingCondition.maxRuntimeInSeconds' .*greater than",
        ),
        (["InputDataConfig", 0, "ChannelName"], "", r"'inputDataConfig.1.member.channelName'"),
        (["Surprise"], 1, "Unknown member 'Surprise'"),
        (["ResourceConfig", "Surprise"], 1, "Unknown member 'resourceConfig.Surprise'"),
    ],
)
def test_an_invalid_member_is_named(aws, path, value, words):
    request = changed(aws, path, value)
    status, code, message = post(aws, "CreateTrainingJob", request)
    assert (status, code) == (400, "ValidationException")
    assert re.search(words, message), message
    assert request.get("TrainingJobName") not in [
        job["TrainingJobName"] for job in aws.sagemaker.list_training_jobs()["TrainingJobSummaries"]
    ]


def test_all_problems_are_reported_together(aws):
    status, code, message = post(
        aws, "CreateModel", {"Surprise": 1, "EnableNetworkIsolation": True}
    )
    assert (status, code) == (400, "ValidationException")
    assert (
        message.startswith("2 validation errors detected")
        and "modelName" in message
        and "Surprise" in message
    )


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"[]", b'"text"', {"ModelName": 7}, {"ModelName": ["a"]}]
)
def test_malformed_json_is_a_serialization_error(aws, body):
    assert post(aws, "DescribeModel", body)[:2] == (400, "SerializationException")


@pytest.mark.parametrize("token", ["%%%", "bm90IGpzb24=", "eyJzdGFydCI6ICJ4In0="])
def test_a_made_up_page_token_is_refused(aws, token):
    assert post(aws, "ListModels", {"NextToken": token})[:2] == (400, "ValidationException")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)
MODEL = get_service_model("sagemaker")
SETTINGS = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def requests(draw):
    """An operation and a body with some of its members, of the right type or not."""
    operation = draw(st.sampled_from(sorted(operations.by_name())))
    return operation, draw(
        st.dictionaries(st.sampled_from(sorted(members(operation))), JSON, max_size=5)
    )


def members(operation):
    return MODEL.operation_model(operation).input_shape.members


@SETTINGS
@given(request=requests())
@example(request=("CreateModel", {"ModelName": "a", "Containers": []}))
@example(request=("CreateModel", {"ModelName": "a", "PrimaryContainer": {}}))
@example(request=("CreateModel", {"ModelName": "\ud800"}))
@example(request=("ListModels", {"CreationTimeAfter": 1e300}))
@example(request=("ListModels", {"CreationTimeAfter": "yesterday"}))
@example(request=("ListModels", {"NextToken": "e30="}))
def test_no_json_makes_the_server_fail(aws, request):
    status, code, _ = post(aws, *request)
    allowed = ("ValidationException", "SerializationException", "ResourceNotFound")
    assert (status == 400 and code in allowed) or (status == 200 and request[0].startswith("List"))


@SETTINGS
@given(body=st.binary(max_size=200))
@example(body=b"9" * 5000)
@example(body=b"[" * 100_000)
def test_no_bytes_make_the_server_fail(aws, body):
    assert post(aws, "DescribeModel", body)[:2] in (
        (400, "ValidationException"),
        (400, "SerializationException"),
    )
