"""The SDK's session on the shared server, and the requests that monitoring tests share."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from monitors import suggest
from offline import capture_config, deploy


@pytest.fixture(scope="module")
def session(aws):
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in aws.env.items():
            patch.setenv(name, value)
        from sagemaker.core.helper.session_helper import Session

        yield Session()


@pytest.fixture
def read(aws):
    """Read a JSON object of bucket `data`."""
    return lambda key: json.loads(aws.s3.get_object(Bucket="data", Key=key)["Body"].read())


@pytest.fixture(scope="session")
def endpoint(aws):
    """An endpoint that captures to s3://data/captured, and a baseline of its traffic at s3://data/baseline/out."""
    name = deploy(aws, capture=capture_config())["EndpointName"]
    suggest(aws)
    yield name
    aws.sagemaker.delete_endpoint(EndpointName=name)
