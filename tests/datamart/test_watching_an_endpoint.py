"""A SageMaker endpoint with data capture is watched as it is: nothing is redeployed."""

import pytest
from botocore.exceptions import ClientError

from model_monitoring.commands import capturing as command
from model_monitoring.datamart.engines import sagemaker
from tests.datamart.test_capture_ingestion import event


@pytest.fixture
def endpoint(capturing):
    """The subscription's endpoint, in service, with capture as the function's argument says."""
    subscription, write = capturing
    client = subscription.boto_session.client("sagemaker")
    role = "arn:aws:iam::123456789012:role/sagemaker"

    def serve(capture):
        client.create_model(
            ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "an/image:1"}
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": "m",
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        client.create_endpoint_config(
            EndpointConfigName="c",
            ProductionVariants=[variant],
            **({"DataCaptureConfig": capture} if capture else {}),
        )
        client.create_endpoint(EndpointName="breast-cancer", EndpointConfigName="c")
        return subscription, write

    return serve


def capture(enabled=True):
    return {
        "EnableCapture": enabled,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captured",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }


def test_what_the_endpoint_captured_is_stored_once(endpoint):
    subscription, write = endpoint(capture())
    write("a", event("e"))
    assert command.ingest(subscription) == "small: 1 captured request stored."
    assert command.ingest(subscription) == "small: 0 captured requests stored."
    assert subscription.payload_logging.get_records_count() == 1


@pytest.mark.parametrize("about", [None, capture(enabled=False)])
def test_an_endpoint_that_captures_nothing(endpoint, about):
    subscription, _ = endpoint(about)
    assert command.ingest(subscription) == ""


def test_an_endpoint_that_is_gone_or_an_account_that_refuses(capturing, monkeypatch):
    subscription, _ = capturing
    assert command.ingest(subscription) == ""

    def refuse(*_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeEndpoint")

    monkeypatch.setattr(sagemaker, "capture_destination", refuse)
    assert command.ingest(subscription).startswith("small: its captured traffic can't be read:")


def test_another_engine_has_no_capture(small):
    assert command.ingest(small) == ""
