"""A2I's kinds of resources: how their names, errors and responses differ from the others'."""

from collections.abc import Callable
from dataclasses import dataclass

from local_aws.a2i import workers
from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.resources import Resource
from local_aws.wire.errors import AwsError, validation_error
from model_monitoring import review


@dataclass(frozen=True)
class ReviewResource(Resource):
    """A worker task template or a flow definition: a missing one has an error code of its own."""

    def _missing(self, name: str, arn: str) -> AwsError:
        """Return the message for a record that doesn't exist."""
        return AwsError("ResourceNotFound", f"{self.words.capitalize()} {name} not found.")


@dataclass(frozen=True)
class TemplateResource(ReviewResource):
    """A worker task template: checked when it is created, before workers can see a mistake."""

    def create(self, backend: Backend, request: Record) -> Record:
        """Create the resource; it is checked first, unlocked, because that may take seconds."""
        try:
            review.check(request["UiTemplate"]["Content"])
        except ValueError as error:
            raise validation_error(str(error)) from None
        return super().create(backend, request)


@dataclass(frozen=True)
class CrowdResource(Resource):
    """A workforce or a work team: returned inside a member of its kind, with its times renamed."""

    def operations(self) -> dict[str, Callable[[Backend, Record], Record | None]]:
        """Return the resource's operations, by name."""
        return super().operations() | {f"Update{self.kind}": self.update}

    def update(self, backend: Backend, request: Record) -> Record:
        """Replace the given members and return the record; the team's members stay."""
        with backend.lock:
            drop_secret(request)
            backend.change(self.find(backend, request[self.name_member]), **request)
            return self.describe(backend, request)

    def delete(self, backend: Backend, request: Record) -> Record:
        """Remove the record."""
        super().delete(backend, request)
        return {"Success": True}

    def describe(self, backend: Backend, request: Record) -> Record:
        """Return a copy of the record."""
        return {self.kind: self._shown(super().describe(backend, request))}

    def list(self, backend: Backend, request: Record) -> Record:
        """Return one page of records, filtered and sorted as requested."""
        page = super().list(backend, request)
        return page | {
            self._list_member(): [self._shown(record) for record in page[self._list_member()]]
        }

    def _shown(self, record: Record) -> Record:
        """Return a copy of a record with the names of botocore's shapes."""
        region = record[f"{self.kind}Arn"].split(":")[3]
        times = {
            "CreateDate": record["CreationTime"],
            "LastUpdatedDate": record["LastModifiedTime"],
        }
        return record | times | {"SubDomain": workers.subdomain(region)}

    def _arn_part(self) -> str:
        """Return the resource type of its ARN: the offline AWS has only private workforces."""
        return f"{self.kind.lower()}/private-crowd"


@dataclass(frozen=True)
class LoopResource(Resource):
    """A human loop: a resource of the A2I runtime's model, not of SageMaker's."""

    def _matches(self, record: Record, request: Record) -> bool:
        """Say whether a record passes the filters of a List request."""
        return record["FlowDefinitionArn"] == request["FlowDefinitionArn"] and super()._matches(
            record, request
        )

    def _list_member(self) -> str:
        """Return the member of List's output that holds the summaries."""
        return "HumanLoopSummaries"

    def _missing(self, name: str, arn: str) -> AwsError:
        """Return the message for a loop that doesn't exist."""
        return AwsError("ResourceNotFoundException", f"Human loop {name} not found.")

    def _taken(self, arn: str) -> AwsError:
        """Return the message for a name that is in use."""
        return AwsError(
            "ConflictException", f"A human loop of this name with other input exists already: {arn}"
        )


def drop_secret(workforce: Record) -> None:
    """Remove the secret of a workforce's identity provider: it has no use here."""
    workforce.get("OidcConfig", {}).pop("ClientSecret", None)
