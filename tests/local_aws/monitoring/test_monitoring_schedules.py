"""Model Monitor's schedules run on captured hours, report as on AWS, and can be changed."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from monitors import define, definition, finished, past_hour, put_capture, schedule, table
from offline import unique


def run_at(aws, name, due):
    done = aws.command("run-schedule", name, "--at", due.isoformat())
    assert f"{name}, due at {due:%Y-%m-%dT%H:%M:%SZ}, runs" in done.stdout


@pytest.mark.parametrize(
    ("shift", "status", "words"),
    [
        (0.0, "Completed", "Completed: Job completed successfully with no violations."),
        (
            3.0,
            "CompletedWithViolations",
            "CompletedWithViolations: Job completed successfully with 1 violations.",
        ),
    ],
)
def test_an_hourly_run_reports_on_its_hour(aws, endpoint, read, shift, status, words):
    sagemaker, hour = aws.sagemaker, past_hour(5 if shift else 4)
    put_capture(aws, endpoint, hour, table(300, shift=shift, seed=3))
    name = schedule(aws, *define(aws, definition("DataQuality", endpoint)))
    due = hour + timedelta(hours=1)
    run_at(aws, name, due)
    (run,) = finished(aws, name)
    assert (run["MonitoringExecutionStatus"], run["ScheduledTime"]) == (status, due), run
    assert (run["EndpointName"], run["MonitoringType"]) == (endpoint, "DataQuality")
    job = sagemaker.describe_processing_job(
        ProcessingJobName=run["ProcessingJobArn"].rpartition("/")[2]
    )
    assert job["ExitMessage"] == words
    folder = f"reports/{endpoint}/{name}/{due:%Y/%m/%d/%H}"
    assert job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] == f"s3://data/{folder}"
    assert len(read(f"{folder}/constraint_violations.json")["violations"]) == (1 if shift else 0)
    assert read(f"{folder}/statistics.json")["dataset"]["item_count"] == 300
    assert read(f"{folder}/constraints.json")["features"]
    expected = {
        "start_time": f"{hour:%Y-%m-%dT%H}:00:00Z",
        "end_time": f"{due:%Y-%m-%dT%H}:00:00Z",
        "sagemaker_endpoint_name": endpoint,
        "sagemaker_monitoring_schedule_name": name,
        "publish_cloudwatch_metrics": "Enabled",
    }
    assert {key: job["Environment"][key] for key in expected} == expected
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    assert described["LastMonitoringExecutionSummary"] == run
    assert (described["MonitoringScheduleStatus"], described["EndpointName"]) == (
        "Scheduled",
        endpoint,
    )


def test_a_schedule_of_expression_now_reads_data_before_now(aws, endpoint):
    put_capture(aws, endpoint, past_hour(3), table(50, seed=4))
    name = schedule(
        aws,
        *define(aws, definition("DataQuality", endpoint)),
        "NOW",
        DataAnalysisStartTime="-PT3H",
        DataAnalysisEndTime="-PT2H",
    )
    (run,) = finished(aws, name)
    assert run["MonitoringExecutionStatus"].startswith("Completed")


def test_the_next_run_reads_everything_captured_up_to_now(aws, endpoint):
    name = schedule(
        aws, *define(aws, definition("DataQuality", endpoint, DataQualityBaselineConfig={}))
    )
    for attempt in (1, 2):  # the hour may end between the request and the run
        aws.invoke(endpoint, "1,2,3")
        aws.command("run-schedule", name)
        run = finished(aws, name, count=attempt)[0]
        if run["MonitoringExecutionStatus"] == "Completed":
            break
    assert run["MonitoringExecutionStatus"] == "Completed", run


def test_a_window_without_data_is_not_a_success(aws, endpoint):
    name = schedule(aws, *define(aws, definition("DataQuality", endpoint)))
    run_at(aws, name, past_hour(400))
    (run,) = finished(aws, name)
    assert (run["MonitoringExecutionStatus"], run["FailureReason"]) == (
        "Failed",
        "Job inputs had no data",
    )
    assert "ProcessingJobArn" not in run


def test_offsets_move_the_window(aws, endpoint, read):
    hour = past_hour(30)
    put_capture(aws, endpoint, hour, table(40, seed=5))
    asked = definition("DataQuality", endpoint)
    offsets = {"StartTimeOffset": "-P1D", "EndTimeOffset": "-PT23H"}
    asked["DataQualityJobInput"]["EndpointInput"] |= offsets
    name = schedule(aws, *define(aws, asked))
    due = hour + timedelta(days=1)
    run_at(aws, name, due)
    (run,) = finished(aws, name)
    assert run["MonitoringExecutionStatus"].startswith("Completed"), run
    assert (
        read(f"reports/{endpoint}/{name}/{due:%Y/%m/%d/%H}/statistics.json")["dataset"][
            "item_count"
        ]
        == 40
    )


def test_a_daily_run_reads_the_hours_of_its_day(aws, endpoint, read):
    due = past_hour(200)
    for hours in (2, 20, 24, 25):
        put_capture(aws, endpoint, due - timedelta(hours=hours), table(10, seed=hours))
    expression = f"cron(0 {due.hour} ? * * *)"
    name = schedule(aws, *define(aws, definition("DataQuality", endpoint)), expression)
    run_at(aws, name, due)
    (run,) = finished(aws, name)
    assert run["MonitoringExecutionStatus"].startswith("Completed"), run
    assert (
        read(f"reports/{endpoint}/{name}/{due:%Y/%m/%d/%H}/statistics.json")["dataset"][
            "item_count"
        ]
        == 30
    )


@pytest.mark.parametrize(
    ("kind", "seconds", "expression", "fits"),
    [
        ("DataQuality", 3600, "cron(0 * ? * * *)", True),
        ("DataQuality", 3601, "cron(0 * ? * * *)", False),
        ("ModelQuality", 1800, "cron(0 * ? * * *)", True),
        ("ModelQuality", 1801, "cron(0 * ? * * *)", False),
        ("ModelQuality", 7200, "cron(0 0/2 ? * * *)", True),
        ("DataQuality", 7201, "cron(0 0/2 ? * * *)", False),
        ("DataQuality", 86400, "cron(0 7 ? * * *)", True),
    ],
)
def test_a_run_must_end_before_the_next_begins(aws, endpoint, kind, seconds, expression, fits):
    defined = define(
        aws, definition(kind, endpoint, StoppingCondition={"MaxRuntimeInSeconds": seconds})
    )
    if fits:
        schedule(aws, *defined, expression)
        return
    with pytest.raises(
        ClientError, match="stopping condition should be smaller than schedule cadence"
    ) as error:
        schedule(aws, *defined, expression)
    assert error.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("cron(30 * ? * * *)", "not supported"),
        ("cron(0 24 ? * * *)", "not supported"),
        ("cron(0 0/0 ? * * *)", "not supported"),
        ("rate(1 hour)", "not supported"),
        ("NOW", "DataAnalysisStartTime"),
    ],
)
def test_other_expressions_are_refused(aws, endpoint, expression, words):
    with pytest.raises(ClientError, match=words):
        schedule(aws, *define(aws, definition("DataQuality", endpoint)), expression)


def test_a_schedule_is_updated_stopped_started_and_deleted(aws, endpoint):
    sagemaker = aws.sagemaker
    first, second = (define(aws, definition("DataQuality", endpoint))[1] for _ in range(2))
    name = schedule(aws, "DataQuality", first)
    asked = {"MonitoringScheduleName": name}
    config = {"MonitoringJobDefinitionName": second, "MonitoringType": "DataQuality"}
    sagemaker.update_monitoring_schedule(**asked, MonitoringScheduleConfig=config)
    changed = sagemaker.describe_monitoring_schedule(**asked)["MonitoringScheduleConfig"]
    assert changed == config | {"ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}}
    for call, status in (("stop", "Stopped"), ("stop", "Stopped"), ("start", "Scheduled")):
        getattr(sagemaker, f"{call}_monitoring_schedule")(**asked)
        assert sagemaker.describe_monitoring_schedule(**asked)["MonitoringScheduleStatus"] == status
    listed = sagemaker.list_monitoring_schedules(
        EndpointName=endpoint, MonitoringJobDefinitionName=second
    )
    assert [one["MonitoringScheduleName"] for one in listed["MonitoringScheduleSummaries"]] == [
        name
    ]
    assert not sagemaker.list_monitoring_schedules(EndpointName="another")[
        "MonitoringScheduleSummaries"
    ]
    sagemaker.delete_data_quality_job_definition(JobDefinitionName=first)
    with pytest.raises(ClientError, match=name):
        sagemaker.delete_data_quality_job_definition(JobDefinitionName=second)
    sagemaker.delete_monitoring_schedule(**asked)
    sagemaker.delete_data_quality_job_definition(JobDefinitionName=second)
    for call in ("describe", "start", "stop", "delete"):
        with pytest.raises(sagemaker.exceptions.ResourceNotFound):
            getattr(sagemaker, f"{call}_monitoring_schedule")(**asked)


@pytest.mark.parametrize("kind", ["DataQuality", "ModelQuality"])
def test_a_job_definition_is_described_and_listed(aws, endpoint, kind):
    sagemaker, word = (
        aws.sagemaker,
        {"DataQuality": "data_quality", "ModelQuality": "model_quality"}[kind],
    )
    request = definition(kind, endpoint)
    name = define(aws, request)[1]
    described = getattr(sagemaker, f"describe_{word}_job_definition")(JobDefinitionName=name)
    assert {member: described[member] for member in request} == request
    assert described["JobDefinitionArn"].endswith(
        f":{word.replace('_', '-')}-job-definition/{name}"
    )
    listed = getattr(sagemaker, f"list_{word}_job_definitions")(
        NameContains=name, EndpointName=endpoint
    )
    (summary,) = listed["JobDefinitionSummaries"]
    assert (summary["MonitoringJobDefinitionName"], summary["EndpointName"]) == (name, endpoint)
    assert summary["MonitoringJobDefinitionArn"] == described["JobDefinitionArn"]
    with pytest.raises(ClientError) as error:
        define(aws, request)
    assert error.value.response["Error"]["Code"] == "ResourceInUse"
    getattr(sagemaker, f"delete_{word}_job_definition")(JobDefinitionName=name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        getattr(sagemaker, f"describe_{word}_job_definition")(JobDefinitionName=name)


def test_a_definition_that_cannot_run_is_refused(aws, endpoint):
    plain = aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    asked = {
        "image": {"ImageUri": "other:1"},
        "script": {"RecordPreprocessorSourceUri": "s3://data/p.py"},
    }
    for words, app in (
        ("no offline counterpart", asked["image"]),
        ("not supported offline", asked["script"]),
    ):
        request = definition("DataQuality", endpoint)
        request["DataQualityAppSpecification"] |= app
        with pytest.raises(ClientError, match=words):
            define(aws, request)
    with pytest.raises(ClientError, match="Could not find"):
        define(aws, definition("DataQuality", unique("absent")))
    config = {"MonitoringJobDefinitionName": plain, "MonitoringType": "ModelBias"}
    with pytest.raises(ClientError, match="ModelBias is not supported offline"):
        aws.sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=unique("s"), MonitoringScheduleConfig=config
        )


def test_a_missing_schedule_is_reported(aws):
    done = aws.command("run-schedule", "nobody", check=False)
    assert done.returncode == 1 and done.stderr == "local_aws: There is no schedule 'nobody'.\n"
