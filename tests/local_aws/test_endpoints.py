"""Endpoints: their life cycle, their responses and their errors."""

import json
from contextlib import contextmanager

import psutil
import pytest
from botocore.exceptions import ClientError
from offline import LINEAR_LEARNER, configure, deploy, unique, until


@pytest.fixture(scope="module")
def endpoint(aws):
    name = deploy(aws)["EndpointName"]
    yield name
    aws.sagemaker.delete_endpoint(EndpointName=name)


@contextmanager
def no_process_starting(aws):
    """Delay the start of the models' processes: a new endpoint or an update stays in progress."""
    children = psutil.Process(aws.server["pid"]).children()
    (starter,) = [
        child for child in children if "multiprocessing.forkserver" in " ".join(child.cmdline())
    ]
    starter.suspend()
    try:
        yield
    finally:
        starter.resume()


def test_an_endpoint_goes_from_creating_to_in_service_to_deleted(aws):
    name = unique("life")
    configure(aws, name)
    with no_process_starting(aws):
        aws.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        assert aws.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Creating"
    described = aws.wait("Endpoint", name)
    assert described["EndpointStatus"] == "InService"
    (variant,) = described["ProductionVariants"]
    assert variant["DeployedImages"][0]["SpecifiedImage"] == LINEAR_LEARNER
    aws.sagemaker.delete_endpoint(EndpointName=name)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        aws.sagemaker.describe_endpoint(EndpointName=name)
    with pytest.raises(ClientError, match=f"Endpoint {name} of account 123456789012 not found"):
        aws.invoke(name)


def test_a_response_names_its_variant_and_returns_custom_attributes(aws, endpoint):
    answer = aws.invoke(endpoint, "2,2,2\n0,0,0", CustomAttributes="trace=7")
    assert [row["predicted_label"] for row in json.loads(answer["Body"])["predictions"]] == [1, 0]
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "trace=7"
    assert answer["ContentType"].startswith("application/json")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "image/png"])
def test_a_content_type_the_model_does_not_know_is_a_model_error(aws, endpoint, content_type):
    with pytest.raises(aws.client("sagemaker-runtime").exceptions.ModelError) as error:
        aws.invoke(endpoint, b"\x00\xff", content_type)
    assert error.value.response["OriginalStatusCode"] == 415


def test_a_model_error_contains_the_models_message(aws, endpoint):
    with pytest.raises(aws.client("sagemaker-runtime").exceptions.ModelError) as error:
        aws.invoke(endpoint, "1,2")
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == 400
    assert "3 features" in answer["OriginalMessage"]
    assert answer["LogStreamArn"].endswith(f"log-group:/aws/sagemaker/Endpoints/{endpoint}")
    assert "Received client error (400) from primary" in answer["Error"]["Message"]


def test_an_unknown_variant_is_a_validation_error(aws, endpoint):
    with pytest.raises(ClientError, match="Variant nope not found") as error:
        aws.invoke(endpoint, TargetVariant="nope")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_logs_of_the_model_are_in_cloudwatch(aws, endpoint):
    logs, group = aws.client("logs"), f"/aws/sagemaker/Endpoints/{endpoint}"
    until(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith("AllTraffic/i-")


def test_variants_share_traffic_by_weight_and_can_be_invoked_by_name(aws):
    name = deploy(aws, variants=("champion", "challenger"))["EndpointName"]
    seen = [aws.invoke(name)["InvokedProductionVariant"] for _ in range(100)]
    assert 20 < seen.count("champion") < 80  # a fair coin leaves this range once in 10^9
    assert aws.invoke(name, TargetVariant="challenger")["InvokedProductionVariant"] == "challenger"
    weights = [
        {"VariantName": "champion", "DesiredWeight": 0},
        {"VariantName": "challenger", "DesiredWeight": 3},
    ]
    aws.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=weights
    )
    described = aws.wait("Endpoint", name)
    assert [variant["CurrentWeight"] for variant in described["ProductionVariants"]] == [0, 3]
    assert {aws.invoke(name)["InvokedProductionVariant"] for _ in range(20)} == {"challenger"}
    with pytest.raises(ClientError, match="third"):
        aws.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[{"VariantName": "third", "DesiredWeight": 1}],
        )
    aws.sagemaker.delete_endpoint(EndpointName=name)


def test_a_model_without_an_artifact_fails_with_the_reason(aws):
    described = deploy(aws, model_data=None)
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    with pytest.raises(ClientError, match="is not in service"):
        aws.invoke(described["EndpointName"])
    aws.sagemaker.delete_endpoint(EndpointName=described["EndpointName"])


def test_an_update_serves_the_old_model_until_the_new_one_is_ready(aws):
    name, second = deploy(aws)["EndpointName"], unique("second")
    configure(aws, second, variants=("blue", "green"))
    with no_process_starting(aws):
        aws.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second)
        seen = {aws.invoke(name)["InvokedProductionVariant"]}
    while aws.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Updating":
        seen.add(aws.invoke(name)["InvokedProductionVariant"])
    assert seen <= {"AllTraffic", "blue", "green"} and "AllTraffic" in seen
    described = aws.wait("Endpoint", name)
    assert described["EndpointStatus"] == "InService" and described["EndpointConfigName"] == second
    assert aws.invoke(name, TargetVariant="blue")["InvokedProductionVariant"] == "blue"
    aws.sagemaker.delete_endpoint(EndpointName=name)


def test_an_update_that_fails_leaves_the_old_model_in_service(aws):
    name, broken = deploy(aws)["EndpointName"], unique("broken")
    configure(aws, broken, model_data=None)
    aws.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=broken)
    described = aws.wait("Endpoint", name)
    assert described["EndpointStatus"] == "InService" and described["EndpointConfigName"] == name
    assert "ping health check" in described["FailureReason"]
    assert aws.invoke(name)["InvokedProductionVariant"] == "AllTraffic"
    aws.sagemaker.delete_endpoint(EndpointName=name)


def test_an_endpoint_outlives_its_model_and_configuration(aws):
    name = deploy(aws)["EndpointName"]
    aws.sagemaker.delete_model(ModelName=name)
    aws.sagemaker.delete_endpoint_config(EndpointConfigName=name)
    assert aws.invoke(name)["Body"]
    assert aws.sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"] == name
    aws.sagemaker.delete_endpoint(EndpointName=name)


@pytest.mark.parametrize(
    ("call", "arguments", "words"),
    [
        ("create_model", {"PrimaryContainer": {"Image": "unknown:1"}}, "unknown:1"),
        (
            "create_model",
            {"PrimaryContainer": {"Image": LINEAR_LEARNER, "ModelDataUrl": "s3://data/no.tar.gz"}},
            "no.tar.gz",
        ),
        ("create_model", {}, "PrimaryContainer"),
    ],
)
def test_a_model_that_cannot_serve_is_refused(aws, call, arguments, words):
    role = "arn:aws:iam::123456789012:role/r"
    with pytest.raises(ClientError, match=words) as error:
        aws.sagemaker.create_model(ModelName="refused", ExecutionRoleArn=role, **arguments)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_configuration_needs_its_model_and_an_endpoint_its_configuration(aws):
    variant = {
        "VariantName": "a",
        "ModelName": "missing",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    with pytest.raises(ClientError, match=r'Could not find model "arn:.*model/missing"'):
        aws.sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        aws.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="missing")


def test_names_in_use_are_refused_as_on_aws(aws, endpoint):
    with pytest.raises(ClientError, match="Cannot create already existing endpoint ") as error:
        aws.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_asynchronous_endpoints_are_refused(aws, endpoint):
    variant = {
        "VariantName": "a",
        "ModelName": endpoint,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    with pytest.raises(ClientError, match="AsyncInferenceConfig is not supported offline"):
        aws.sagemaker.create_endpoint_config(
            EndpointConfigName="async",
            ProductionVariants=[variant],
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://data/x"}},
        )
