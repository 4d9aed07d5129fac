"""A row logged over REST has a model version: the record's own, or else SageMaker's.

SageMaker's is the version that it serves now.
"""

import json

import boto3

from model_monitoring import console
from model_monitoring.commands.console import _session
from tests.datamart.test_model_versions import asked, versions  # noqa: F401  a fixture, and what reads versions

from .conftest import Client, record


def test_a_record_may_name_its_version(program, schema, subscription):
    path = f"/v1/data_marts/{schema}/scoring_payloads"
    sent = [
        record(subscription, "a", asset_revision="v1"),
        record(subscription, "b"),
        record(subscription, "c", asset_revision=None),
        record(subscription, "d", asset_revision="v2"),
    ]
    assert program.post(path, sent).status == 202
    assert versions(subscription) == {"a-1": "v1", "b-1": "", "c-1": "", "d-1": "v2"}


def test_sagemaker_is_asked_about_records_without_a_version_but_not_each_time(
    database_url, schema, subscription, asked
):
    running = console.start(
        database_url, schema, boto_session=boto3.Session("key", "secret", region_name="us-east-1")
    )
    try:
        program = Client(running.url, running.token)
        path = f"/v1/data_marts/{schema}/scoring_payloads"
        for number in range(5):
            assert program.post(path, [record(subscription, f"r{number}")]).status == 202
        program.post(path, [record(subscription, "own", asset_revision="v1")])
    finally:
        running.stop()
    assert versions(subscription) == {f"r{n}-1": "now" for n in range(5)} | {"own-1": "v1"}
    assert asked == ["endpoint"]


def test_offline_the_command_uses_the_offline_aws_and_never_the_users_account(state, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "MYKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("TUTORIAL_TARGET", raising=False)
    assert _session() is None
    (state / "aws").mkdir(parents=True)
    offline = {
        "AWS_ACCESS_KEY_ID": "offline",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    (state / "aws" / "env.json").write_text(json.dumps(offline))
    for name in offline:
        monkeypatch.setenv(name, "to be restored")
    session = _session()
    assert session.get_credentials().access_key == "offline"
    assert session.client("sagemaker").meta.endpoint_url == "http://127.0.0.1:1"
