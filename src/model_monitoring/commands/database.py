"""What the commands share: the database they use, and the traffic that endpoints captured."""

import os

from model_monitoring import datamart
from model_monitoring.console.server import state_directory
from model_monitoring.datamart.engines import sagemaker


def url() -> str:
    """Return the database of DATABASE_URL, or of the embedded server, which is started.

    A URL may hold a password, and every user of a machine can read a command's options.
    """
    return os.environ.get("DATABASE_URL") or datamart.server.start(state_directory() / "postgresql")


def ingested(subscription: datamart.Subscription) -> str:
    """Store what a SageMaker endpoint has captured since the last time; say what was stored."""
    if not subscription.region or subscription.boto_session is None:
        return ""
    where = (subscription.boto_session, subscription.region, subscription.source_uid)
    if not (uri := sagemaker.capture_destination(*where)):
        return ""
    report = subscription.payload_logging.ingest_capture(uri)
    failed = (
        f", {report.failed} lines failed (payload_logging.list_errors)" if report.failed else ""
    )
    return f"{subscription.name}: {report.stored} captured requests stored{failed}."
