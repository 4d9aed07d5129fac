"""Delete on AWS what the tutorial created there: `make aws-clean`. It is safe to repeat."""

import sys

import boto3

from helpers import workspace
from helpers.cleanup import S3_PREFIX, delete_resources


def delete_schedules(boto_session: boto3.Session) -> list[str]:
    """Delete the EventBridge schedules with the tutorial's prefix: each starts a job every hour.

    Safe to repeat. Returns what was deleted, as "schedule name".
    """
    client = boto_session.client("scheduler")
    pages = client.get_paginator("list_schedules").paginate(NamePrefix=f"{S3_PREFIX}-")
    names = [schedule["Name"] for page in pages for schedule in page["Schedules"]]
    for name in names:
        client.delete_schedule(Name=name)
    return [f"schedule {name}" for name in names]


def main() -> None:
    """Delete schedules, endpoints, models and objects, and say which."""
    ws = workspace.open()
    print(ws.describe())
    deleted = delete_schedules(ws.boto_session) + delete_resources(ws.boto_session)
    ws.boto_session.resource("s3").Bucket(ws.bucket).objects.filter(Prefix=f"{ws.prefix}/").delete()
    left = "no schedule, endpoint, endpoint configuration or model was left"
    print("\n".join(f"deleted {what}" for what in deleted) or left)


if __name__ == "__main__":
    try:
        main()
    except workspace.WorkspaceError as error:
        sys.exit(str(error))
