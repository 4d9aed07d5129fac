"""Scoring through the engine of a subscription's binding."""

import json
import os
from collections.abc import Callable, Mapping, Sequence

import boto3
import requests

from model_monitoring.analysis.files import bodies, json_bodies
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.engines import forms, responses, sagemaker
from model_monitoring.datamart.engines.instances import (
    BatchMachineLearningInstance,
    CustomMachineLearningInstance,
    check_engine,
)

TIMEOUT = 30.0  # seconds


class Unreachable(ValueError):
    """The engine doesn't answer at all, whatever it is asked."""


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
        return _post(properties, features, rows)
    if binding["service_type"] == BatchMachineLearningInstance.service_type:
        raise ValueError("The model's predictions come as files: it can't be asked.")
    if session is None:
        raise ValueError(
            "Scoring through the endpoint needs a session: DataMart(url, boto_session=...)."
        )
    return sagemaker.score(session, properties["region"], deployment, rows, scoring_id)


def _post(properties: Mapping, features: Sequence[str], rows: Sequence) -> list[Mapping]:
    url, token_variable = properties["url"], properties["token_variable"]
    check_engine(url, token_variable)  # again: the row may have been changed in the table
    if token_variable and token_variable not in os.environ:
        raise ValueError(
            f"The engine's token must be in the environment variable {token_variable}, which isn't"
            " set."
        )
    token = os.environ[token_variable] if token_variable else None
    asked = forms.body(properties["request"], features, rows)
    try:
        # a redirect could carry the token elsewhere
        answer = requests.post(
            url, json=asked, auth=_bearer(token), timeout=TIMEOUT, allow_redirects=False
        )
    except requests.RequestException as error:
        raise Unreachable(f"The engine at {url} can't be reached: {error}") from None
    if answer.status_code != 200:
        raise ValueError(
            f"The engine at {url} answered {answer.status_code}: {answer.text[:200]!r}"
        )
    try:
        return _predictions(answer.text, properties["answers"], len(rows))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The engine at {url} must answer with a prediction for each of"
            f" {counted(len(rows), 'row')}, not {answer.text[:200]!r}: {error}."
        ) from None


def _predictions(text: str, answers: str | None, count: int) -> list[Mapping]:
    """Read an answer in JSON: one dict of outputs per row."""
    if answers is not None:
        text = json.dumps(forms.found(json_bodies.load(text), answers))
    return responses.named("JSON", bodies.read_answers("JSON", text, count))


def _bearer(token: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Authorize requests with the token, or with nothing.

    Without an `auth`, requests would send the credentials that ~/.netrc has for the host.
    """

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize
