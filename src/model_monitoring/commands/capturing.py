"""The traffic that SageMaker endpoints captured, for the commands that measure."""

from botocore.exceptions import BotoCoreError, ClientError

from model_monitoring.analysis.wording import counted
from model_monitoring.datamart import Subscription
from model_monitoring.datamart.engines import sagemaker


def ingest(subscription: Subscription) -> str:
    """Store what an endpoint has captured since the last time; say what was stored, or why not.

    Returns nothing if the model isn't on SageMaker, or its endpoint captures nothing.
    """
    if not subscription.region or subscription.boto_session is None:
        return ""
    where = (subscription.boto_session, subscription.region, subscription.source_uid)
    try:
        if not (uri := sagemaker.capture_destination(*where)):
            return ""
        report = subscription.payload_logging.ingest_capture(uri)
    except (BotoCoreError, ClientError, ValueError) as error:
        return f"{subscription.name}: its captured traffic can't be read: {error}"
    lines = (
        f", {counted(report.failed, 'line')} failed (payload_logging.list_errors)"
        if report.failed
        else ""
    )
    return f"{subscription.name}: {counted(report.stored, 'captured request')} stored{lines}."
