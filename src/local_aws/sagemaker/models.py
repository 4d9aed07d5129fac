"""SageMaker's backend: moto's, with records of our own and work behind training jobs and
endpoints.
"""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from moto.core.utils import get_service_model, utcnow
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from local_aws.a2i import definitions as review
from local_aws.a2i.loops import HUMAN_LOOP
from local_aws.a2i.resources import CrowdResource, ReviewResource, TemplateResource
from local_aws.kept import disk, state
from local_aws.sagemaker import tags
from local_aws.sagemaker.jobs import processing, running, training
from local_aws.sagemaker.jobs.running import Run
from local_aws.sagemaker.monitoring import definitions, executions, schedules
from local_aws.sagemaker.monitoring.resources import JobDefinition, MonitoringResource
from local_aws.sagemaker.resources import Record, Resource
from local_aws.sagemaker.serving import deployments, endpoints, hosting
from local_aws.sagemaker.serving.deployments import Deployment
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
_log = logging.getLogger(__name__)
_BY_KIND = {resource.kind: resource for resource in RESOURCES}

OPERATIONS: dict[str, Callable[["Backend", Record], Record | None]] = {
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


class Backend(SageMakerModelBackend):
    """One region's SageMaker: its records, the jobs that wait and run, and the models that serve.

    `records` holds kind -> name -> record, in the shape of botocore's Describe answers plus members
    of our own that begin with an underscore and are never shown; `lock` guards them.
    """

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in _BY_KIND}
        self.runs: dict[str, Run] = {}
        self.deployments: dict[str, Deployment] = {}
        self.unwritten: list[Record] = []
        self.queue = ThreadPoolExecutor(max(2, os.cpu_count() or 2), thread_name_prefix="job")

    def find(self, kind: str, name: str) -> Record:
        """Return a record itself; raises AWS's error for a missing one."""
        return _BY_KIND[kind].find(self, name)

    def act(self, operation: str, request: Any) -> Record | None:
        """Check a request against botocore's model and run its operation; raises AwsError."""
        validate(request, get_service_model("sagemaker").operation_model(operation).input_shape)
        given = {member: value for member, value in request.items() if value is not None}
        return OPERATIONS[operation](self, given)

    def create(self, kind: str, request: Record) -> Record:
        """Create a record on the service's own account, unchecked."""
        return _BY_KIND[kind].create(self, request)

    def change(self, record: Record, **members: Any) -> None:
        """Set members of a record and when it was last changed, and keep it on disk."""
        with self.lock:
            changes = {"LastModifiedTime": utcnow()} | members
            if self._holds(record):
                disk.save(self._file(record), record | changes)
            record.update(changes)

    def note(self, record: Record, **members: Any) -> None:
        """Change a record by what happened anyway: if the disk is full, it is kept there when there
        is room again.
        """
        with self.lock:
            try:
                self.change(record, **members)
            except OSError as error:
                _log.error("%s can't be written yet: %s", _name(record), error)
                record.update({"LastModifiedTime": utcnow()} | members)
                self.unwritten.append(record)

    def catch_up(self) -> None:
        """Write the records that a full disk has kept waiting."""
        with self.lock:
            waiting, self.unwritten = self.unwritten, []
            for record in waiting:
                try:
                    self.change(record, LastModifiedTime=record["LastModifiedTime"])
                except OSError:
                    self.unwritten.append(record)

    def add(self, record: Record) -> None:
        """Keep a new record, on disk first."""
        with self.lock:
            disk.save(self._file(record), record)
            self.records[record["_kind"]][_name(record)] = record

    def remove(self, record: Record) -> None:
        """Drop a record, here and on disk."""
        with self.lock:
            disk.drop(self._file(record))
            del self.records[record["_kind"]][_name(record)]

    def reset(self) -> None:
        """Forget everything, as moto's own tests ask for; what runs is ended."""
        for run in list(self.runs.values()):
            run.stopping.set()
        for deployment in list(self.deployments.values()):
            deployment.end()
        self.queue.shutdown(wait=False)
        super().reset()

    def _holds(self, record: Record) -> bool:
        """Say whether a record is in use: one that was deleted meanwhile, or isn't complete yet, is
        not on disk.
        """
        return self.records[record["_kind"]].get(_name(record)) is record

    def _file(self, record: Record) -> Path:
        """Return the file that keeps a record."""
        return disk.path_of("sagemaker", self.region_name, record["_kind"], _name(record))


def _name(record: Record) -> str:
    """Return a record's name."""
    return record[_BY_KIND[record["_kind"]].name_member]


def restore() -> None:
    """Bring back the records that are on disk, in the order of their creation, and the endpoints'
    models with them.
    """
    found = []
    for record, _ in sorted(disk.load("sagemaker"), key=lambda kept: kept[0]["CreationTime"]):
        region = record[f"{record['_kind']}Arn"].split(":")[3]
        backend: Backend = sagemaker_backends[state.ACCOUNT][region]
        backend.records[record["_kind"]][_name(record)] = record
        found.append((backend, record))
    deployments.remove_strays([record["_plan"] for _, record in found if "_plan" in record])
    for backend, record in found:
        _BY_KIND[record["_kind"]].resume(backend, record)
