"""A real PostgreSQL for all tests, a new schema for each, and a small subscription.

The subscription is like that of the breast cancer data.
"""

import contextlib
import itertools
import json
import pathlib
import tempfile

import boto3
import psycopg2
import pytest
from moto import mock_aws

from model_monitoring import datamart

FEATURES = [f"feature {i}" for i in range(30)]
NAMES = itertools.count()


@contextlib.contextmanager
def folder():
    """A temporary folder for servers.

    It isn't pytest's: if pytest runs as root, its folders are closed to the server's account.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        yield pathlib.Path(name)


@pytest.fixture
def home():
    with folder() as path:
        yield path


@pytest.fixture(scope="session")
def database_url():
    with folder() as path:
        url = datamart.server.start(path / "postgresql")
        with contextlib.closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            # These tests never cut the power, and they share a disk
            connection.cursor().execute("ALTER SYSTEM SET fsync = off")
            connection.cursor().execute("SELECT pg_reload_conf()")
        yield url
        datamart.server.stop(path / "postgresql")


@pytest.fixture
def query(database_url):
    """Run SQL as a user would with any other program."""

    def run(statement, *parameters):
        connection = psycopg2.connect(database_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    return run


@pytest.fixture
def mart(database_url):
    mart = datamart.DataMart(database_url, schema=f"mart_{next(NAMES)}")
    mart.setup()
    return mart


@pytest.fixture
def asset(mart):
    """Make an asset like that of notebook 04, with other properties if given."""
    binding = mart.bindings.add(
        "Amazon SageMaker", datamart.SageMakerMachineLearningInstance(region="us-east-1")
    )
    defaults = {
        "source_uid": "breast-cancer",
        "binding_uid": binding,
        "problem_type": datamart.ProblemType.MULTICLASS_CLASSIFICATION,
        "label_column": "diagnosis",
        "prediction_column": "predicted_label",
        "probability_column": "score",
        "feature_columns": FEATURES,
    }
    return lambda **changes: datamart.SageMakerMachineLearningAsset(**(defaults | changes))


@pytest.fixture
def subscription(mart, asset):
    return mart.subscriptions.add(asset())


@pytest.fixture
def small(mart, asset):
    """A subscription with two features, a number and a category."""
    return mart.subscriptions.add(
        asset(
            name="small",
            problem_type=datamart.ProblemType.BINARY_CLASSIFICATION,
            feature_columns=["size", "colour"],
            categorical_columns=["colour"],
            label_values={"benign": 0, "malignant": 1},
            positive_label=1,
        )
    )


@pytest.fixture
def capturing(database_url, small, monkeypatch):
    """A subscription with a session, and a function that writes a capture file."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="captured")
        mart = datamart.DataMart(database_url, schema=small.database.schema, boto_session=session)

        def write(name, *lines):
            body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
            key = f"breast-cancer/AllTraffic/2026/03/01/10/{name}.jsonl"
            session.client("s3").put_object(Bucket="captured", Key=key, Body=body.encode())

        yield mart.subscriptions.get(name="small"), write


def record(scoring_id=None, rows=2, features=FEATURES, first=1.5, label=1, **more):
    """A request of some rows with its response."""
    return datamart.PayloadRecord(
        request={
            "fields": features,
            "values": [[first + i + j for j in range(len(features))] for i in range(rows)],
        },
        response={"fields": ["score", "predicted_label"], "values": [[0.9, label]] * rows},
        scoring_id=scoring_id,
        **more,
    )


def small_record(scoring_id=None, values=((1.5, "red"),), answers=((0.9, 1),), **more):
    return datamart.PayloadRecord(
        request={"fields": ["size", "colour"], "values": [list(row) for row in values]},
        response={"fields": ["score", "predicted_label"], "values": [list(row) for row in answers]},
        scoring_id=scoring_id,
        **more,
    )


def payload(
    fields=("size", "colour"),
    values=((1.5, "red"),),
    response_fields=("score", "predicted_label"),
    answers=((0.9, 1),),
):
    return datamart.PayloadRecord(
        request={"fields": list(fields), "values": [list(v) for v in values]},
        response={"fields": list(response_fields), "values": [list(a) for a in answers]},
        scoring_id="bad one",
    )


def kind(value):
    """Name a parameter of a test, because not every value can be written in a name."""
    return (
        value
        if isinstance(value, str) and value.isprintable() and len(value) < 30
        else type(value).__name__
    )
