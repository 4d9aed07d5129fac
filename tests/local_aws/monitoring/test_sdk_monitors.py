"""The SDK's DefaultModelMonitor and ModelQualityMonitor, from baseline to deletion."""

import time
from datetime import timedelta

import pytest
from monitors import past_hour, put_capture, table
from offline import unique
from test_analyzer_image import labelled
from test_ground_truth import put_truth, traffic

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Skip the SDK's waits for a schedule, five seconds each."""
    monkeypatch.setattr(time, "sleep", lambda seconds, sleep=time.sleep: sleep(min(seconds, 0.2)))


def make(kind, session, **changes):
    options = {"instance_count": 1, "instance_type": "ml.m5.large", "max_runtime_in_seconds": 1800}
    return kind(role="TutorialExecutionRole", sagemaker_session=session, **options | changes)


def ended(monitor, count=1, seconds=90):
    """Wait for a number of ended executions; returns the last status."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        executions = monitor.list_executions()
        states = [one.describe()["ProcessingJobStatus"] for one in executions]
        last = monitor.describe_schedule().get("LastMonitoringExecutionSummary", {})
        status = last.get("MonitoringExecutionStatus")
        if (
            len(states) == count
            and "InProgress" not in states
            and status not in ("Pending", "InProgress")
        ):
            return status
        time.sleep(0.2)
    raise AssertionError(states)


def test_data_quality_from_baseline_to_deletion(aws, endpoint, session):
    from sagemaker.core.model_monitor import (
        CronExpressionGenerator,
        DatasetFormat,
        DefaultModelMonitor,
    )

    aws.s3.put_object(Bucket="data", Key="sdk/train.csv", Body=table())
    monitor = make(DefaultModelMonitor, session)
    monitor.suggest_baseline(
        baseline_dataset="s3://data/sdk/train.csv",
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri="s3://data/sdk/baseline",
        wait=True,
        logs=False,
    )
    hour = past_hour(250)
    put_capture(aws, endpoint, hour, table(300, shift=3, seed=2))
    name = unique("sdk-data-quality")
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=endpoint,
        output_s3_uri="s3://data/sdk/reports",
        statistics=monitor.baseline_statistics(),
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.hourly(),
        enable_cloudwatch_metrics=True,
    )
    assert monitor.describe_schedule()["MonitoringScheduleStatus"] == "Scheduled"
    assert monitor.list_executions() == []
    aws.command("run-schedule", name, "--at", (hour + timedelta(hours=1)).isoformat())
    assert ended(monitor) == "CompletedWithViolations"
    (violation,) = monitor.latest_monitoring_constraint_violations().body_dict["violations"]
    assert (violation["feature_name"], violation["constraint_check_type"]) == (
        "balance",
        "baseline_drift_check",
    )
    assert monitor.latest_monitoring_statistics().body_dict["dataset"]["item_count"] == 300
    assert DefaultModelMonitor.attach(name, session).list_executions()
    monitor.stop_monitoring_schedule()
    assert monitor.describe_schedule()["MonitoringScheduleStatus"] == "Stopped"
    monitor.start_monitoring_schedule()
    monitor.update_monitoring_schedule(
        schedule_cron_expression=CronExpressionGenerator.daily(hour=5)
    )
    monitor.update_monitoring_schedule(
        max_runtime_in_seconds=600, output_s3_uri="s3://data/sdk/elsewhere"
    )
    config = monitor.describe_schedule()["MonitoringScheduleConfig"]
    assert config["ScheduleConfig"]["ScheduleExpression"] == "cron(0 5 ? * * *)"
    monitor.delete_monitoring_schedule()
    listed = aws.sagemaker.list_monitoring_schedules(NameContains=name)
    assert not listed["MonitoringScheduleSummaries"]


def test_a_run_of_now_by_the_sdk(aws, endpoint, session):
    from sagemaker.core.model_monitor import CronExpressionGenerator, DefaultModelMonitor

    put_capture(aws, endpoint, past_hour(3), table(100, seed=8))
    monitor = make(DefaultModelMonitor, session)
    monitor.create_monitoring_schedule(
        endpoint_input=endpoint,
        output_s3_uri="s3://data/sdk/now",
        statistics="s3://data/baseline/out/statistics.json",
        constraints="s3://data/baseline/out/constraints.json",
        schedule_cron_expression=CronExpressionGenerator.now(),
        data_analysis_start_time="-PT3H",
        data_analysis_end_time="-PT2H",
    )
    assert ended(monitor).startswith("Completed")
    monitor.delete_monitoring_schedule()


def test_a_schedule_refused_for_its_length_leaves_nothing_behind(aws, endpoint, session):
    from sagemaker.core.model_monitor import CronExpressionGenerator, DefaultModelMonitor

    monitor = make(
        DefaultModelMonitor, session, max_runtime_in_seconds=7200, base_job_name=unique("too-long")
    )
    with pytest.raises(
        Exception, match="stopping condition should be smaller than schedule cadence"
    ):
        monitor.create_monitoring_schedule(
            endpoint_input=endpoint, schedule_cron_expression=CronExpressionGenerator.hourly()
        )
    listed = aws.sagemaker.list_data_quality_job_definitions(NameContains=monitor.base_job_name)
    assert not listed["JobDefinitionSummaries"]


def test_model_quality_from_baseline_to_violations(aws, endpoint, session):
    from sagemaker.core.model_monitor import (
        CronExpressionGenerator,
        DatasetFormat,
        EndpointInput,
        ModelQualityMonitor,
    )

    aws.s3.put_object(Bucket="data", Key="sdk-quality/validation.csv", Body=labelled())
    monitor = make(ModelQualityMonitor, session)
    monitor.suggest_baseline(
        baseline_dataset="s3://data/sdk-quality/validation.csv",
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri="s3://data/sdk-quality/baseline",
        problem_type="BinaryClassification",
        inference_attribute="prediction",
        ground_truth_attribute="label",
        wait=True,
        logs=False,
    )
    assert "binary_classification_constraints" in monitor.suggested_constraints().body_dict
    hour = past_hour(300)
    put_truth(aws, hour, traffic(aws, endpoint, hour, 200), prefix="sdk-truth")
    source = EndpointInput(
        endpoint_name=endpoint, destination="/opt/ml/processing/input_data", inference_attribute="0"
    )
    name = unique("sdk-quality")
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=source,
        ground_truth_input="s3://data/sdk-truth",
        problem_type="BinaryClassification",
        output_s3_uri="s3://data/sdk-quality/reports",
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.hourly(),
    )
    aws.command("run-schedule", name, "--at", (hour + timedelta(hours=1)).isoformat())
    assert ended(monitor) == "CompletedWithViolations"
    violations = monitor.latest_monitoring_constraint_violations().body_dict["violations"]
    assert {"accuracy", "recall"} <= {one["metric_name"] for one in violations}
    monitor.delete_monitoring_schedule()
