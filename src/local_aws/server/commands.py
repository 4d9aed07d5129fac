"""Respond to the requests that AWS doesn't have, see client."""

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException

from local_aws.a2i import workers
from local_aws.daemon import client
from local_aws.server import run_now

COMMANDS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    client.RUN_SCHEDULE: run_now.answer,
    client.INVITE: workers.invite,
}


def answer(path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Respond to a request to one of COMMANDS: the HTTP status and the content."""
    try:
        return 200, COMMANDS[path](json.loads(body))
    except ServiceException as error:
        return 400, {"message": error.message}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        return 400, {"message": str(error)}
