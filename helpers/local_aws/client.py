"""Ask the running server for the two things that are no calls of AWS's: a schedule run now, a worker invited.

Standard library only, so that the commands start at once.
"""

import json
import urllib.error
import urllib.request
from typing import Any

from helpers.local_aws import daemon

RUN_SCHEDULE = "/local-aws/run-schedule"
INVITE = "/local-aws/invite"


def ask(path: str, **asked: str | None) -> dict[str, Any]:
    """Send a request to the running server and return its answer.

    Raises:
        RuntimeError: no server runs, or it refused.
    """
    server = daemon.running()
    if not server:
        raise RuntimeError("The offline AWS is not running: start it with `python -m helpers.local_aws start`.")
    body = json.dumps(asked).encode()
    request = urllib.request.Request(f"{server['url']}{path}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(json.load(error)["message"]) from None
