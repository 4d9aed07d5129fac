"""SageMaker's backend: moto's, with records of our own and the work behind them."""

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from moto.core.utils import utcnow
from moto.sagemaker.models import SageMakerModelBackend

from local_aws.kept import disk
from local_aws.sagemaker.jobs.runs import Run

Record = dict[str, Any]
_log = logging.getLogger(__name__)


class Backend(SageMakerModelBackend):
    """One region's SageMaker: its records, the waiting and running jobs, and the serving models.

    `records` holds kind -> name -> record. A record has the shape of botocore's Describe output,
    plus members of our own that begin with an underscore and are never shown. `lock` guards them.
    """

    # Kind -> its Resource, from operations.py, which imports this module
    kinds: ClassVar[dict[str, Any]] = {}

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in self.kinds}
        self.runs: dict[str, Run] = {}
        # Deployments by the name of the endpoint, see serving/deployments.py
        self.deployments: dict[str, Any] = {}
        self.unwritten: list[Record] = []
        self.queue = ThreadPoolExecutor(max(2, os.cpu_count() or 2), thread_name_prefix="job")

    def find(self, kind: str, name: str) -> Record:
        """Return a record itself; raises AWS's error if it doesn't exist."""
        return self.kinds[kind].find(self, name)

    def create(self, kind: str, request: Record) -> Record:
        """Create a record for the service itself, unchecked."""
        return self.kinds[kind].create(self, request)

    def change(self, record: Record, **members: Any) -> None:
        """Set members of a record and the time of its last change, and keep it on disk."""
        with self.lock:
            changes = {"LastModifiedTime": utcnow()} | members
            if self._holds(record):
                disk.save(self._file(record), record | changes)
            record.update(changes)

    def note(self, record: Record, **members: Any) -> None:
        """Change a record because of an event; on a full disk it is written later."""
        with self.lock:
            try:
                self.change(record, **members)
            except OSError as error:
                _log.error("%s can't be written yet: %s", self._name(record), error)
                record.update({"LastModifiedTime": utcnow()} | members)
                self.unwritten.append(record)

    def catch_up(self) -> None:
        """Write the records that had to wait because the disk was full."""
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
            self.take_back(record)

    def take_back(self, record: Record) -> None:
        """Hold a record that is on disk."""
        self.records[record["_kind"]][self._name(record)] = record

    def remove(self, record: Record) -> None:
        """Remove a record, here and on disk."""
        with self.lock:
            disk.drop(self._file(record))
            del self.records[record["_kind"]][self._name(record)]

    def reset(self) -> None:
        """Forget everything, as moto's own tests need it; running work is ended."""
        for run in list(self.runs.values()):
            run.stopping.set()
        for deployment in list(self.deployments.values()):
            deployment.end()
        self.queue.shutdown(wait=False)
        super().reset()

    def _holds(self, record: Record) -> bool:
        """Say whether a record is in use, and so on disk: neither deleted nor half created."""
        return self.records[record["_kind"]].get(self._name(record)) is record

    def _file(self, record: Record) -> Path:
        """Return the file that keeps a record."""
        return disk.path_of("sagemaker", self.region_name, record["_kind"], self._name(record))

    def _name(self, record: Record) -> str:
        """Return a record's name."""
        return record[self.kinds[record["_kind"]].name_member]
