"""The credit model on an endpoint of the offline AWS, with an inference script of its own."""

import io
import tarfile

import boto3
import joblib

from tests.datamart import credit

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/TutorialExecutionRole"
TAGS = [{"Key": "tutorial", "Value": "yes"}]
SCRIPT = f"""
import io, json, os
import joblib
import pandas as pd

FEATURES = {credit.FEATURES!r}
TEXT = {credit.TEXT!r}

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))

def input_fn(body, content_type):
    text = body.decode() if isinstance(body, bytes) else body
    kinds = {{name: str if name in TEXT else float for name in FEATURES}}
    options = {{"header": None, "names": FEATURES, "keep_default_na": False, "na_values": [""]}}
    return pd.read_csv(io.StringIO(text), dtype=kinds, **options)

def predict_fn(rows, model):
    return model.predict_proba(rows)[:, 1]

def output_fn(prediction, accept):
    answers = [{{"prediction": "good" if one >= 0.5 else "bad", "probability": float(one)}} for one
        in prediction]
    return json.dumps({{"predictions": answers}}), "application/json"
"""


def archive(script=SCRIPT, **more):
    """A model.tar.gz: the model, and the script in code/."""
    model = io.BytesIO()
    joblib.dump(credit.model(), model)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in {
            "model.joblib": model.getvalue(),
            "code/inference.py": script.encode(),
            **more,
        }.items():
            if content is not None:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def deploy(offline, name, body, **environment):
    """Deploy an archive on an endpoint that captures all requests."""
    key = f"{name}/output/model.tar.gz"
    offline.s3.put_object(Bucket="data", Key=key, Body=body)
    variables = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    } | environment
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://data/{key}", "Environment": variables}
    offline.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://data/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
    }
    offline.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[variant | {"InstanceType": "ml.m5.large"}],
        DataCaptureConfig=capture,
    )
    offline.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=TAGS)
    found = offline.wait("Endpoint", name)
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")


def session(offline):
    """A session whose clients all call the offline AWS, whatever the user's settings are."""
    made = boto3.Session(
        offline.env["AWS_ACCESS_KEY_ID"],
        offline.env["AWS_SECRET_ACCESS_KEY"],
        offline.env["AWS_SESSION_TOKEN"],
        "us-east-1",
    )
    client = made.client
    made.client = lambda service, **options: client(
        service, endpoint_url=offline.env["AWS_ENDPOINT_URL"], **options
    )
    return made
