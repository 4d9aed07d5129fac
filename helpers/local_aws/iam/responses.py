"""IAM's operations: moto's, and SimulatePrincipalPolicy, which allows everything as nothing is enforced offline."""

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse


class Api(IamResponse):
    """moto's IAM operations and one more."""

    def simulate_principal_policy(self) -> ActionResult:
        """Answer that each action asked about is allowed."""
        actions = self._get_param("ActionNames", [])
        resources = self._get_param("ResourceArns", ["*"])
        return ActionResult(
            {
                "EvaluationResults": [
                    {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": "allowed"}
                    for action in actions
                    for resource in resources
                ],
                "IsTruncated": False,
            }
        )
