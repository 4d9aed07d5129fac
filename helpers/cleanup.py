"""Recognise what the tutorial created on AWS, and delete it."""

import boto3
from botocore import xform_name

S3_PREFIX = "sagemaker-monitoring"  # of objects in the bucket, and of names of schedules
TAG = {"key": "tutorial", "value": S3_PREFIX}  # of endpoints, endpoint configurations and models


def delete_resources(boto_session: boto3.Session, name: str | None = None) -> list[str]:
    """Delete the endpoints, endpoint configurations and models that carry the tutorial's tag.

    With `name`, only those of that name. Safe to repeat. Returns what was deleted: "kind name".
    """
    client = boto_session.client("sagemaker")
    deleted = []
    for kind in ("Endpoint", "EndpointConfig", "Model"):
        snake = xform_name(kind)
        pages = client.get_paginator(f"list_{snake}s").paginate()
        for item in [item for page in pages for item in page[f"{kind}s"]]:
            found = item[f"{kind}Name"]
            tags = client.list_tags(ResourceArn=item[f"{kind}Arn"])["Tags"]
            if name not in (None, found) or {"Key": TAG["key"], "Value": TAG["value"]} not in tags:
                continue
            getattr(client, f"delete_{snake}")(**{f"{kind}Name": found})
            if kind == "Endpoint":  # its name is free again only once it's gone
                waiter = client.get_waiter("endpoint_deleted")
                waiter.wait(EndpointName=found, WaiterConfig={"Delay": 5})
            deleted.append(f"{snake.replace('_', ' ')} {found}")
    return deleted
