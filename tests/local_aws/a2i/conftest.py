"""The server with a work team, a template and a flow definition for the tests of a module."""

import sys
from pathlib import Path

import pytest
from moto.s3.models import s3_backends

sys.path.insert(0, str(Path(__file__).parent))

from human_loops import Desk
from office import Office

from local_aws.kept import state
from local_aws.sagemaker.models import Backend


@pytest.fixture(scope="module")
def desk(aws):
    """A desk whose loops need one worker each."""
    return Desk(aws)


@pytest.fixture(scope="module")
def backend():
    return Backend("us-east-1", state.ACCOUNT)


@pytest.fixture
def office(backend, tmp_path, monkeypatch):
    monkeypatch.setenv("TUTORIAL_LOCAL_DIR", str(tmp_path))
    for records in backend.records.values():
        records.clear()
    s3 = s3_backends[state.ACCOUNT]["aws"]
    if "answers" not in s3.buckets:
        s3.create_bucket("answers", "us-east-1")
    office = Office(backend)
    office.hire("team", "ann", "bob", "cleo")
    return office
