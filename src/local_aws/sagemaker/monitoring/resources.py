"""Model Monitor's kinds of resources: names, errors and lists that differ from the others'."""

from dataclasses import dataclass

from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.resources import Resource
from local_aws.wire.errors import AwsError

_EQUAL = {
    "EndpointName": "EndpointName",
    "MonitoringScheduleName": "MonitoringScheduleName",
    "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
    "MonitoringTypeEquals": "MonitoringType",
}


@dataclass(frozen=True)
class MonitoringResource(Resource):
    """A schedule or an execution: a missing one has its own error code; lists have own filters."""

    def _missing(self, name: str, arn: str) -> AwsError:
        """Return the error whose code tells the SDK that a deletion is finished."""
        return AwsError("ResourceNotFound", f"{self.words.capitalize()} {name} not found")

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
    """A job definition: its kind is in the names of its operations, but not in its name or ARN."""

    @property
    def name_member(self) -> str:
        """Return the member that holds its name."""
        return "JobDefinitionName"

    def create(self, backend: Backend, request: Record) -> Record:
        """Store a new definition and return its ARN."""
        return {"JobDefinitionArn": super().create(backend, request)[f"{self.kind}Arn"]}
