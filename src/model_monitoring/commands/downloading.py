"""Files below an S3 prefix, for the commands that read files."""

from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def download(source: str, folder: Path) -> None:
    """Download the files below s3://bucket/prefix into a folder.

    Raises:
        ValueError: they can't be read, or there are none.
    """
    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    try:
        client = boto3.client("s3")
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Size"]]
        for number, key in enumerate(keys):
            client.download_file(bucket, key, str(folder / f"{number:06d}-{Path(key).name}"))
    except (BotoCoreError, ClientError) as error:
        raise ValueError(f"{source} can't be read: {error}") from None
    if not keys:
        raise ValueError(f"There are no files below {source}.")
