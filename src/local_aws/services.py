"""S3, CloudWatch Logs and CloudWatch as the jobs use them: moto's backends, called directly.

A boto3 client inside the server would take half a second each and send requests to this server
itself.
"""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.logs.exceptions import ResourceAlreadyExistsException
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from local_aws.kept import state
from local_aws.s3.models import keep


def split_uri(uri: str) -> tuple[str, str]:
    """Split s3://bucket/key into bucket and key (which may be empty).

    Raises:
        ValueError: the URI has another form.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise ValueError(f"ClientError: S3 URI expected, of the form s3://bucket/key, not {uri!r}")
    return bucket, key


def list_objects(uri: str) -> list[str]:
    """List the keys that start with an S3 URI's, in order.

    Raises:
        ValueError: there is no such bucket.
    """
    bucket, prefix = split_uri(uri)
    keys = _bucket(bucket).keys
    return sorted(key for key in list(keys) if key.startswith(prefix) and _is_object(keys.get(key)))


def read_object(bucket: str, key: str) -> bytes:
    """Read an object.

    Raises:
        ValueError: there is no such object.
    """
    found = _bucket(bucket).keys.get(key)
    if not _is_object(found):
        raise ValueError(f"ClientError: No S3 object s3://{bucket}/{key}")
    return found.value


def write_object(uri: str, value: bytes) -> None:
    """Write an object.

    Raises:
        ValueError: there is no such bucket.
    """
    bucket, key = split_uri(uri)
    _bucket(bucket)
    s3_backends[state.ACCOUNT]["aws"].put_object(bucket, key, value)
    keep()


def upload_folder(folder: Path, uri: str) -> None:
    """Write a folder's files under an S3 URI; links are left out: they could lead outside."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            write_object(
                f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}", path.read_bytes()
            )


def log_lines(region: str, group: str, stream: str, lines: Iterable[str]) -> None:
    """Append lines to a log stream, made on first use."""
    logs = logs_backends[state.ACCOUNT][region]
    with suppress(ResourceAlreadyExistsException):
        logs.create_log_group(group, {})
    logs.ensure_log_stream(group, stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    if events:
        logs.groups[group].streams[stream].put_log_events(events)


def put_metric(
    region: str,
    namespace: str,
    dimensions: dict[str, str],
    name: str,
    values: Sequence[float],
    unit: str,
) -> None:
    """Record values of a metric, combined into one statistic of the present time."""
    statistics = {
        "SampleCount": len(values),
        "Sum": sum(values),
        "Minimum": min(values),
        "Maximum": max(values),
    }
    datum = {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "StatisticValues": statistics,
        "Timestamp": utcnow(),
        "Unit": unit,
    }
    cloudwatch_backends[state.ACCOUNT][region].put_metric_data(namespace, [datum])


def _bucket(name: str) -> Any:
    """Return moto's bucket; raises ValueError if there is none."""
    try:
        return s3_backends[state.ACCOUNT]["aws"].get_bucket(name)
    except ServiceException as error:
        raise ValueError(
            f"ClientError: S3 bucket {name!r} can't be read: {error.message}"
        ) from None


def _is_object(key: Any) -> bool:
    """Say whether moto's entry under a key is an object (a delete marker has no value)."""
    return hasattr(key, "value")
