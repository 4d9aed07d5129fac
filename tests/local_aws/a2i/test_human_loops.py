"""The A2I runtime: human loops started, described, listed, stopped and deleted."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from human_loops import Desk, describe, runtime, unchecked
from offline import unique


def test_a_loop_is_in_progress_until_it_is_answered(aws, desk):
    before = datetime.now(UTC)
    loop = desk.start()
    described = describe(aws, loop)
    assert (
        described["HumanLoopStatus"] == "InProgress" and described["FlowDefinitionArn"] == desk.flow
    )
    assert (
        described["HumanLoopArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:human-loop/{loop}"
    )
    created = described["CreationTime"]
    assert before - timedelta(seconds=1) < created < datetime.now(UTC) + timedelta(seconds=1)
    when = f"{created.astimezone(UTC):%Y/%m/%d/%H/%M/%S}"
    assert (
        described["HumanLoopOutput"]["OutputS3Uri"]
        == f"s3://data/reviewed/{desk.name}/{when}/{loop}/output.json"
    )
    assert "FailureReason" not in described


def test_the_same_request_returns_the_same_loop_and_another_input_is_a_conflict(aws, desk):
    loop = desk.start(content={"n": 1})
    desk.start(loop, content={"n": 1})
    with pytest.raises(runtime(aws).exceptions.ConflictException) as error:
        desk.start(loop, content={"n": 2})
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    listed = runtime(aws).list_human_loops(FlowDefinitionArn=desk.flow)["HumanLoopSummaries"]
    assert [one["HumanLoopName"] for one in listed].count(loop) == 1


def test_loops_are_listed_by_flow_definition_in_pages(aws):
    desk = Desk(aws)
    names = [desk.start() for _ in range(5)]
    pages = (
        runtime(aws)
        .get_paginator("list_human_loops")
        .paginate(
            FlowDefinitionArn=desk.flow, SortOrder="Ascending", PaginationConfig={"PageSize": 2}
        )
    )
    found = [[one["HumanLoopName"] for one in page["HumanLoopSummaries"]] for page in pages]
    assert found == [names[:2], names[2:4], names[4:]]
    third = describe(aws, names[2])["CreationTime"]
    later = runtime(aws).list_human_loops(FlowDefinitionArn=desk.flow, CreationTimeAfter=third)[
        "HumanLoopSummaries"
    ]
    assert [one["HumanLoopName"] for one in later] == names[:2:-1]
    assert {one["HumanLoopStatus"] for one in later} == {"InProgress"}


def test_a_loop_is_stopped_and_then_deleted(aws, desk):
    loop = desk.start()
    with pytest.raises(ClientError, match="stop it") as error:
        runtime(aws).delete_human_loop(HumanLoopName=loop)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    for _ in range(2):
        runtime(aws).stop_human_loop(HumanLoopName=loop)
    assert describe(aws, loop)["HumanLoopStatus"] == "Stopped"
    runtime(aws).delete_human_loop(HumanLoopName=loop)
    for operation in ("describe", "stop", "delete"):
        with pytest.raises(runtime(aws).exceptions.ResourceNotFoundException) as error:
            getattr(runtime(aws), f"{operation}_human_loop")(HumanLoopName=loop)
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"HumanLoopName": "Upper"}, "humanLoopName"),
        ({"HumanLoopName": "under_score"}, "humanLoopName"),
        ({"HumanLoopName": "-a"}, "humanLoopName"),
        ({"HumanLoopName": "a" * 64}, "humanLoopName"),
        (
            {"FlowDefinitionArn": "arn:aws:sagemaker:us-east-1:123456789012:flow-definition/none"},
            "none",
        ),
        ({"HumanLoopInput": {"InputContent": "{"}}, "InputContent must be a JSON object"),
        ({"HumanLoopInput": {"InputContent": '"text"'}}, "InputContent must be a JSON object"),
        ({"HumanLoopInput": {"InputContent": "[" * 100_000}}, "InputContent must be a JSON object"),
        ({"HumanLoopInput": {"InputContent": json.dumps({"a": "x" * (5 << 20)})}}, "inputContent"),
        ({"DataAttributes": {"ContentClassifiers": ["Secret"]}}, "contentClassifiers"),
    ],
)
def test_an_invalid_request_is_refused(aws, desk, changes, words):
    asked = {
        "HumanLoopName": unique("loop"),
        "FlowDefinitionArn": desk.flow,
        "HumanLoopInput": {"InputContent": "{}"},
    }
    with pytest.raises(ClientError, match=words) as error:
        unchecked(aws, "sagemaker-a2i-runtime").start_human_loop(**asked | changes)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_loops_of_a_missing_flow_definition(aws):
    arn = "arn:aws:sagemaker:us-east-1:123456789012:flow-definition/none"
    with pytest.raises(runtime(aws).exceptions.ResourceNotFoundException):
        runtime(aws).list_human_loops(FlowDefinitionArn=arn)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/human-loops", b"{", 400),
        ("POST", "/human-loops", b"[1]", 400),
        ("POST", "/human-loops", b"\xff", 400),
        ("POST", "/human-loops", b"{}", 400),
        ("POST", "/human-loops", b'{"HumanLoopName": 5}', 400),
        ("GET", "/human-loops?FlowDefinitionArn=x&MaxResults=many", None, 400),
        ("GET", "/human-loops", None, 400),
        ("PUT", "/human-loops/a", b"", 400),
        ("GET", "/human-loops/%2e%2e%2fetc", None, 400),
    ],
)
def test_raw_requests_are_answered_in_json(aws, method, path, body, status):
    answer = aws.send(aws.signed(method, path, body or b""))
    assert answer.status_code == status
    assert {"message", "Message"} & answer.json().keys()
