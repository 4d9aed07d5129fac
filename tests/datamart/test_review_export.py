"""Answers as A2I's output.json files, in its layout, in a folder or in S3."""

import json
import pathlib
import re

import boto3
import moto
import pytest

from model_monitoring import datamart

from .reviewing import START, enable, log, work


@pytest.fixture
def answered(mart, small, query):
    log(small, [0.4, 0.5, 0.6])
    enable(mart, small, prediction="last", reviewers=["anna"])
    mart.reviews.create(small)
    query(
        f"UPDATE {small.database.schema}.review_task SET created_at = '{START:%Y-%m-%d} 04:05:06Z'"
    )
    for _ in range(2):
        work(mart.reviews.queue(), "anna", "benign", first="malignant", reason="smooth")
    return mart


def test_each_completed_task_has_its_file(answered, tmp_path):
    files = answered.reviews.export(tmp_path)
    assert len(files) == 2
    name = re.fullmatch(
        rf"{tmp_path}/small/2026/03/01/04/05/06/([0-9a-f-]+)/output\.json", files[0]
    )[1]
    content = json.loads(pathlib.Path(files[0]).read_text())
    assert list(content) == ["flowDefinitionArn", "humanAnswers", "humanLoopName", "inputContent"]
    assert (
        content["flowDefinitionArn"]
        == "arn:aws:sagemaker:us-east-1:000000000000:flow-definition/small"
    )
    assert content["humanLoopName"] == name
    (answer,) = content["humanAnswers"]
    assert answer["answerContent"] == {
        "label": {"benign": True, "malignant": False},
        "reason": "smooth",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["submissionTime"])
    assert answer["timeSpentInSeconds"] >= 0 and re.fullmatch("[0-9a-f]{16}", answer["workerId"])
    row = content["inputContent"]["rows"][0]
    assert row["id"] == "r0-1" and row["features"][0] == {"name": "size", "value": 0.0}
    assert answered.reviews.export(tmp_path) == files


def test_files_are_written_to_s3(answered, small, database_url):
    with moto.mock_aws():
        session = boto3.Session("testing", "testing", region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="answers")
        mart = datamart.DataMart(database_url, small.database.schema, session)
        files = mart.reviews.export("s3://answers/some/prefix/")
        assert files[0].startswith("s3://answers/some/prefix/small/2026/03/01/04/05/06/")
        key = files[0].removeprefix("s3://answers/")
        body = session.client("s3").get_object(Bucket="answers", Key=key)["Body"].read()
        assert json.loads(body)["inputContent"]["labels"] == ["benign", "malignant"]
    with pytest.raises(ValueError, match="boto_session"):
        answered.reviews.export("s3://answers/prefix")


def test_a_task_with_an_erased_row_has_no_file(answered, small, tmp_path):
    small.payload_logging.delete_records(["r0"])
    assert len(answered.reviews.export(tmp_path)) == 1
