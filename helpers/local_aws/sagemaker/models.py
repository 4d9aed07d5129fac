"""SageMaker's backend: moto's, with records of our own and work behind training jobs and endpoints."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.models import SageMakerModelBackend

from helpers.local_aws.sagemaker import endpoints, tags, training
from helpers.local_aws.sagemaker.deployments import Deployment, Janitor
from helpers.local_aws.sagemaker.jobs import Run
from helpers.local_aws.sagemaker.resources import Record, Resource

TRAINING_JOB = Resource("TrainingJob", "training job", training.prepare, training.begin)
MODEL = Resource("Model", "model", endpoints.prepare_model)
ENDPOINT_CONFIG = Resource("EndpointConfig", "endpoint configuration", endpoints.prepare_config)
ENDPOINT = Resource("Endpoint", "endpoint", endpoints.prepare, endpoints.begin, endpoints.end)
RESOURCES = (TRAINING_JOB, MODEL, ENDPOINT_CONFIG, ENDPOINT)

OPERATIONS: dict[str, Callable[["Backend", Record], Record | None]] = {
    **{name: verb for resource in RESOURCES for name, verb in resource.operations().items()},
    "StopTrainingJob": training.stop,
    "UpdateEndpoint": endpoints.update,
    "AddTags": tags.add,
    "ListTags": tags.list_tags,
    "DeleteTags": tags.delete,
}


class Backend(SageMakerModelBackend):
    """One region's SageMaker: its records, the jobs that wait and run, and the models that serve.

    `records` holds kind -> name -> record, in the shape of botocore's Describe answers; `lock` guards them.
    """

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()
        self.records: dict[str, dict[str, Record]] = {resource.kind: {} for resource in RESOURCES}
        self.runs: dict[str, Run] = {}
        self.deployments: dict[str, Deployment] = {}
        self.queue = ThreadPoolExecutor(max(2, os.cpu_count() or 2), thread_name_prefix="job")
        Janitor(self.deployments).start()

    def find(self, kind: str, name: str) -> Record:
        """Return a record itself; raises AWS's error for a missing one."""
        return next(resource for resource in RESOURCES if resource.kind == kind).find(self, name)

    def change(self, record: Record, **members: Any) -> None:
        """Set members of a record, and when it was last changed."""
        with self.lock:
            record.update(members, LastModifiedTime=utcnow())
