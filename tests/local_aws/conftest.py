"""Running offline AWS servers for the tests."""

import os
import sys
from pathlib import Path

import boto3
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from offline import Offline, set_up


@pytest.fixture(scope="session")
def aws(tmp_path_factory):
    """A server that tests leave unchanged, with training data and a model in bucket `data`."""
    offline = Offline(tmp_path_factory.mktemp("aws")).start()
    artifact = set_up(offline)
    offline.s3.copy_object(
        Bucket="data", Key="model.tar.gz", CopySource=artifact.removeprefix("s3://")
    )
    yield offline
    offline.command("stop")


@pytest.fixture
def own_aws(tmp_path):
    """A server for one test, which may stop, kill or break it."""
    offline = Offline(tmp_path).start()
    yield offline
    offline.command("stop", check=False)


@pytest.fixture(scope="module")
def session(aws):
    """The SageMaker SDK's session on the offline AWS, without the user's own settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in aws.env.items():
            patch.setenv(name, value)
        # Another test's default session would look for its own profile.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        from sagemaker.core.helper.session_helper import Session

        yield Session()
