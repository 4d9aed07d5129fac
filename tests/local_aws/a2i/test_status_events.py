"""EventBridge receives an event when a human loop ends, and its rules pass it on."""

import json
import time
from datetime import UTC

from human_loops import Desk, describe, runtime
from offline import unique


def rule(aws, desk, target, **detail):
    events = aws.client("events")
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker A2I HumanLoop Status Change"],
        "detail": {"flowDefinitionArn": [desk.flow]} | detail,
    }
    events.put_rule(Name=desk.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=desk.name, Targets=[{"Id": "1", "Arn": target}])


def messages(aws, queue):
    found = (
        aws.client("sqs")
        .receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        .get("Messages", [])
    )
    return [json.loads(message["Body"]) for message in found]


def test_a_queue_gets_the_event_of_a_completed_loop_in_the_form_of_aws(aws):
    desk, name = Desk(aws), unique("queue")
    queue = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    rule(aws, desk, f"arn:aws:sqs:us-east-1:123456789012:{name}", humanLoopStatus=["Completed"])
    stopped, loop = desk.start(), desk.start()
    runtime(aws).stop_human_loop(HumanLoopName=stopped)
    worker = desk.worker("ann")
    worker.answer(worker.begin(), diagnosis="benign")
    described = describe(aws, loop)
    (event,) = messages(aws, queue)
    assert (event["source"], event["region"]) == ("aws.sagemaker", "us-east-1")
    assert event["detail-type"] == "SageMaker A2I HumanLoop Status Change"
    assert event["resources"] == [described["HumanLoopArn"]]
    created = (
        described["CreationTime"]
        .astimezone(UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
    assert event["detail"] == {
        "creationTime": created,
        "failureCode": None,
        "failureReason": None,
        "flowDefinitionArn": desk.flow,
        "humanLoopArn": described["HumanLoopArn"],
        "humanLoopName": loop,
        "humanLoopOutput": {"outputS3Uri": described["HumanLoopOutput"]["OutputS3Uri"]},
        "humanLoopStatus": "Completed",
    }


def test_a_log_group_gets_the_event_of_a_loop_that_ran_out_of_time(aws):
    desk, group = Desk(aws, config={"TaskAvailabilityLifetimeInSeconds": 1}), unique("/events/a2i")
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=group)
    rule(aws, desk, f"arn:aws:logs:us-east-1:123456789012:log-group:{group}")
    loop = desk.start()
    deadline = time.monotonic() + 10
    while describe(aws, loop)["HumanLoopStatus"] == "InProgress" and time.monotonic() < deadline:
        time.sleep(0.2)
    described = describe(aws, loop)
    assert (described["HumanLoopStatus"], described["FailureCode"]) == ("Failed", "Expired")
    (found,) = logs.filter_log_events(logGroupName=group)["events"]
    detail = json.loads(found["message"])["detail"]
    assert (detail["humanLoopStatus"], detail["failureCode"]) == ("Failed", "Expired")
    assert detail["failureReason"] == described["FailureReason"]


def test_a_failing_target_does_not_affect_the_loop(aws):
    desk = Desk(aws)
    rule(aws, desk, "arn:aws:sqs:us-east-1:123456789012:no-such-queue")
    loop = desk.start()
    runtime(aws).stop_human_loop(HumanLoopName=loop)
    assert describe(aws, loop)["HumanLoopStatus"] == "Stopped"
    assert loop in (aws.state / "aws" / "server.log").read_text()
