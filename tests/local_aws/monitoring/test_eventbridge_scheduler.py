"""EventBridge Scheduler: a schedule whose target is a SageMaker operation really calls it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from monitors import ANALYZER, BASELINE, ROLE, suggest
from offline import unique, until

from local_aws.scheduler.expressions import next_time

TARGET = "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob"


@pytest.fixture
def scheduler(aws):
    """A client whose responses are all checked against botocore's model."""
    client = aws.client("scheduler")

    def check(parsed, model, http_response, **_):
        if http_response.status_code < 300:
            answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
            report = ParamValidator().validate(answer, model.output_shape)
            assert not report.has_errors(), f"{model.name}: {report.generate_report()}"

    client.meta.events.register("after-call", check, unique_id="check")
    return client


def job(prefix):
    """A request for a processing job that suggests a baseline, named by the scheduler."""
    return {
        "ProcessingJobName": f"{prefix}-<aws.scheduler.execution-id>",
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": ANALYZER},
        "Environment": BASELINE | {
            "output_path": "/opt/ml/processing/output",
            "due": "<aws.scheduler.scheduled-time>",
            "by": "<aws.scheduler.schedule-arn>",
            "attempt": "<aws.scheduler.attempt-number>",
        },
        "ProcessingInputs": [{"InputName": "data", "S3Input": {
            "S3Uri": "s3://data/baseline/in/", "LocalPath": "/opt/ml/processing/input/data",
            "S3DataType": "S3Prefix", "S3InputMode": "File"}}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "result", "S3Output": {
            "S3Uri": f"s3://data/{prefix}", "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob"}}]},
        "ProcessingResources": {"ClusterConfig": {
            "InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}},
    }  # fmt: skip


def create(scheduler, expression, **changes):
    name = unique("scheduled")
    request = {
        "Name": name,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": TARGET, "RoleArn": ROLE, "Input": json.dumps(job(name))},
    }
    scheduler.create_schedule(**request | changes)
    return name


def jobs_of(aws, name, count):
    def listed():
        return aws.sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]

    until(lambda: len(listed()) >= count)
    assert len(listed()) == count
    return [aws.wait("ProcessingJob", one["ProcessingJobName"]) for one in listed()]


@pytest.fixture(scope="module", autouse=True)
def data(aws):
    suggest(aws)


def test_a_one_time_schedule_starts_its_job_once_and_is_deleted(aws, scheduler):
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    name = create(scheduler, f"at({due:%Y-%m-%dT%H:%M:%S})", ActionAfterCompletion="DELETE")
    assert scheduler.get_schedule(Name=name)["ScheduleExpression"].startswith("at(")
    (done,) = jobs_of(aws, name, 1)
    assert done["ProcessingJobStatus"] == "Completed", done.get("FailureReason")
    execution = done["ProcessingJobName"].removeprefix(f"{name}-")
    assert len(execution) == 16 and int(execution, 16)
    told = done["Environment"]
    assert told["due"] == f"{due:%Y-%m-%dT%H:%M:%SZ}" and told["attempt"] == "1"
    assert told["by"] == f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}"
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=name)


def test_a_rate_starts_at_once_but_a_disabled_schedule_never_does(aws, scheduler):
    never = create(scheduler, "rate(1 hour)", State="DISABLED")
    name = create(scheduler, "rate(1 hour)")
    jobs_of(aws, name, 1)
    jobs_of(aws, never, 0)
    scheduler.delete_schedule(Name=name)


def test_it_can_be_run_now(aws, scheduler):
    name = create(scheduler, "cron(0 3 1 1 ? *)", State="DISABLED")
    for count in (1, 2):  # with a new name each time
        done = aws.command("run-schedule", name, "--at", "2026-01-01T03:00")
        assert (
            f"EventBridge schedule {name}, due at 2026-01-01T03:00:00Z, runs: arn:aws:sagemaker"
            in done.stdout
        )
        assert jobs_of(aws, name, count)[0]["Environment"]["due"] == "2026-01-01T03:00:00Z"


def test_a_target_that_refuses_is_reported_and_counted(aws, scheduler):
    broken = job("broken") | {"AppSpecification": {"ImageUri": "other:1"}}
    target = {"Arn": TARGET, "RoleArn": ROLE, "Input": json.dumps(broken)}
    name = create(scheduler, "cron(0 3 1 1 ? *)", Target=target)
    done = aws.command("run-schedule", name, check=False)
    assert done.returncode == 1 and "other:1" in done.stderr
    counted = aws.client("cloudwatch").list_metrics(
        Namespace="AWS/Scheduler", MetricName="TargetErrorCount"
    )
    assert counted["Metrics"][0]["Dimensions"] == [{"Name": "ScheduleGroup", "Value": "default"}]


@pytest.mark.parametrize(
    ("expression", "changes", "words"),
    [
        ("every hour", {}, "isn't cron"),
        ("cron(0 0 * * * *)", {}, "question mark"),
        ("cron(61 * ? * * *)", {}, "minute"),
        ("rate(0 minutes)", {}, "whole number"),
        ("at(tomorrow)", {}, "can't be read"),
        ("rate(1 hour)", {"ScheduleExpressionTimezone": "Mars/Base"}, "Mars/Base"),
        ("rate(1 hour)",
         {"Target": {"Arn": "arn:aws:lambda:us-east-1:1:function:f", "RoleArn": ROLE}}, "lambda"),
        ("rate(1 hour)",
         {"Target": {"Arn": TARGET + "s", "RoleArn": ROLE}}, "createProcessingJobs"),
        ("rate(1 hour)",
         {"Target": {"Arn": TARGET, "RoleArn": ROLE, "Input": "[1]"}}, "JSON object"),
    ],
)  # fmt: skip
def test_a_schedule_that_could_never_fire_is_refused(scheduler, expression, changes, words):
    with pytest.raises(ClientError, match=words) as error:
        create(scheduler, expression, **changes)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_missing_group_is_reported(scheduler):
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        create(scheduler, "rate(1 hour)", GroupName="nowhere", State="DISABLED")


def test_schedules_are_updated_and_listed(scheduler):
    name = create(scheduler, "rate(1 hour)", State="DISABLED")
    target = {"Arn": TARGET, "RoleArn": ROLE, "Input": "{}"}
    asked = {
        "Name": name,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
        "State": "DISABLED",
    }
    scheduler.update_schedule(ScheduleExpression="rate(2 hours)", **asked)
    assert scheduler.get_schedule(Name=name)["ScheduleExpression"] == "rate(2 hours)"
    assert [one["Name"] for one in scheduler.list_schedules(NamePrefix=name)["Schedules"]] == [name]


MORNING = datetime(2026, 3, 28, 8, 30, tzinfo=UTC)  # the day before Europe moves its clocks


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("cron(0 * ? * * *)", "UTC", MORNING.replace(hour=9, minute=0)),
        ("cron(15 10 ? * * *)", "Europe/Berlin", MORNING.replace(hour=9, minute=15)),
        ("cron(15 9 ? * * *)", "Europe/Berlin", datetime(2026, 3, 29, 7, 15, tzinfo=UTC)),
        ("cron(0 0 L * ? *)", "UTC", datetime(2026, 3, 31, tzinfo=UTC)),
        ("cron(0 0 ? * MON#1 *)", "UTC", datetime(2026, 4, 6, tzinfo=UTC)),
        ("cron(0 0 1 1 ? 2020)", "UTC", None),
        ("rate(5 minutes)", "UTC", MORNING.replace(minute=32)),
        ("at(2026-03-28T10:00:00)", "Europe/Berlin", MORNING.replace(hour=9, minute=0)),
        ("at(2026-03-28T08:30:00)", "UTC", None),
    ],
)
def test_the_next_time_of_an_expression(expression, zone, expected):
    start = MORNING - timedelta(minutes=8)
    assert next_time(expression, MORNING, zone, start) == expected


def test_schedules_survive_a_crash(own_aws):
    own_aws.s3.create_bucket(Bucket="data")
    scheduler = own_aws.client("scheduler")
    scheduler.create_schedule_group(Name="mine")
    soon = datetime.now(UTC) + timedelta(days=1)
    name = create(scheduler, "cron(0 3 1 1 ? *)", GroupName="mine", StartDate=soon, Description="d")
    gone = create(scheduler, "rate(1 hour)", State="DISABLED")
    scheduler.delete_schedule(Name=gone)
    before = scheduler.get_schedule(Name=name, GroupName="mine")
    own_aws.command("stop")
    scheduler = own_aws.start().client("scheduler")
    after = scheduler.get_schedule(Name=name, GroupName="mine")
    for answer in (before, after):
        del answer["ResponseMetadata"]
    assert after == before
    assert [one["Name"] for one in scheduler.list_schedules()["Schedules"]] == [name]
