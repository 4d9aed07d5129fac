"""A2I's output.json: its content and its place in S3."""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from .tasks import Answer


def key(prefix: str, flow_definition: str, created: datetime, human_loop: str) -> str:
    """Name the S3 key of a loop's output.

    It is `<prefix>/<flow definition>/YYYY/MM/DD/hh/mm/ss/<loop>/output.json`. `created` is when the
    loop started (aware, written in UTC). See "Output Data from Amazon A2I" in the SageMaker
    Developer Guide.
    """
    parts = (
        prefix.strip("/"),
        flow_definition,
        created.astimezone(UTC).strftime("%Y/%m/%d/%H/%M/%S"),
        human_loop,
    )
    return "/".join(part for part in (*parts, "output.json") if part)


def output_json(
    flow_definition_arn: str,
    human_loop: str,
    input_content: dict,
    answers: Iterable[tuple[str, Answer]],
    issuer: str,
) -> dict:
    """Compose the output.json of a loop of a custom task, item for item as A2I writes it.

    Args:
        flow_definition_arn: the flow definition's ARN.
        human_loop: the loop's name.
        input_content: the loop's InputContent, parsed.
        answers: each reviewer's name with their answer.
        issuer: the issuer of the reviewers' identities; in A2I it is a Cognito user pool's URL.
    """
    return {
        "flowDefinitionArn": flow_definition_arn,
        "humanAnswers": [_human_answer(reviewer, answer, issuer) for reviewer, answer in answers],
        "humanLoopName": human_loop,
        "inputContent": input_content,
    }


def _human_answer(reviewer: str, answer: Answer, issuer: str) -> dict:
    return {
        "acceptanceTime": _time(answer.accepted),
        "answerContent": answer.content,
        "submissionTime": _time(answer.submitted),
        "timeSpentInSeconds": answer.seconds,
        "workerId": worker_id(reviewer),
        "workerMetadata": {
            "identityData": {
                "identityProviderType": "Cognito",
                "issuer": issuer,
                "sub": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{issuer}#{reviewer}")),
            }
        },
    }


def worker_id(reviewer: str) -> str:
    """Derive the 16 hexadecimal digits that A2I's files use for a reviewer."""
    return hashlib.sha256(reviewer.encode()).hexdigest()[:16]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
