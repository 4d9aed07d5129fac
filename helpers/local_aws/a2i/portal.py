"""The worker portal: the review page over a region's human loops, on the server's own address."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from wsgiref.util import shift_path_info

from moto.sagemaker.models import sagemaker_backends

from helpers import review
from helpers.local_aws import state
from helpers.local_aws.a2i.store import Store
from helpers.local_aws.a2i.workers import PORTAL, secret

_TITLE = "Worker portal"


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request below PORTAL; its first part is the region."""
    inside = environ | {"SCRIPT_NAME": PORTAL, "PATH_INFO": environ["PATH_INFO"].removeprefix(PORTAL)}
    region = shift_path_info(inside)
    if region not in sagemaker_backends[state.ACCOUNT]:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"There is a worker portal for each AWS region: the address ends in the region's name.\n"]
    return _site(region)(inside, start_response)


@lru_cache
def _site(region: str) -> Callable[..., Iterable[bytes]]:
    """Return the review page of a region."""
    store = Store(sagemaker_backends[state.ACCOUNT][region])
    return review.create_site(store, secret=secret(), title=_TITLE)
