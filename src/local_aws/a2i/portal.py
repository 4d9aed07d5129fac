"""The worker portal: the review page over a region's human loops, on its own port.

The author of a template decides what workers see there. On the API's own port the page would share
an origin with all operations.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any
from wsgiref.util import shift_path_info

from moto.sagemaker.models import sagemaker_backends

from local_aws.a2i.store import Store
from local_aws.a2i.workers import secret
from local_aws.kept import state
from model_monitoring import review

_TITLE = "Worker portal"


def portal(hosts: Sequence[str]) -> Callable[..., Iterable[bytes]]:
    """Build the WSGI application; `hosts` are its names besides those of this machine.

    Raises:
        ValueError: a host isn't a name.
    """
    return review.own_pages_only(_answer, hosts)


def _answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Respond to a request; the first part of its path is the region."""
    region = shift_path_info(environ)
    if region not in sagemaker_backends[state.ACCOUNT]:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        words = (
            "There is a worker portal for each AWS region: the address ends in the region's name."
        )
        return [f"{words}\n".encode()]
    return _site(region)(environ, start_response)


@lru_cache
def _site(region: str) -> Callable[..., Iterable[bytes]]:
    """Return the review page of a region."""
    store = Store(sagemaker_backends[state.ACCOUNT][region])
    return review.create_site(store, secret=secret(), title=_TITLE)
