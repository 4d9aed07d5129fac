"""Engines and models are bound and subscribed once, by name.

SageMaker is asked which models are deployed.
"""

import io
import tarfile

import boto3
import pytest
from moto import mock_aws

from model_monitoring import datamart

from .conftest import small_record

REGION = "us-east-1"


@pytest.fixture
def deployed(monkeypatch):
    """A training job, its model and an endpoint, in moto."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "topsecret",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        session = boto3.Session(region_name=REGION)
        client, s3 = session.client("sagemaker"), session.client("s3")
        s3.create_bucket(Bucket="models")
        role = "arn:aws:iam::123456789012:role/sagemaker"
        client.create_training_job(
            TrainingJobName="train-1",
            RoleArn=role,
            AlgorithmSpecification={
                "TrainingImage": "1.ecr/linear-learner:1",
                "TrainingInputMode": "File",
            },
            OutputDataConfig={"S3OutputPath": "s3://models/out"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
        artifact = client.describe_training_job(TrainingJobName="train-1")["ModelArtifacts"][
            "S3ModelArtifacts"
        ]
        put_artifact(s3, artifact, b"one")
        client.create_model(
            ModelName="model-1",
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": "1.ecr/linear-learner:1", "ModelDataUrl": artifact},
        )
        variant = {"VariantName": "AllTraffic", "ModelName": "model-1", "InitialInstanceCount": 1}
        client.create_endpoint_config(
            EndpointConfigName="config-1",
            ProductionVariants=[variant | {"InstanceType": "ml.m5.large"}],
        )
        client.create_endpoint(EndpointName="breast-cancer", EndpointConfigName="config-1")
        yield session, artifact


def put_artifact(s3, url, content):
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(content.decode()))
    bucket, key = url.removeprefix("s3://").split("/", 1)
    s3.put_object(Bucket=bucket, Key=key, Body=body.getvalue())


def test_assets_are_the_models_that_sagemaker_has_deployed(database_url, mart, small, deployed):
    session, artifact = deployed
    seeing = datamart.DataMart(database_url, schema=small.database.schema, boto_session=session)
    assets = seeing.bindings.list_assets()
    assert len(assets) == 1
    asset = assets.iloc[0]
    assert asset[
        ["name", "status", "variant", "model", "training_job", "artifact", "algorithm"]
    ].tolist() == [
        *(
            "breast-cancer",
            "InService",
            "AllTraffic",
            "model-1",
            "train-1",
            artifact,
            "linear-learner",
        )
    ]
    assert asset["binding_uid"] == mart.bindings.get_uids()[0]
    assert seeing.bindings.list_assets(mart.bindings.get_uids()[0]).equals(assets)
    with pytest.raises(ValueError, match="boto_session"):
        mart.bindings.list_assets()
    with pytest.raises(ValueError, match="no binding 'nobody'"):
        seeing.bindings.list_assets("nobody")


def test_the_model_version_is_recorded_with_each_row(database_url, small, deployed, monkeypatch):
    session, artifact = deployed
    monkeypatch.setattr("model_monitoring.datamart.engines.revisions.SECONDS", 0.0)
    seeing = datamart.DataMart(database_url, schema=small.database.schema, boto_session=session)
    subscription = seeing.subscriptions.get(name="small")
    subscription.payload_logging.store([small_record("a")])
    put_artifact(session.client("s3"), artifact, b"two")
    subscription.payload_logging.store([small_record("b")])
    small.payload_logging.store([small_record("c")])
    revisions = subscription.payload_logging.get_table_content()["asset_revision"].tolist()
    tag = session.client("s3").head_object(
        Bucket="models", Key=artifact.removeprefix("s3://models/")
    )["ETag"]
    assert revisions[1] == tag.strip('"')[:12]
    assert len(set(revisions)) == 3
    assert revisions[2] == ""
    assert subscription.list_deployments()["asset_revision"].tolist() == revisions

    session.client("sagemaker").delete_endpoint(EndpointName="breast-cancer")
    subscription.payload_logging.store([small_record("d")])
    assert subscription.payload_logging.get_table_content()["asset_revision"].tolist()[3] == ""


def test_no_secret_is_stored(database_url, small, deployed, query):
    session, _ = deployed
    mart = datamart.DataMart(database_url, schema=small.database.schema, boto_session=session)
    mart.bindings.list_assets()
    mart.subscriptions.get(name="small").payload_logging.store([small_record("a")])
    schema = small.database.schema
    for (table,) in query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema):
        found = query(
            f"SELECT count(*) FROM {schema}.{table} t WHERE t::text ~ 'topsecret|AKIAEXAMPLE'"
        )
        assert found == [(0,)]


def test_the_same_name_gives_the_same_uid(mart, asset):
    instance = datamart.SageMakerMachineLearningInstance(region=REGION)
    uid = mart.bindings.add("Amazon SageMaker", instance)
    assert mart.bindings.add("Amazon SageMaker", instance) == uid
    assert mart.bindings.get_uids() == [uid]
    assert mart.bindings.get_details(uid)["properties"] == {"region": REGION}
    with pytest.raises(ValueError, match="choose another name"):
        mart.bindings.add(
            "Amazon SageMaker", datamart.SageMakerMachineLearningInstance(region="eu-west-1")
        )

    first = mart.subscriptions.add(asset())
    assert first.name == "breast-cancer"
    assert mart.subscriptions.add(asset()).uid == first.uid
    second = mart.subscriptions.add(asset(name="the same endpoint again"))
    assert mart.subscriptions.get_uids() == [first.uid, second.uid]
    assert mart.subscriptions.get(first.uid).get_details()["asset"]["label_column"] == "diagnosis"
    assert len(mart.subscriptions.get_details()["subscriptions"]) == 2
    assert first.get_deployment_uids() == ["breast-cancer"]
    with pytest.raises(ValueError, match="different label_column"):
        mart.subscriptions.add(asset(label_column="outcome"))


def test_unknown_names_list_the_known_ones(mart, subscription):
    with pytest.raises(ValueError, match=r"no subscription 'xgboost'.*'breast-cancer'"):
        mart.subscriptions.get(name="xgboost")
    with pytest.raises(ValueError, match="no subscription"):
        mart.subscriptions.get("1234")
    with pytest.raises(ValueError, match="uid"):
        mart.subscriptions.get()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feature_columns": []}, "empty"),
        ({"feature_columns": ["x", "x"]}, "x more than once"),
        ({"feature_columns": "x"}, r"feature_columns is the string 'x'; write a list, \['x'\]"),
        ({"feature_columns": None}, "feature_columns is empty: list the fields"),
        ({"feature_columns": ["x", "diagnosis"]}, "both a feature and"),
        (
            {"feature_columns": ["x"], "categorical_columns": ["y"]},
            "categorical_columns contains y",
        ),
        ({"problem_type": "clustering"}, "clustering"),
        ({"binding_uid": "nobody"}, "no binding 'nobody'"),
    ],
)
def test_contradictory_assets_are_refused(mart, asset, changes, message):
    with pytest.raises(ValueError, match=message):
        mart.subscriptions.add(asset(**changes))
    assert mart.subscriptions.get_uids() == []
