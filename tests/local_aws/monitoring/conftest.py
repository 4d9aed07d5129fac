"""The requests that monitoring tests share."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from monitors import suggest
from offline import capture_config, deploy


@pytest.fixture
def read(aws):
    """Read a JSON object of bucket `data`."""
    return lambda key: json.loads(aws.s3.get_object(Bucket="data", Key=key)["Body"].read())


@pytest.fixture(scope="session")
def endpoint(aws):
    """An endpoint that captures to s3://data/captured, and a baseline of its traffic.

    The baseline is at s3://data/baseline/out.
    """
    name = deploy(aws, capture=capture_config())["EndpointName"]
    suggest(aws)
    yield name
    aws.sagemaker.delete_endpoint(EndpointName=name)
