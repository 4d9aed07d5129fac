"""The kinds of SageMaker resources: an entry each in `operations.RESOURCES`, four verbs for all."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.model import StructureShape
from moto.core.utils import get_service_model, utcnow

from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.validation import to_utc
from local_aws.wire.errors import AwsError, validation_error


def _nothing(backend: Backend, record: Record) -> None:
    """Do nothing: a plain resource is only a record."""


@dataclass(frozen=True)
class Resource:
    """A kind of resource: its names in AWS, and the work behind it, if any.

    `prepare` checks a new record and completes it, `begin` starts its work once it is stored, `end`
    stops the work before it is deleted, `resume` continues it after a restart. `words` name it in
    messages.
    """

    kind: str
    words: str
    prepare: Callable[[Backend, Record], None] = _nothing
    begin: Callable[[Backend, Record], None] = _nothing
    end: Callable[[Backend, Record], None] = _nothing
    resume: Callable[[Backend, Record], None] = _nothing

    @property
    def name_member(self) -> str:
        """Return the member that holds its name."""
        return f"{self.kind}Name"

    def operations(self) -> dict[str, Callable[[Backend, Record], Record | None]]:
        """Return the resource's operations that botocore's model has, by name."""
        verbs = {
            f"Create{self.kind}": self.create,
            f"Describe{self.kind}": self.describe,
            f"List{self.kind}s": self.list,
            f"Delete{self.kind}": self.delete,
        }
        return {
            name: verb
            for name, verb in verbs.items()
            if name in get_service_model("sagemaker").operation_names
        }

    def create(self, backend: Backend, request: Record) -> Record:
        """Store a new record, start its work and return its ARN."""
        name, now = request[self.name_member], utcnow()
        arn = self._arn(backend, name)
        record = request | {
            "_kind": self.kind,
            f"{self.kind}Arn": arn,
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        with backend.lock:
            if name in backend.records[self.kind]:
                raise self._taken(arn)
            self.prepare(backend, record)
            backend.add(record)
        try:
            self.begin(backend, record)
        except BaseException:
            backend.remove(record)
            raise
        return {f"{self.kind}Arn": arn}

    def describe(self, backend: Backend, request: Record) -> Record:
        """Return a copy of the record; botocore's output shape chooses the members shown."""
        with backend.lock:
            return _without_nothing(self.find(backend, request[self.name_member]))

    def delete(self, backend: Backend, request: Record) -> None:
        """End the resource's work and remove its record."""
        with backend.lock:
            record = self.find(backend, request[self.name_member])
            self.end(backend, record)
            backend.remove(record)

    def find(self, backend: Backend, name: str) -> Record:
        """Return the record itself; raises AWS's error if it doesn't exist."""
        record = backend.records[self.kind].get(name)
        if record is None:
            raise self._missing(name, self._arn(backend, name))
        return record

    def list(self, backend: Backend, request: Record) -> Record:
        """Return one page of summaries, filtered and sorted as requested."""
        keys = {
            "Name": self.name_member,
            "Status": f"{self.kind}Status",
            "ScheduledTime": "ScheduledTime",
        }
        key = keys.get(request.get("SortBy", ""), "CreationTime")
        token, size = request.get("NextToken", "0"), request.get("MaxResults", 100)
        if not re.fullmatch(r"\d{1,9}", token):
            raise validation_error("Invalid pagination token")
        start = int(token)
        with backend.lock:
            found = [
                record
                for record in backend.records[self.kind].values()
                if self._matches(record, request)
            ]
            found.sort(
                key=lambda record: (record.get(key, ""), record[self.name_member]),
                reverse=request.get("SortOrder", "Descending") == "Descending",
            )
            page = [_without_nothing(record) for record in found[start : start + size]]
        more = start + size < len(found)
        return {self._list_member(): page} | ({"NextToken": str(start + size)} if more else {})

    def _matches(self, record: Record, request: Record) -> bool:
        """Say whether a record passes the filters of a List request."""
        if request.get("NameContains", "").lower() not in record[self.name_member].lower():
            return False
        if request.get("StatusEquals") not in (None, record.get(f"{self.kind}Status")):
            return False
        for member in ("CreationTime", "LastModifiedTime", "ScheduledTime"):
            after, before = request.get(f"{member}After"), request.get(f"{member}Before")
            if after is not None and to_utc(after) >= record[member]:
                return False
            if before is not None and to_utc(before) <= record[member]:
                return False
        return True

    def _list_member(self) -> str:
        """Return the member of List's output that holds the summaries."""
        shape: StructureShape = (
            get_service_model("sagemaker").operation_model(f"List{self.kind}s").output_shape
        )
        return next(name for name, member in shape.members.items() if member.type_name == "list")

    def _taken(self, arn: str) -> AwsError:
        """Return the error for a name in use; jobs and some others have an error of their own."""
        errors = get_service_model("sagemaker").operation_model(f"Create{self.kind}").error_shapes
        if any(error.name == "ResourceInUse" for error in errors):
            words = (
                f"{self.words.capitalize()} names must be unique within an AWS account and region, "
                f"and a {self.words} with this name already exists ({arn})"
            )
            return AwsError("ResourceInUse", words)
        return validation_error(f'Cannot create already existing {self.words} "{arn}".')

    def _missing(self, name: str, arn: str) -> AwsError:
        """Return the error for a record that doesn't exist."""
        return validation_error(f'Could not find {self.words} "{arn}".')

    def _arn(self, backend: Backend, name: str) -> str:
        """Return the ARN of a record."""
        owner = f"{backend.region_name}:{backend.account_id}"
        return f"arn:aws:sagemaker:{owner}:{self._arn_part()}/{name}"

    def _arn_part(self) -> str:
        """Return the resource type of its ARN, such as training-job."""
        return xform_name(self.kind, "-")


def _without_nothing(value: Any) -> Any:
    """Copy a record without None and {}, which AWS never sends and the SDK's shapes reject."""
    if isinstance(value, dict):
        copies = {key: _without_nothing(item) for key, item in value.items()}
        return {key: item for key, item in copies.items() if item is not None and item != {}}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value
