"""Each row has a model version: the one in its record, or else the one that SageMaker serves."""

import boto3
import pandas as pd
import pytest
from botocore.exceptions import EndpointConnectionError

from model_monitoring import datamart

from .conftest import kind, small_record


def versions(subscription):
    frame = subscription.payload_logging.get_window(columns=["scoring_id", "asset_revision"])
    return dict(zip(frame["scoring_id"], frame["asset_revision"], strict=True))


@pytest.fixture
def asked(monkeypatch):
    """Let SageMaker return a version, and count how often it is asked."""
    calls = []
    monkeypatch.setattr(
        "model_monitoring.datamart.engines.sagemaker.asset_revision",
        lambda session, region, endpoint: calls.append(endpoint) or "now",
    )
    return calls


@pytest.fixture
def seeing(database_url, small):
    session = boto3.Session("key", "secret", region_name="us-east-1")
    return datamart.DataMart(database_url, schema=small.database.schema, boto_session=session)


def test_the_records_own_version_comes_first(small, seeing, asked):
    subscription = seeing.subscriptions.get(name="small")
    records = [
        small_record("a"),
        small_record("b", asset_revision="v1"),
        small_record("c", asset_revision="v2"),
    ]
    subscription.payload_logging.store(records)
    subscription.payload_logging.store([small_record("d", asset_revision="v1")])
    assert versions(small) == {"a-1": "now", "b-1": "v1", "c-1": "v2", "d-1": "v1"}
    assert sorted(small.list_deployments()["asset_revision"]) == ["now", "v1", "v2"]
    small.payload_logging.store([small_record("e")])  # there is nothing to ask
    assert versions(small)["e-1"] == ""


def test_a_frame_may_name_them_too(small):
    frame = pd.DataFrame(
        {"size": [1.0, 2.0, 3.0], "colour": "red", "score": 0.9, "predicted_label": 1}
    )
    frame = frame.assign(scoring_id=["a", "b", "c"], asset_revision=["v1", None, "v2"])
    small.payload_logging.store(frame)
    assert versions(small) == {"a-1": "v1", "b-1": "", "c-1": "v2"}


def test_the_version_is_not_part_of_the_content(small):
    small.payload_logging.store([small_record("a", asset_revision="v1")])
    assert small.payload_logging.store([small_record("a", asset_revision="v2")]).skipped == 1
    assert versions(small) == {"a-1": "v1"}


def test_all_threads_together_ask_sagemaker_once_in_ten_seconds(seeing, asked):
    for number in range(5):
        seeing.subscriptions.get(name="small").payload_logging.store([small_record(f"r{number}")])
    assert asked == ["breast-cancer"]


def test_logging_continues_while_sagemaker_does_not_respond(small, seeing, monkeypatch):
    def out_of_reach(*_):
        raise EndpointConnectionError(endpoint_url="http://sagemaker")

    monkeypatch.setattr("model_monitoring.datamart.engines.sagemaker.asset_revision", out_of_reach)
    subscription = seeing.subscriptions.get(name="small")
    with pytest.warns(UserWarning, match="'breast-cancer' is unknown"):
        assert subscription.payload_logging.store([small_record("a")]).stored == 1
    assert versions(small) == {"a-1": ""}


def test_measurements_are_of_the_version_that_was_logged_last(small):
    small.performance_monitoring.enable()
    for version in ("v1", "v2", "v1"):
        small.payload_logging.store([small_record(asset_revision=version)])
        small.performance_monitoring.run()
    found = small.performance_monitoring.get_metrics()
    assert found[found["id"] == "records"]["asset_revision"].tolist() == ["v1", "v2", "v1"]


@pytest.mark.parametrize("bad", ["", 7, "a\0b", "\ud800", "x" * 501, 10**5000], ids=kind)
def test_impossible_versions(small, bad):
    with pytest.raises(ValueError, match="asset_revision"):
        small.payload_logging.store([small_record("a", asset_revision=bad)])
    frame = pd.DataFrame({"size": [1.0], "colour": "red", "score": 0.9, "predicted_label": 1})
    frame["asset_revision"] = pd.Series([bad], dtype=object)
    with pytest.raises(ValueError, match="asset_revision"):
        small.payload_logging.store(frame)
