"""Files that an S3 address means, for the commands that read files."""

from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from model_monitoring.analysis.files.finding import meant

_NEAR = 3  # other keys that a message names


def download(source: str, folder: Path) -> None:
    """Download the object, or the data of the folder, that s3://bucket/key means.

    Each goes into a folder of its own, numbered in the order of the keys, under its own name.

    Raises:
        ValueError: they can't be read, or there are none.
    """
    bucket, _, address = source.removeprefix("s3://").partition("/")
    try:
        client = boto3.client("s3")
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=address)
        sizes = {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}
        keys = [key for key in meant(sizes, address) if sizes[key]]
        for number, key in enumerate(keys):
            path = folder / f"{number:06d}" / key.rpartition("/")[2]
            path.parent.mkdir()
            client.download_file(bucket, key, str(path))
    except (BotoCoreError, ClientError) as error:
        raise ValueError(f"{source} can't be read: {error}") from None
    if not keys:
        near = [f"s3://{bucket}/{key}" for key in sizes][:_NEAR]
        beside = f" There are {', '.join(near)}; name one, or a folder." if near else ""
        raise ValueError(f"{source} is neither an object nor a folder with data.{beside}")
