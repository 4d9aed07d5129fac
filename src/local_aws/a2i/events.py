"""The event that EventBridge receives when a human loop ends.

(SageMaker Developer Guide, "Use Amazon CloudWatch Events in Amazon Augmented AI".)
"""

import json
import logging

from moto.events.models import events_backends

from local_aws.kept import state
from local_aws.sagemaker.models import Record

_log = logging.getLogger(__name__)


def send(region: str, loop: Record) -> None:
    """Put a loop's change of status on the default event bus; its rules pass it on."""
    detail = {
        "creationTime": f"{loop['CreationTime'].isoformat(timespec='milliseconds')}Z",
        "failureCode": loop.get("FailureCode"),
        "failureReason": loop.get("FailureReason"),
        "flowDefinitionArn": loop["FlowDefinitionArn"],
        "humanLoopArn": loop["HumanLoopArn"],
        "humanLoopName": loop["HumanLoopName"],
        "humanLoopOutput": {"outputS3Uri": loop["HumanLoopOutput"]["OutputS3Uri"]},
        "humanLoopStatus": loop["HumanLoopStatus"],
    }
    event = {
        "Source": "aws.sagemaker",
        "DetailType": "SageMaker A2I HumanLoop Status Change",
        "Detail": json.dumps(detail),
        "Resources": [loop["HumanLoopArn"]],
    }
    try:
        events_backends[state.ACCOUNT][region].put_events([event])
    except Exception:  # the loop has ended, whatever the target of a rule did
        _log.exception(
            "The event of human loop %s did not reach all targets", loop["HumanLoopName"]
        )
