"""Which version of a model SageMaker serves now, looked up every ten seconds at most."""

import time
import warnings
from threading import Lock

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from model_monitoring.datamart.engines import sagemaker

SECONDS = 10.0  # that an answer is used for


class Revisions:
    """The versions of the models behind endpoints, as SageMaker last reported them.

    All subscriptions share them.
    """

    def __init__(self, boto_session: boto3.Session | None):
        self._boto_session = boto_session
        self._known: dict[tuple[str, str], tuple[str, float]] = {}
        self._asking = Lock()  # one thread asks, the others wait for its result

    def deployed(self, region: str | None, endpoint: str) -> str:
        """Return a short digest of the model artifact that an endpoint serves.

        See `sagemaker.asset_revision`. It is empty without a session or a region, or while
        SageMaker doesn't respond: a record of an unknown version is better than none.
        """
        if self._boto_session is None or region is None:
            return ""
        with self._asking:
            revision, asked = self._known.get((region, endpoint), ("", -SECONDS))
            if time.monotonic() - asked > SECONDS:
                try:
                    revision = sagemaker.asset_revision(self._boto_session, region, endpoint)
                except (BotoCoreError, ClientError) as error:
                    warnings.warn(
                        f"The model version of endpoint {endpoint!r} is unknown: {error}",
                        stacklevel=2,
                    )
                    revision = ""
                self._known[region, endpoint] = revision, time.monotonic()
        return revision
