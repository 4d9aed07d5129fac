"""Unsupported requests are refused at once, by name, with an error that no client retries."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from offline import LINEAR_LEARNER


@pytest.fixture
def patient(aws):
    """Make clients with botocore's usual retries."""
    session = boto3.Session(
        aws.env["AWS_ACCESS_KEY_ID"],
        aws.env["AWS_SECRET_ACCESS_KEY"],
        aws.env["AWS_SESSION_TOKEN"],
        "us-east-1",
    )
    config = Config(retries={"total_max_attempts": 5, "mode": "standard"})
    return lambda service: session.client(
        service, endpoint_url=aws.env["AWS_ENDPOINT_URL"], config=config
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "words"),
    [
        ("sagemaker", "create_transform_job", {
            "TransformJobName": "t", "ModelName": "m",
            "TransformOutput": {"S3OutputPath": "s3://b/o"},
            "TransformInput": {"DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": "s3://b/i"}}},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}},
         "CreateTransformJob"),
        ("sagemaker", "list_hubs", {}, "ListHubs"),
        ("sagemaker-runtime", "invoke_endpoint_async",
         {"EndpointName": "e", "InputLocation": "s3://b/k"}, "async-invocations"),
        ("iam", "generate_credential_report", {}, ""),
        ("sts", "decode_authorization_message", {"EncodedMessage": "x"},
         "decode_authorization_message"),
        ("logs", "list_anomalies", {}, "list_anomalies"),
        ("cloudwatch", "list_managed_insight_rules", {"ResourceARN": "arn:aws:x"},
         "list_managed_insight_rules"),
    ],
)  # fmt: skip
def test_it_is_reported_at_once(patient, service, operation, arguments, words):
    try:
        getattr(patient(service), operation)(**arguments)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["RetryAttempts"] == 0
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert error.response["Error"]["Code"] == "UnsupportedOperation"
        assert words in error.response["Error"]["Message"]
    else:
        assert not words, f"{service}.{operation} is supported"


def test_an_unknown_service_is_refused(patient):
    with pytest.raises(ClientError) as error:
        patient("sagemaker-geospatial").list_raster_data_collections()
    assert error.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_policies_are_simulated_as_allowed(aws):
    answer = aws.client("iam").simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:role/TutorialExecutionRole",
        ActionNames=["sagemaker:CreateTrainingJob", "s3:GetObject"],
    )
    decisions = {
        result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]
    }
    assert decisions == {"sagemaker:CreateTrainingJob": "allowed", "s3:GetObject": "allowed"}


def test_a_pipeline_of_containers_is_refused(aws):
    containers = [{"Image": LINEAR_LEARNER}, {"Image": LINEAR_LEARNER}]
    with pytest.raises(ClientError, match="pipelines are not supported"):
        aws.sagemaker.create_model(
            ModelName="pipeline",
            ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
            Containers=containers,
        )
