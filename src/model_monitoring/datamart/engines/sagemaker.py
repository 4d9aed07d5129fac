"""What the data mart asks of SageMaker: deployed models, their artifacts, and predictions."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from numbers import Real
from urllib.parse import urlsplit

import boto3
import numpy as np
from botocore.config import Config
from botocore.exceptions import ClientError

from model_monitoring.analysis.files import bodies
from model_monitoring.datamart import contract
from model_monitoring.datamart.postgres.wording import some

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
    kind = bodies.kind_of(answer["ContentType"])
    return read_answer(kind, answer["Body"].read().decode(), len(rows))


def read_answer(kind: bodies.Kind, body: str, count: int) -> list[dict]:
    """Read an endpoint's response to `count` rows; see `score`.

    Raises:
        ValueError: it doesn't have one prediction per row.
    """
    try:
        return named(kind, bodies.read_answers(kind, body, count))
    except (KeyError, TypeError, ValueError):
        pass
    raise ValueError(
        f"The endpoint's response to {count} rows can't be read as {count} predictions:"
        f" {body[:200]!r}"
    )


def named(kind: bodies.Kind, answers: list[bodies.Row]) -> list[dict]:
    """Return answers by name; values without names are scores."""
    return [_named(kind, answer) for answer in answers]


def _named(kind: bodies.Kind, answer: bodies.Row) -> dict:
    if isinstance(answer, dict):
        return answer
    values = answer if kind == "JSON" else [_value(cell) for cell in answer]
    return {"score": values[0] if len(values) == 1 else values}


def _value(cell: str) -> float | str:
    """Read a cell of CSV: a number, else the name of a class."""
    with suppress(ValueError):
        return float(cell)
    return cell


def outputs_of(answer: Mapping, outputs: Sequence[str], asset: Mapping) -> list:
    """Turn an endpoint's response to one row into a subscription's output columns.

    See `read_answer`. A bare score is the probability (for a regression, the prediction). The
    predicted class follows from it: the positive class from 0.5 on, or the class with the highest
    of several scores. Other outputs are missing if the response lacks them.

    Raises:
        ValueError: the response doesn't determine the prediction or the probability.
    """
    values = dict(answer)
    values |= _told(values.get("score"), asset, values)
    needed = [name for name in (asset["prediction_column"], asset["probability_column"]) if name]
    if lacking := [name for name in needed if name in outputs and values.get(name) is None]:
        raise ValueError(f"The endpoint's response has no {some(lacking)}, only {some([*answer])}.")
    return [values.get(name) for name in outputs]


def _told(score: object, asset: Mapping, named: Mapping) -> dict:
    """Derive the prediction and the probability that a response doesn't name from its score."""
    prediction, probability = asset["prediction_column"], asset["probability_column"]
    if score is None:
        return {}
    if isinstance(score, list) and (label := _labelled(score, asset)):
        predicted, score = label
        return {prediction: predicted} | ({probability: score} if probability else {})
    found = {} if prediction in named else {prediction: _prediction(score, asset)}
    if probability and probability not in named and not isinstance(score, str):
        found[probability] = score
    return found


def _labelled(score: list, asset: Mapping) -> tuple[object, object] | None:
    """Return a label and its score, as linear-learner sends them in CSV (score,label).

    Two probabilities add up to 1, and aren't mistaken for them. A score and a label that happen to
    add up to 1, such as 1.0 and 0, are read as probabilities, which predict the same class.
    """
    known = contract.classes(asset)
    if len(score) != 2 or known is None:
        return None
    for value, label in (score, score[::-1]):
        if isinstance(label, str) and (named := contract.named_class(label, known)) is not None:
            return named, value
    if not all(isinstance(value, Real) for value in score):
        return None
    named = contract.named_class(score[1], known)
    if named is not None and not math.isclose(sum(score), 1, abs_tol=1e-3):
        return named, score[0]
    return None


def _prediction(score: float | list[float], asset: Mapping) -> object:
    """Return the class that a score or the probabilities of all classes predict."""
    known = contract.classes(asset)
    if isinstance(score, list) and len(score) == 1:
        score = score[0]
    if isinstance(score, str) and asset["problem_type"] != "regression":
        return score  # the class itself
    if asset["problem_type"] == "regression" and isinstance(score, Real):
        return score
    if isinstance(score, list) and known is not None and len(score) == len(known):
        return known[int(np.argmax(score))]
    if isinstance(score, Real) and asset["problem_type"] == "multiclass":
        named = None if asset["probability_column"] else contract.named_class(score, known or ())
        if named is not None:
            return named  # the class itself, as XGBoost's softmax answers
    elif isinstance(score, Real):
        positive = contract.positive_class(asset)
        others = [value for value in known or () if value != positive]
        return positive if score >= 0.5 else next(iter(others), None)
    raise ValueError(
        f"The prediction can't be derived from {score!r:.80}, which has no field names."
    )
