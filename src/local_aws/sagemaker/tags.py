"""Tags of SageMaker resources, by ARN."""

from local_aws.sagemaker.models import Backend, Record
from local_aws.wire.errors import validation_error


def _record(backend: Backend, arn: str) -> Record:
    """Find the record of an ARN; raises AWS's error if it doesn't exist."""
    for kind, records in backend.records.items():
        for record in records.values():
            if record[f"{kind}Arn"] == arn:
                return record
    raise validation_error(f'Could not find the resource "{arn}".')


def _set(backend: Backend, record: Record, tags: list[dict[str, str]]) -> None:
    """Change a resource's tags; the time of its last change stays."""
    backend.change(record, Tags=tags, LastModifiedTime=record["LastModifiedTime"])


def add(backend: Backend, request: Record) -> Record:
    """Add tags to a resource and return all that it has."""
    with backend.lock:
        record = _record(backend, request["ResourceArn"])
        tags = {tag["Key"]: tag for tag in record.get("Tags", []) + request["Tags"]}
        _set(backend, record, list(tags.values()))
        return {"Tags": record["Tags"]}


def list_tags(backend: Backend, request: Record) -> Record:
    """Return the tags of a resource."""
    with backend.lock:
        return {"Tags": _record(backend, request["ResourceArn"]).get("Tags", [])}


def delete(backend: Backend, request: Record) -> Record:
    """Remove tags of a resource by their keys."""
    with backend.lock:
        record = _record(backend, request["ResourceArn"])
        _set(
            backend,
            record,
            [tag for tag in record.get("Tags", []) if tag["Key"] not in request["TagKeys"]],
        )
        return {}
