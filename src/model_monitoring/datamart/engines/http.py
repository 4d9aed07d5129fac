"""Scoring through the engine of a subscription's binding."""

import os
from collections.abc import Callable, Mapping, Sequence

import boto3
import requests

from model_monitoring.analysis.files.json_bodies import unrepeated
from model_monitoring.datamart.engines import sagemaker
from model_monitoring.datamart.entities import CustomMachineLearningInstance, check_engine

TIMEOUT = 30.0  # seconds


def score(
    binding: Mapping,
    session: boto3.Session | None,
    deployment: str,
    features: Sequence[str],
    rows: Sequence,
    scoring_id: str,
) -> list[Mapping]:
    """Send rows to a deployment and return one dict of outputs per row.

    `binding` is its row in the catalogue.

    Raises:
        ValueError: there is no session for SageMaker, or the engine refuses the rows or responds in
            another form.
    """
    properties = binding["properties"]
    if binding["service_type"] == CustomMachineLearningInstance.service_type:
        return _post(properties["url"], properties["token_variable"], features, rows)
    if session is None:
        raise ValueError(
            "Scoring through the endpoint needs a session: DataMart(url, boto_session=...)."
        )
    return sagemaker.score(session, properties["region"], deployment, rows, scoring_id)


def _post(
    url: str, token_variable: str | None, features: Sequence[str], rows: Sequence
) -> list[Mapping]:
    check_engine(url, token_variable)  # again: the row may have been changed in the table
    if token_variable and token_variable not in os.environ:
        raise ValueError(
            f"The engine's token must be in the environment variable {token_variable}, which isn't"
            " set."
        )
    token = os.environ[token_variable] if token_variable else None
    body = {"fields": list(features), "values": [list(row) for row in rows]}
    try:
        # a redirect could carry the token elsewhere
        answer = requests.post(
            url, json=body, auth=_bearer(token), timeout=TIMEOUT, allow_redirects=False
        )
    except requests.RequestException as error:
        raise ValueError(f"The engine at {url} can't be reached: {error}") from None
    if answer.status_code != 200:
        raise ValueError(
            f"The engine at {url} answered {answer.status_code}: {answer.text[:200]!r}"
        )
    try:
        content = answer.json(object_pairs_hook=unrepeated)
        fields, rows_answered = content["fields"], content["values"]
        answers = [unrepeated(list(zip(fields, row, strict=True))) for row in rows_answered]
    except (KeyError, TypeError, ValueError) as error:
        shape = '{"fields": [...], "values": [[...]]}'
        raise ValueError(
            f"The engine at {url} must answer {shape}, not {answer.text[:200]!r}: {error}."
        ) from None
    if len(answers) != len(rows):
        raise ValueError(f"The engine at {url} answered {len(rows)} rows with {len(answers)}.")
    return answers


def _bearer(token: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Authorize requests with the token, or with nothing.

    Without an `auth`, requests would send the credentials that ~/.netrc has for the host.
    """

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize
