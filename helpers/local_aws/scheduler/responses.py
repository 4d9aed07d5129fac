"""EventBridge Scheduler's operations: moto's; what they change is on disk before they answer."""

from typing import Any

from moto.scheduler.responses import EventBridgeSchedulerResponse

from helpers.local_aws.scheduler import models


class Api(EventBridgeSchedulerResponse):
    """moto's operations."""

    def call_action(self) -> Any:
        """Answer one request."""
        answer = super().call_action()
        if not self._get_action().startswith(("Get", "List")):
            models.keep(self.region)
        return answer
