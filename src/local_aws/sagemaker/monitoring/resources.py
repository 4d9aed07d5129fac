"""Model Monitor's kinds of resources: how their names, errors and lists differ from those of the
others.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_aws.sagemaker.resources import Record, Resource
from local_aws.wire.errors import AwsError

if TYPE_CHECKING:
    from local_aws.sagemaker.models import Backend

_EQUAL = {
    "EndpointName": "EndpointName",
    "MonitoringScheduleName": "MonitoringScheduleName",
    "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
    "MonitoringTypeEquals": "MonitoringType",
}


@dataclass(frozen=True)
class MonitoringResource(Resource):
    """A schedule or an execution: a missing one has a code of its own, and lists have filters of
    their own.
    """

    def find(self, backend: "Backend", name: str) -> Record:
        """Return the record itself; raises ResourceNotFound, by which the SDK knows that a deletion
        is done.
        """
        if name not in backend.records[self.kind]:
            raise AwsError("ResourceNotFound", f"{self.words.capitalize()} {name} not found")
        return super().find(backend, name)

    def _matches(self, record: Record, request: Record) -> bool:
        """Say whether a record passes the filters of a List request."""
        same = all(
            record.get(member) == request[asked]
            for asked, member in _EQUAL.items()
            if asked in request
        )
        return same and super()._matches(record, request)


@dataclass(frozen=True)
class JobDefinition(MonitoringResource):
    """A job definition: its kind names its operations, but neither its name nor its ARN."""

    @property
    def name_member(self) -> str:
        """Return the member that holds its name."""
        return "JobDefinitionName"

    def create(self, backend: "Backend", request: Record) -> Record:
        """Store a new definition and answer its ARN."""
        return {"JobDefinitionArn": super().create(backend, request)[f"{self.kind}Arn"]}
