"""Which captured files are a subscription's: those of its endpoint, and of the variants that count.

Data capture writes to <where it was told>/<endpoint>/<variant>/<year>/<month>/<day>/<hour>/.
"""

import re
import warnings
from collections.abc import Sequence
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from model_monitoring.analysis.files.finding import meant
from model_monitoring.datamart.postgres.texts import check_text
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.watched import WatchedModel

LAYOUT = re.compile(r"(?:.*/)?([^/]+)/([^/]+)/\d{4}/\d\d/\d\d/\d\d/[^/]+")
ENDINGS = (".jsonl", ".jsonl.gz")


def find(subscription: WatchedModel, uri: str) -> list[dict]:
    """List the captured files of a subscription under an S3 URI, an object's or a folder's.

    What lies there beside them, of another endpoint or of a variant that doesn't count, is named in
    a warning.

    Returns:
        what ListObjectsV2 says of each, with its `uri`.

    Raises:
        ValueError: there is no boto3 session; the URI isn't one of S3, or can't be listed; it isn't
            known which of several variants count.
    """
    check_text(uri, "uri")
    location = urlsplit(uri)
    if location.scheme != "s3" or not location.netloc:
        raise ValueError(f"{uri!r} is not an S3 URI: s3://bucket/prefix.")
    if subscription.boto_session is None:
        raise ValueError("Reading data capture takes a session: DataMart(url, boto_session=...).")
    there = _listed(subscription, location.netloc, location.path.strip("/"))
    found = [item for item in there if item["Key"].endswith(ENDINGS)]
    if not found:
        others = some([item["Key"] for item in there])
        warnings.warn(
            f"Nothing is captured under {uri}: no object of this name, and none in this folder that"
            f" ends in {' or '.join(ENDINGS)}." + (f" There are {others}." if there else ""),
            stacklevel=4,
        )
        return []
    kept = _counting(subscription, uri, found)
    return [item | {"uri": f"s3://{location.netloc}/{item['Key']}"} for item in kept]


def _listed(subscription: WatchedModel, bucket: str, name: str) -> list[dict]:
    """List an object, or a folder's objects."""
    s3 = subscription.boto_session.client("s3", region_name=subscription.region)
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=name)
        there = {item["Key"]: item for page in pages for item in page.get("Contents", ())}
    except ClientError as error:
        raise ValueError(
            f"s3://{bucket}/{name} can't be listed: {error.response['Error']['Message']}"
        ) from None
    return [there[key] for key in meant(there, name)]


def _counting(subscription: WatchedModel, uri: str, found: Sequence[dict]) -> list[dict]:
    """Return the files of the subscription's endpoint, and of the variants that count."""
    origins = [_origin(item["Key"], subscription.source_uid) for item in found]
    ours = {origin[1] for origin in origins if origin and origin[0] == subscription.source_uid}
    counting = _variants(subscription, uri, ours)

    def counts(origin: tuple[str, str] | None) -> bool:
        if origin is None:  # a folder of another layout: what else could it be, if nothing is ours
            return not ours
        return origin[0] == subscription.source_uid and origin[1] in counting

    left_out = sorted({"/".join(o or ("elsewhere",)) for o in origins if not counts(o)})
    if left_out:
        warnings.warn(
            f"Under {uri} there are files of another endpoint or variant, which were left out:"
            f" {some(left_out)}.",
            stacklevel=5,
        )
    return [item for item, origin in zip(found, origins, strict=True) if counts(origin)]


def _origin(key: str, endpoint: str) -> tuple[str, str] | None:
    """Return the endpoint and the variant that a key names; None if it names none."""
    if laid_out := LAYOUT.fullmatch(key):
        return laid_out.group(1), laid_out.group(2)
    parts = key.split("/")
    if endpoint in parts[:-2]:
        return endpoint, parts[parts.index(endpoint) + 1]
    return None


def _variants(subscription: WatchedModel, uri: str, present: set[str]) -> set[str]:
    """Return the variants whose traffic counts: the one declared, else all production variants.

    Raises:
        ValueError: none is declared, several are there, and the endpoint can't be asked.
    """
    if declared := subscription.asset["variant"]:
        return {declared}
    if len(present) < 2:
        return present
    try:
        client = subscription.boto_session.client("sagemaker", region_name=subscription.region)
        endpoint = client.describe_endpoint(EndpointName=subscription.source_uid)
        return {variant["VariantName"] for variant in endpoint.get("ProductionVariants", ())}
    except (BotoCoreError, ClientError):
        raise ValueError(
            f"Under {uri} there is traffic of the variants {some(sorted(present))}, and the"
            f" endpoint {subscription.source_uid!r} can't be asked which of them are in production."
            " Subscribe with variant=..., or name one variant's folder. Nothing was stored."
        ) from None
