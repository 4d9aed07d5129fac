"""Shadow variants and CloudWatch metrics of endpoints; models that crash."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from offline import capture_config, captured, configure, deploy, unique, until


def statistics(aws, endpoint, name, variant="AllTraffic"):
    """Return the sums of a metric's datapoints: (sample count, sum)."""
    now = datetime.now(UTC)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=name,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    return sum(point["SampleCount"] for point in points), sum(point["Sum"] for point in points)


def test_a_shadow_gets_the_requests_and_responds_to_none(aws):
    prefix = unique("shadowed")
    name = deploy(
        aws, variants=("live",), shadows=("shadow",), capture=capture_config(f"s3://data/{prefix}")
    )["EndpointName"]
    described = aws.sagemaker.describe_endpoint(EndpointName=name)
    assert [variant["VariantName"] for variant in described["ShadowProductionVariants"]] == [
        "shadow"
    ]
    for number in range(5):
        assert aws.invoke(name, InferenceId=f"id-{number}")["InvokedProductionVariant"] == "live"
    records = captured(aws, prefix, count=10)
    for variant in ("live", "shadow"):
        ids = [
            record["eventMetadata"]["inferenceId"]
            for key, record in records
            if f"/{variant}/" in key
        ]
        assert sorted(ids) == [f"id-{number}" for number in range(5)]
    with pytest.raises(ClientError, match="Variant shadow not found"):
        aws.invoke(name, TargetVariant="shadow")
    aws.sagemaker.delete_endpoint(EndpointName=name)


def test_two_production_variants_cannot_have_a_shadow(aws):
    with pytest.raises(ClientError, match="one production variant only"):
        configure(aws, unique("two"), variants=("a", "b"), shadows=("c",))


def test_requests_are_counted_and_timed(aws):
    name = deploy(aws)["EndpointName"]
    began = time.monotonic()
    for _ in range(4):
        aws.invoke(name)
    with pytest.raises(ClientError):
        aws.invoke(name, "1")
    most = (time.monotonic() - began) * 1e6
    until(lambda: statistics(aws, name, "Invocations")[0] == 5)
    assert statistics(aws, name, "Invocations") == (5, 5)
    assert statistics(aws, name, "Invocation4XXErrors") == (5, 1)
    assert statistics(aws, name, "Invocation5XXErrors") == (5, 0)
    assert statistics(aws, name, "InvocationModelErrors") == (5, 1)
    count, model = statistics(aws, name, "ModelLatency")
    assert count == 5 and model / count > 100
    count, overhead = statistics(aws, name, "OverheadLatency")
    assert count == 5 and overhead > 0 and model + overhead < most
    aws.sagemaker.delete_endpoint(EndpointName=name)


def test_a_model_that_crashes_is_started_again(aws):
    name = deploy(aws)["EndpointName"]
    newest = max((aws.state / "aws" / "endpoints").iterdir(), key=lambda path: path.stat().st_mtime)
    (process,) = aws.containers_of(newest)
    process.kill()
    with pytest.raises(aws.client("sagemaker-runtime").exceptions.ModelError):
        aws.invoke(name)

    def answers():
        try:
            return aws.invoke(name)["Body"]
        except ClientError:
            return False

    until(answers)
    assert aws.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
    aws.sagemaker.delete_endpoint(EndpointName=name)
