"""An S3 address means an object or a folder, never whatever begins with the same letters."""

import boto3
import pytest
from moto import mock_aws

from model_monitoring.analysis.files.finding import meant
from model_monitoring.commands.downloading import download


@pytest.fixture
def put(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        yield lambda key, body=b"x": client.put_object(Bucket="bucket", Key=key, Body=body)


@pytest.fixture
def fetched(tmp_path):
    def fetch(address):
        folder = tmp_path / "in"
        folder.mkdir()
        download(address, folder)
        return [path.name for path in sorted(folder.rglob("*")) if path.is_file()]

    return fetch


def test_an_object_is_that_object(put, fetched):
    for key in ("data/train.csv", "data/train.csv.bak", "data/train.csv/inside.csv"):
        put(key)
    assert fetched("s3://bucket/data/train.csv") == ["train.csv"]


@pytest.mark.parametrize("address", ["s3://bucket/data/train", "s3://bucket/data/train/"])
def test_a_folder_is_what_lies_in_it(put, fetched, address):
    for key in ("data/train.csv", "data/train-old/x.csv", "data/train/b.csv", "data/train/1/a.csv"):
        put(key)
    assert fetched(address) == ["a.csv", "b.csv"]


def test_a_folder_without_what_belongs_to_its_writer(put, fetched):
    for name in ("_SUCCESS", ".part-0.csv.crc", "_committed_1", "_delta_log/0.json", "empty.csv"):
        put(f"spark/{name}", b"" if name == "empty.csv" else b"x")
    put("spark/statistics.json", b'{"version": 0.0}')
    put("spark/part-0.csv")
    assert fetched("s3://bucket/spark") == ["part-0.csv"]


def test_a_whole_bucket(put, fetched):
    put("a.csv")
    put("in/b.csv")
    assert fetched("s3://bucket") == ["a.csv", "b.csv"]


def test_nothing_there_names_what_lies_near(put, fetched):
    put("data/train.csv")
    with pytest.raises(
        ValueError, match=r"train is neither an object .* s3://bucket/data/train\.csv;"
    ):
        fetched("s3://bucket/data/train")


def test_objects_of_one_name_stay_apart(put, fetched):
    put("in/1/part.csv")
    put("in/2/part.csv")
    assert fetched("s3://bucket/in") == ["part.csv", "part.csv"]


def test_a_key_that_leads_outside_is_no_data():
    assert meant(["in/../../x.csv", "in/a//b.csv", "in/a.csv"], "in") == ["in/a//b.csv", "in/a.csv"]
