"""The abilities of the offline SageMaker: its kinds of resources, and its operations by name.

Importing this module gives the backends their kinds; `Backend` itself knows none of them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from moto.core.utils import get_service_model
from moto.sagemaker.models import sagemaker_backends

from local_aws.a2i import definitions as review
from local_aws.a2i.loops import HUMAN_LOOP
from local_aws.a2i.resources import CrowdResource, ReviewResource, TemplateResource
from local_aws.kept import disk, state
from local_aws.sagemaker import tags
from local_aws.sagemaker.jobs import processing, running, training
from local_aws.sagemaker.models import Backend, Record
from local_aws.sagemaker.monitoring import definitions, executions, schedules
from local_aws.sagemaker.monitoring.resources import JobDefinition, MonitoringResource
from local_aws.sagemaker.resources import Resource
from local_aws.sagemaker.serving import deployments, endpoints, hosting
from local_aws.sagemaker.validation import validate

RESOURCES = (
    Resource(
        "TrainingJob",
        "training job",
        training.prepare,
        training.begin,
        running.end,
        training.resume,
    ),
    Resource(
        "ProcessingJob",
        "processing job",
        processing.prepare,
        processing.begin,
        running.end,
        processing.resume,
    ),
    Resource("Model", "model", hosting.prepare_model),
    Resource("EndpointConfig", "endpoint configuration", hosting.prepare_config),
    Resource(
        "Endpoint", "endpoint", endpoints.prepare, endpoints.begin, endpoints.end, endpoints.resume
    ),
    JobDefinition(
        "DataQualityJobDefinition",
        "data quality job definition",
        definitions.prepare,
        end=definitions.end,
    ),
    JobDefinition(
        "ModelQualityJobDefinition",
        "model quality job definition",
        definitions.prepare,
        end=definitions.end,
    ),
    MonitoringResource(
        "MonitoringSchedule", "monitoring schedule", schedules.prepare, schedules.begin
    ),
    MonitoringResource(
        "MonitoringExecution",
        "monitoring execution",
        executions.prepare,
        executions.begin,
        resume=executions.resume,
    ),
    TemplateResource("HumanTaskUi", "human task UI", review.prepare_ui),
    CrowdResource("Workforce", "workforce", review.prepare_workforce, end=review.end_workforce),
    CrowdResource("Workteam", "work team", review.prepare_team),
    ReviewResource("FlowDefinition", "flow definition", review.prepare_flow, end=review.end_flow),
    HUMAN_LOOP,
)
Backend.kinds |= {resource.kind: resource for resource in RESOURCES}


@cache
def by_name() -> dict[str, Callable[[Backend, Record], Record | None]]:
    """Return the operations, by name.

    They are made on first use: reading botocore's model of SageMaker takes a tenth of a second,
    which the start of the server shouldn't wait for.
    """
    return {
        **{name: verb for resource in RESOURCES for name, verb in resource.operations().items()},
        "StopTrainingJob": training.stop,
        "StopProcessingJob": processing.stop,
        "UpdateEndpoint": endpoints.update,
        "DescribeMonitoringSchedule": schedules.describe,
        "StartMonitoringSchedule": schedules.start,
        "StopMonitoringSchedule": schedules.stop,
        "UpdateMonitoringSchedule": schedules.update,
        "UpdateEndpointWeightsAndCapacities": endpoints.update_weights,
        "RenderUiTemplate": review.render,
        "AddTags": tags.add,
        "ListTags": tags.list_tags,
        "DeleteTags": tags.delete,
    }


def act(backend: Backend, operation: str, request: Any) -> Record | None:
    """Check a request against botocore's model and run its operation; raises AwsError."""
    validate(request, get_service_model("sagemaker").operation_model(operation).input_shape)
    given = {member: value for member, value in request.items() if value is not None}
    return by_name()[operation](backend, given)


def restore() -> None:
    """Restore the records from disk, oldest first, and start the endpoints' models."""
    found: list[tuple[Backend, Record]] = []
    kept = [record for record, _ in disk.load("sagemaker")]
    for record in sorted(kept, key=lambda record: record["CreationTime"]):
        region = record[f"{record['_kind']}Arn"].split(":")[3]
        backend: Backend = sagemaker_backends[state.ACCOUNT][region]
        backend.take_back(record)
        found.append((backend, record))
    deployments.remove_strays([record["_plan"] for _, record in found if "_plan" in record])
    for backend, record in found:
        Backend.kinds[record["_kind"]].resume(backend, record)
