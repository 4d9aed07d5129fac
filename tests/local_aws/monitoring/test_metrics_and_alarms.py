"""A run's metrics are in CloudWatch, and an alarm on drift changes its state and recovers."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from monitors import define, definition, finished, put_capture, schedule, table
from offline import capture_config, deploy, until

NAMESPACE = "/aws/sagemaker/Endpoints/data-metrics"


def wait_for_state(cloudwatch, name, state):
    def reached():
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarm if alarm["StateValue"] == state else None

    return until(reached)


def put_alarm(cloudwatch, name, dimensions, **changes):
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": NAMESPACE,
            "MetricName": "feature_baseline_drift_balance",
            "Dimensions": dimensions,
            "Statistic": "Maximum",
            "Period": 3600,
            "EvaluationPeriods": 1,
            "Threshold": 0.1,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        | changes
    )


@pytest.fixture
def quiet(aws, endpoint):
    """A separate endpoint with the baseline of the shared one; only its test captures traffic."""
    name = deploy(aws, capture=capture_config())["EndpointName"]
    yield name
    aws.sagemaker.delete_endpoint(EndpointName=name)


def test_an_alarm_on_drift_goes_off_and_recovers(aws, quiet):
    # It reads this hour and the one before, so it must not end in the next
    left = 3600 - time.time() % 3600
    if left < 60:
        time.sleep(left)
    endpoint, cloudwatch = quiet, aws.client("cloudwatch")
    name = schedule(aws, *define(aws, definition("DataQuality", endpoint)))
    dimensions = [
        {"Name": "Endpoint", "Value": endpoint},
        {"Name": "MonitoringSchedule", "Value": name},
    ]
    put_alarm(cloudwatch, name, dimensions)
    wait_for_state(cloudwatch, name, "INSUFFICIENT_DATA")
    this = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    put_capture(aws, endpoint, this - timedelta(hours=1), table(300, shift=3, seed=2))
    aws.command("run-schedule", name, "--at", this.isoformat())
    (run,) = finished(aws, name)
    assert run["MonitoringExecutionStatus"] == "CompletedWithViolations", run
    alarm = wait_for_state(cloudwatch, name, "ALARM")
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 of the last 1 datapoints")
    metric = {
        "Namespace": NAMESPACE,
        "MetricName": "feature_baseline_drift_balance",
        "Dimensions": dimensions,
    }
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": "drift", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Maximum"}}
        ],
        StartTime=this - timedelta(hours=2),
        EndTime=this + timedelta(hours=2),
    )
    assert answer["MetricDataResults"][0]["Values"][0] > 0.1
    put_capture(aws, endpoint, this, table(300, seed=7))
    aws.command("run-schedule", name, "--at", (this + timedelta(hours=1)).isoformat())
    finished(aws, name, count=2)
    wait_for_state(cloudwatch, name, "OK")


@pytest.mark.parametrize(
    ("values", "changes", "state"),
    [
        ([5, 5], {"EvaluationPeriods": 2}, "ALARM"),
        ([5, 0], {"EvaluationPeriods": 2}, "OK"),
        ([5, 0], {"EvaluationPeriods": 2, "DatapointsToAlarm": 1}, "ALARM"),
        ([1], {"ComparisonOperator": "LessThanOrEqualToThreshold", "Threshold": 1}, "ALARM"),
        ([1, 9], {"Statistic": "Average", "Threshold": 5.5, "EvaluationPeriods": 1}, "ALARM"),
        ([], {"TreatMissingData": "breaching"}, "ALARM"),
        ([], {"TreatMissingData": "notBreaching"}, "OK"),
    ],
)
def test_an_alarms_state_follows_its_datapoints(aws, values, changes, state, request):
    cloudwatch, name = aws.client("cloudwatch"), request.node.callspec.id
    now = datetime.now(UTC)
    for number, value in enumerate(reversed(values)):
        put = {"MetricName": "m", "Value": value, "Dimensions": [{"Name": "case", "Value": name}]}
        time_of = now - timedelta(hours=number)
        cloudwatch.put_metric_data(Namespace="test", MetricData=[put | {"Timestamp": time_of}])
    dimensions = [{"Name": "case", "Value": name}]
    put_alarm(
        cloudwatch,
        name,
        dimensions,
        **{"Namespace": "test", "MetricName": "m", "Threshold": 1} | changes,
    )
    if state == "OK":  # the first state of moto's alarms
        cloudwatch.set_alarm_state(
            AlarmName=name, StateValue="ALARM", StateReason="to see it change"
        )
    wait_for_state(cloudwatch, name, state)


def test_metrics_can_be_turned_off(aws, endpoint):
    request = definition("DataQuality", endpoint)
    request["DataQualityAppSpecification"]["Environment"] = {
        "publish_cloudwatch_metrics": "Disabled"
    }
    name = schedule(aws, *define(aws, request))
    this = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    put_capture(aws, endpoint, this - timedelta(hours=600), table(30, seed=2))
    aws.command("run-schedule", name, "--at", (this - timedelta(hours=599)).isoformat())
    assert finished(aws, name)[0]["MonitoringExecutionStatus"].startswith("Completed")
    dimensions = [{"Name": "MonitoringSchedule", "Value": name}]
    assert not aws.client("cloudwatch").list_metrics(Dimensions=dimensions)["Metrics"]
