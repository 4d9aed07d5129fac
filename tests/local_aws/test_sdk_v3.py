"""The SageMaker SDK v3 as in the notebooks: the variables are set in a running interpreter."""

import json
import textwrap

import pytest
from offline import LINEAR_LEARNER, SKLEARN, unique

TRAIN = """
import argparse, json, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
options = parser.parse_args()
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "train.csv").read_text().splitlines()
model = {"rows": len(rows), "depth": options.depth}
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps(model))
print("trained on", len(rows), "rows")
"""
INFERENCE = """
import json, pathlib
def model_fn(directory):
    return json.loads(pathlib.Path(directory, "model.json").read_text())
def predict_fn(data, model):
    return {"sum": float(data.sum()), **model}
def output_fn(prediction, accept):
    return json.dumps(prediction), "application/json"
"""


@pytest.fixture(scope="module")
def role(session):
    from sagemaker.core.helper.session_helper import get_execution_role

    return get_execution_role(session)


def trainer(session, role, **options):
    from sagemaker.core.training.configs import Compute, OutputDataConfig
    from sagemaker.train import ModelTrainer

    return ModelTrainer(
        role=role,
        sagemaker_session=session,
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path="s3://data/sdk"),
        base_job_name=unique("sdk"),
        **options,
    )


def train(made, uri="s3://data/train/", *, wait=False):
    from sagemaker.core.training.configs import InputData

    data = InputData(channel_name="train", data_source=uri, content_type="text/csv")
    made.train(input_data_config=[data], wait=wait, logs=False)
    return made._latest_training_job


def test_role_bucket_and_account_are_found(session, role):
    assert role == "arn:aws:iam::123456789012:role/TutorialExecutionRole"
    assert session.default_bucket() == "sagemaker-us-east-1-123456789012"
    assert session.account_id() == "123456789012"


def test_telemetry_is_off(session):
    config = session.sagemaker_config
    assert config["SageMaker"]["PythonSDK"]["Modules"]["TelemetryOptOut"] is True


@pytest.mark.slow
def test_a_built_in_algorithm_trains_and_serves(aws, session, role):
    from sagemaker.core.resources import Endpoint, EndpointConfig, Model
    from sagemaker.core.shapes import ContainerDefinition, ProductionVariant

    hyperparameters = {
        "feature_dim": 3,
        "predictor_type": "binary_classifier",
        "mini_batch_size": 50,
    }
    job = train(
        trainer(session, role, training_image=LINEAR_LEARNER, hyperparameters=hyperparameters),
        wait=True,
    )
    assert job.training_job_status == "Completed"
    name = unique("sdk")
    container = ContainerDefinition(
        image=LINEAR_LEARNER, model_data_url=job.model_artifacts.s3_model_artifacts
    )
    Model.create(model_name=name, execution_role_arn=role, primary_container=container)
    variant = ProductionVariant(
        variant_name="all", model_name=name, initial_instance_count=1, instance_type="ml.m5.large"
    )
    EndpointConfig.create(endpoint_config_name=name, production_variants=[variant])
    endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
    endpoint.wait_for_status("InService", poll=1)
    answer = endpoint.invoke(body="2,2,2", content_type="text/csv")
    assert json.loads(answer.body.read())["predictions"][0]["predicted_label"] == 1
    assert name in [found.endpoint_name for found in Endpoint.get_all(name_contains=name)]
    endpoint.delete()


@pytest.mark.slow
def test_the_users_own_script_trains_and_serves(aws, session, role, tmp_path):
    from sagemaker.core.training.configs import SourceCode

    (tmp_path / "train.py").write_text(TRAIN)
    source = SourceCode(source_dir=str(tmp_path), entry_script="train.py")
    job = train(
        trainer(
            session, role, training_image=SKLEARN, source_code=source, hyperparameters={"depth": 5}
        )
    )
    done = aws.wait("TrainingJob", job.training_job_name)
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    name, code = unique("script"), tmp_path / "code"
    code.mkdir()
    (code / "inference.py").write_text(INFERENCE)
    uri = _repack(aws, done["ModelArtifacts"]["S3ModelArtifacts"], code / "inference.py")
    environment = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    }
    container = {"Image": SKLEARN, "ModelDataUrl": uri, "Environment": environment}
    aws.sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {
        "VariantName": "a",
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    aws.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    aws.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert aws.wait("Endpoint", name)["EndpointStatus"] == "InService"
    assert json.loads(aws.invoke(name, "1,2,3")["Body"]) == {"sum": 6.0, "rows": 200, "depth": 5}
    aws.sagemaker.delete_endpoint(EndpointName=name)


def _repack(aws, uri, script):
    """Put inference.py into a model's archive, as ModelBuilder does; returns the new URI."""
    import io
    import tarfile

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content = io.BytesIO(aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    target = io.BytesIO()
    with tarfile.open(fileobj=content) as old, tarfile.open(fileobj=target, mode="w:gz") as new:
        for member in old:
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
        new.add(script, "code/inference.py")
    aws.s3.put_object(Bucket="data", Key="with-script.tar.gz", Body=target.getvalue())
    return "s3://data/with-script.tar.gz"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ScriptProcessor", "FrameworkProcessor"])
def test_a_processor_runs_a_script(aws, session, role, tmp_path, kind):
    from sagemaker.core import processing
    from sagemaker.core.shapes import (
        ProcessingInput,
        ProcessingOutput,
        ProcessingS3Input,
        ProcessingS3Output,
    )

    script = tmp_path / "count.py"
    script.write_text(
        textwrap.dedent("""
        import pathlib, sys
        rows = pathlib.Path("/opt/ml/processing/input/train.csv").read_text().splitlines()
        pathlib.Path("/opt/ml/processing/output/count.txt").write_text(f"{sys.argv[1]} {len(rows)}")
        """)
    )
    processor = getattr(processing, kind)(
        role=role,
        image_uri=SKLEARN,
        command=["python3"],
        instance_type="ml.m5.large",
        instance_count=1,
        base_job_name="count",
        sagemaker_session=session,
    )
    source = ProcessingS3Input(
        s3_uri="s3://data/train/",
        local_path="/opt/ml/processing/input",
        s3_data_type="S3Prefix",
        s3_input_mode="File",
    )
    output = ProcessingS3Output(
        s3_uri=f"s3://data/{kind}",
        local_path="/opt/ml/processing/output",
        s3_upload_mode="EndOfJob",
    )
    processor.run(
        **(
            {"code": str(script)}
            if kind == "ScriptProcessor"
            else {"code": script.name, "source_dir": str(tmp_path)}
        ),
        inputs=[ProcessingInput(input_name="data", s3_input=source)],
        outputs=[ProcessingOutput(output_name="count", s3_output=output)],
        arguments=["rows:"],
        wait=False,
        logs=False,
    )
    done = aws.wait("ProcessingJob", processor.latest_job.processing_job_name)
    assert done["ProcessingJobStatus"] == "Completed", done.get("FailureReason")
    assert aws.s3.get_object(Bucket="data", Key=f"{kind}/count.txt")["Body"].read() == b"rows: 200"
