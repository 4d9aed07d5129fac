"""The event that EventBridge gets when a human loop ends.

(SageMaker Developer Guide, "Use Amazon CloudWatch Events in Amazon Augmented AI".)
"""

import json
import logging

from moto.events.models import events_backends

from local_aws.kept import state
from local_aws.sagemaker.models import Record

_log = logging.getLogger(__name__)


def send(region: str, loop: Record) -> None:
    """Put the status change of a loop on the default event bus, whose rules lead it on."""
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
    except Exception:  # whatever a rule's target did: the loop has ended all the same
        _log.exception(
            "The event of human loop %s did not reach all targets", loop["HumanLoopName"]
        )
