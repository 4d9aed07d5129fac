"""IAM's operations: moto's, and SimulatePrincipalPolicy, which allows everything."""

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from local_aws.iam import models
from local_aws.kept.undoing import kept_or_undone


class Api(IamResponse):
    """moto's IAM operations and one more; changes are on disk before the response."""

    def call_action(self) -> Any:
        """Respond to one request."""
        if self._get_action().startswith(("Get", "List", "Simulate")):
            return super().call_action()
        with kept_or_undone(self.backend, models.keep, models.aws_documents(self.backend)):
            return super().call_action()

    def simulate_principal_policy(self) -> ActionResult:
        """Respond that each action is allowed."""
        actions = self._get_param("ActionNames", [])
        resources = self._get_param("ResourceArns", ["*"])
        return ActionResult(
            {
                "EvaluationResults": [
                    {
                        "EvalActionName": action,
                        "EvalResourceName": resource,
                        "EvalDecision": "allowed",
                    }
                    for action in actions
                    for resource in resources
                ],
                "IsTruncated": False,
            }
        )
