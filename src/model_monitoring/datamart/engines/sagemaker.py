"""What the data mart asks of SageMaker: deployed models, their artifacts, and predictions."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from model_monitoring.analysis.files import bodies
from model_monitoring.datamart.engines import responses

# For calls that a person waits for
QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
ASSET_COLUMNS = [
    "name",
    "status",
    "variant",
    "model",
    "image",
    "algorithm",
    "training_job",
    "artifact",
    "created",
]


def list_endpoints(session: boto3.Session, region: str) -> Iterator[dict]:
    """Yield one dict (keys: ASSET_COLUMNS) per production variant of every endpoint in a region."""
    client = session.client("sagemaker", region_name=region)
    for page in client.get_paginator("list_endpoints").paginate(
        SortBy="Name", SortOrder="Ascending"
    ):
        for summary in page["Endpoints"]:
            for variant, model in _models(client, summary["EndpointName"]):
                container = _container(model)
                artifact, image = container.get("ModelDataUrl"), container.get("Image", "")
                yield {
                    "name": summary["EndpointName"],
                    "status": summary["EndpointStatus"],
                    "variant": variant,
                    "model": model["ModelName"],
                    "image": image,
                    "algorithm": image.split("/")[-1].split(":")[0],
                    "training_job": _training_job(client, artifact),
                    "artifact": artifact,
                    "created": summary["CreationTime"],
                }


def _models(client, endpoint: str) -> list[tuple[str, dict]]:
    """Return (variant, model description) of an endpoint; none if one of them was just deleted."""
    try:
        configuration = client.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
        variants = client.describe_endpoint_config(EndpointConfigName=configuration)[
            "ProductionVariants"
        ]
        return [
            (variant["VariantName"], client.describe_model(ModelName=variant["ModelName"]))
            for variant in variants
        ]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return []
        raise


def _container(model: Mapping) -> Mapping:
    return model.get("PrimaryContainer") or (model.get("Containers") or [{}])[0]


def _training_job(client, artifact: str | None) -> str | None:
    """Find the training job that wrote an artifact.

    SageMaker writes it to <output>/<job>/output/model.tar.gz.
    """
    parts = (artifact or "").split("/")
    if len(parts) < 3 or parts[-2] != "output":
        return None
    try:
        job = client.describe_training_job(TrainingJobName=parts[-3])
    except ClientError:
        return None
    return (
        job["TrainingJobName"]
        if job.get("ModelArtifacts", {}).get("S3ModelArtifacts") == artifact
        else None
    )


def asset_revision(session: boto3.Session, region: str, endpoint: str) -> str:
    """Return a short digest of the model artifact behind an endpoint.

    It is the first twelve digits of the artifact's S3 ETag. Several variants give several digests,
    joined by "+". It is empty if the endpoint or its artifact is gone.
    """
    revisions = []
    s3 = session.client("s3", region_name=region, config=QUICK)
    for _, model in _models(
        session.client("sagemaker", region_name=region, config=QUICK), endpoint
    ):
        artifact = urlsplit(_container(model).get("ModelDataUrl") or "")
        if artifact.netloc:
            try:
                tag = s3.head_object(Bucket=artifact.netloc, Key=artifact.path.lstrip("/"))["ETag"]
            except ClientError:
                continue
            revisions.append(tag.strip('"')[:12])
    return "+".join(dict.fromkeys(revisions))


def capture_destination(session: boto3.Session, region: str, endpoint: str) -> str | None:
    """Return the S3 URI below which an endpoint captures its traffic; None if it doesn't."""
    client = session.client("sagemaker", region_name=region, config=QUICK)
    try:
        about = client.describe_endpoint(EndpointName=endpoint)
    except ClientError:
        return None
    capture = about.get("DataCaptureConfig", {})
    return capture.get("DestinationS3Uri") if capture.get("EnableCapture") else None


def score(
    session: boto3.Session, region: str, endpoint: str, rows: Sequence[Sequence], inference_id: str
) -> list[dict]:
    """Send rows to an endpoint as CSV and return one dict per row.

    linear-learner and similar models return {"predictions": [{"score": ..., "predicted_label":
    ...}]}: those keys are kept. A bare number, which XGBoost returns in CSV, becomes {"score":
    number}; several numbers in a row become {"score": [numbers]}.

    Raises:
        ValueError: there is no such endpoint, it refuses the rows, or its response can't be read.
    """
    text = io.StringIO()
    csv.writer(text).writerows(["" if value is None else value for value in row] for row in rows)
    runtime = session.client("sagemaker-runtime", region_name=region)
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType="text/csv",
            Body=text.getvalue(),
            InferenceId=inference_id,
        )
    except ClientError as error:
        raise ValueError(
            f"Endpoint {endpoint!r} did not score the rows: {error.response['Error']['Message']}"
        ) from None
    try:
        text = answer["Body"].read().decode()
        kind = bodies.kind_in(answer.get("ContentType"), text)
    except ValueError as error:
        raise ValueError(f"Endpoint {endpoint!r} answered what can't be read: {error}") from None
    return responses.read(kind, text, len(rows))
