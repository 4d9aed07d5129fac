"""Each alert is sent to an SNS topic once, and measurements are sent to CloudWatch.

No problem there stops a run.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from model_monitoring import datamart
from tests.conftest import REPOSITORY

from .conftest import folder, small_record
from .test_alerts import labelled


@pytest.fixture(scope="module")
def aws():
    """Run the offline AWS with a separate state, and point boto3 at it."""
    with folder() as path, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("TUTORIAL_LOCAL_DIR", str(path))
        command = [sys.executable, "-m", "local_aws"]
        subprocess.run([*command, "start"], cwd=REPOSITORY, check=True, capture_output=True)
        for name, value in json.loads((path / "aws" / "env.json").read_text()).items():
            patch.setenv(name, value)
        yield boto3.Session()
        subprocess.run([*command, "stop"], cwd=REPOSITORY, check=True, capture_output=True)


@pytest.fixture
def topic(aws, request):
    return aws.client("sns").create_topic(
        Name=request.node.name[:40].replace("[", "-").replace("]", "-")
    )["TopicArn"]


@pytest.fixture
def inbox(aws, topic):
    """Subscribe a queue to the topic; return a function that takes the messages out of it."""
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName=topic.split(":")[-1])["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def take():
        found = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    return take


@pytest.fixture
def sending(aws, mart, small, database_url):
    """The same data mart and its small subscription, with a session."""
    mart = datamart.DataMart(database_url, schema=small.database.schema, boto_session=aws)
    subscription = mart.subscriptions.get(name="small")
    return mart, subscription


def slow(subscription, milliseconds):
    subscription.payload_logging.store([small_record(response_time=milliseconds)])
    return subscription.performance_monitoring.run()


def events(messages):
    return [
        (m["event"], m["metric"]) for m in (json.loads(message["Message"]) for message in messages)
    ]


def test_each_alert_is_published_when_it_opens_and_when_it_closes(sending, topic, inbox):
    mart, small = sending
    small.performance_monitoring.enable(apt_threshold=100)
    slow(small, 300)  # opened before notifications were enabled
    slow(small, 30)
    details = mart.notifications.enable(topic_arn=topic)
    assert (details["sns"]["target"], details["sns"]["last_error"]) == (topic, None)
    assert inbox() == []

    slow(small, 300)
    [message] = inbox()
    assert message["Subject"] == "Alert opened: small, average_processing_time"
    alert = json.loads(message["Message"])
    assert alert["event"] == "opened" and alert["closed_at"] is None
    assert (alert["value"], alert["upper_limit"], alert["subscription"]) == (300, 100, "small")
    assert alert["alert_id"] == mart.alerts.list(state="open")["alert_id"][0]
    assert {name: value["Value"] for name, value in message["MessageAttributes"].items()} == {
        "event": "opened", "subscription": "small", "monitor": "performance",
        "metric": "average_processing_time",
    }  # fmt: skip

    slow(small, 400)  # still open
    mart.notifications.send()
    assert inbox() == []
    slow(small, 30)
    assert events(inbox()) == [("closed", "average_processing_time")]
    mart.notifications.disable()
    slow(small, 300)
    assert inbox() == []


def test_an_alert_that_could_not_be_published_is_reported_and_sent_by_the_next_run(
    sending, topic, inbox
):
    mart, small = sending
    small.performance_monitoring.enable(apt_threshold=100)
    mart.notifications.enable(topic_arn=topic.replace(":test", ":no_such_topic"))
    with pytest.warns(UserWarning, match="no_such_topic.*the next run tries again"):
        run = slow(small, 300)
    assert run["state"] == "finished"
    assert len(mart.alerts.list(state="open")) == 1
    assert "NotFound" in mart.notifications.get_details()["sns"]["last_error"]
    with pytest.warns(UserWarning, match="the next run tries again"):
        slow(small, 30)

    mart.notifications.enable(topic_arn=topic)
    slow(small, 30)
    metric = "average_processing_time"
    assert events(inbox()) == [("opened", metric), ("closed", metric)]
    assert mart.notifications.get_details()["sns"]["last_error"] is None


def test_without_a_session_or_a_reachable_aws_the_run_still_finishes(
    sending, mart, small, topic, monkeypatch
):
    small.performance_monitoring.enable(apt_threshold=100)
    mart.notifications.enable(topic_arn=topic, namespace="Test")
    with pytest.warns(UserWarning, match="boto_session"):
        assert slow(small, 300)["state"] == "finished"
    assert "boto_session" in mart.notifications.get_details()["cloudwatch"]["last_error"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.warns(UserWarning, match="Could not connect"):
        assert slow(sending[1], 300)["state"] == "finished"


def test_two_runs_at_once_publish_each_alert_once(sending, topic, inbox, query):
    mart, small = sending
    small.performance_monitoring.enable(apt_threshold=100)
    slow(small, 300)
    schema = small.database.schema
    mart.notifications.enable(topic_arn=topic)
    query(
        f"INSERT INTO {schema}.alert (subscription_id, monitor, metric, slice, state, value,"
        " opened_at, opened_by_run, last_seen_at)"
        " SELECT subscription_id, monitor, metric, n::text, 'open', value, now(), opened_by_run,"
        f" now() FROM {schema}.alert, generate_series(1, 40) n"
    )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: mart.notifications.send(), range(4)))
    assert Counter(json.loads(m["Message"])["slice"] for m in inbox()) == Counter(
        map(str, range(1, 41))
    )


def test_names_that_aws_cannot_hold_are_escaped(sending, asset, topic, inbox):
    mart, _ = sending
    other = mart.subscriptions.add(
        asset(name="größe\n\x01" + "x" * 2000, feature_columns=["size", "colour"])
    )
    mart.notifications.enable(topic_arn=topic, namespace="Hostile")
    other.performance_monitoring.enable(apt_threshold=100)
    slow(other, 300)
    [message] = inbox()
    assert (
        message["Subject"].startswith(r"Alert opened: gr\xf6\xdfe\n\x01xxx")
        and len(message["Subject"]) < 100
    )
    assert json.loads(message["Message"])["subscription"] == other.name
    assert mart.notifications.get_details()["cloudwatch"]["last_error"] is None


def test_measurements_are_metrics_that_an_alarm_can_watch(aws, sending, query):
    mart, small = sending
    mart.notifications.enable(namespace="Alarmed")
    labelled(small, "a", right=10, wrong=10)
    small.quality_monitoring.enable(threshold=0.8)
    run = small.quality_monitoring.run()
    cloudwatch = aws.client("cloudwatch")
    dimensions = [
        {"Name": "Subscription", "Value": "small"},
        {"Name": "Monitor", "Value": "quality"},
    ]
    measured = {name: value for name, value in run["metrics"].items() if value is not None}
    listed = cloudwatch.list_metrics(Namespace="Alarmed", Dimensions=dimensions)["Metrics"]
    assert sorted(metric["MetricName"] for metric in listed) == sorted(measured)

    def points(name):
        now = datetime.now(UTC)
        found = cloudwatch.get_metric_statistics(
            Namespace="Alarmed", MetricName=name, Dimensions=dimensions, Period=3600,
            Statistics=["Sum", "SampleCount"],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
        )["Datapoints"]  # fmt: skip
        return sum(p["SampleCount"] for p in found), sum(p["Sum"] for p in found)

    assert points("accuracy") == (1, 0.5)
    mart.notifications.send()
    assert points("accuracy") == (1, 0.5)  # each run once

    cloudwatch.put_metric_alarm(
        AlarmName="accuracy", Namespace="Alarmed", MetricName="accuracy", Dimensions=dimensions,
        Statistic="Minimum",
        Period=60, EvaluationPeriods=1, Threshold=0.8, ComparisonOperator="LessThanThreshold",
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while (
        cloudwatch.describe_alarms(AlarmNames=["accuracy"])["MetricAlarms"][0]["StateValue"]
        != "ALARM"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "topic",
        "arn:aws:sqs:us-east-1:123456789012:q",
        "arn:aws:sns:us-east-1:123456789012:q.fifo",
        "a\nb",
    ],
)
def test_impossible_topics(mart, bad):
    with pytest.raises(ValueError, match="topic_arn"):
        mart.notifications.enable(topic_arn=bad)
    assert mart.notifications.get_details() == {}


@pytest.mark.parametrize("bad", ["", "AWS/SageMaker", "a b", "x" * 256, "ü"])
def test_impossible_namespaces(mart, bad):
    with pytest.raises(ValueError, match="namespace"):
        mart.notifications.enable(topic_arn="arn:aws:sns:us-east-1:123456789012:q", namespace=bad)
    assert mart.notifications.get_details() == {}
