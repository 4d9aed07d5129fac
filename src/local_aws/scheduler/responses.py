"""EventBridge Scheduler's operations: moto's; changes are on disk before the response."""

from typing import Any

from moto.scheduler.responses import EventBridgeSchedulerResponse

from local_aws.kept.undoing import kept_or_undone
from local_aws.scheduler import models


class Api(EventBridgeSchedulerResponse):
    """moto's operations."""

    def call_action(self) -> Any:
        """Respond to one request."""
        if self._get_action().startswith(("Get", "List")):
            return super().call_action()
        with kept_or_undone(self.scheduler_backend, lambda: models.keep(self.region)):
            return super().call_action()
