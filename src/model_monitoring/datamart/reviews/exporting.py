"""Completed tasks as A2I's output.json files, in a folder or in S3."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import boto3
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ as REPEATABLE_READ
from tqdm.auto import tqdm

from model_monitoring import review
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.reviews import describing

NO_ACCOUNT = (
    "000000000000"  # used in the ARN, because the flow definition belongs to no AWS account
)


def export(database: Database, session: boto3.Session | None, destination: str | Path) -> list[str]:
    """Write each completed task's output.json and return their places; see `Reviews.export`."""
    write = _writer(session, str(destination))
    found = database.rows(
        "SELECT t.task_id, t.created_at, s.name, b.properties->>'region' AS region"
        " FROM review_task t JOIN subscription s USING (subscription_id)"
        " JOIN binding b USING (binding_uid) WHERE t.state = 'completed'"
        " ORDER BY t.created_at, t.number"
    )
    written = []
    for task in tqdm(found, desc="Writing answers", unit="task", disable=not found):
        name = re.sub("[^a-z0-9]+", "-", task["name"].lower()).strip("-")[:63] or "reviews"
        arn = (
            f"arn:aws:sagemaker:{task['region'] or 'us-east-1'}:{NO_ACCOUNT}:flow-definition/{name}"
        )
        issuer = f"urn:data-mart:{database.schema}"
        read = partial(_content, task_id=task["task_id"], arn=arn, issuer=issuer)
        if content := database.run(read, REPEATABLE_READ):
            written.append(
                write(
                    review.key("", name, task["created_at"], task["task_id"]), json.dumps(content)
                )
            )
    return written


def _writer(session: boto3.Session | None, destination: str) -> Callable[[str, str], str]:
    """Return a function that writes a string under a key below the destination.

    The function returns where it wrote.
    """
    if not destination.startswith("s3://"):
        return lambda key, text: _write_file(Path(destination) / key, text)
    if session is None:
        raise ValueError("Writing to S3 needs DataMart(..., boto_session=...).")
    bucket, _, prefix = destination.removeprefix("s3://").partition("/")
    client = session.client("s3")

    def write(key: str, text: str) -> str:
        key = "/".join(part for part in (prefix.strip("/"), key) if part)
        client.put_object(
            Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/json"
        )
        return f"s3://{bucket}/{key}"

    return write


def _write_file(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def _content(cursor: Cursor, task_id: str, arn: str, issuer: str) -> dict | None:
    """Compose one task's output.json.

    It is None if a row of the task was erased, and with it what was typed about it.
    """
    cursor.execute(
        "SELECT reviewer, content, first, accepted_at, submitted_at, submission FROM review_answer"
        " WHERE task_id = %s"
        " ORDER BY submitted_at, reviewer",
        [task_id],
    )
    answers = [(reviewer, review.Answer(*answer)) for reviewer, *answer in cursor.fetchall()]
    cursor.execute(
        "SELECT t.subscription_id, f.content FROM review_task t JOIN review_form f USING (form_id)"
        " WHERE task_id = %s",
        [task_id],
    )
    if not (found := cursor.fetchone()) or any(answer.content is None for _, answer in answers):
        return None
    task_input = describing.task_input(cursor, found[0], task_id, found[1])
    return review.output_json(arn, task_id, task_input, answers, issuer)
