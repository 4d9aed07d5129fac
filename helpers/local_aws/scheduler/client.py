"""Ask the running server to run a schedule now: the one request that is no call of AWS's.

Standard library only, so that the command starts at once.
"""

import json
import urllib.error
import urllib.request
from typing import Any

from helpers.local_aws import daemon

PATH = "/local-aws/run-schedule"


def ask(name: str, at: str | None) -> dict[str, Any]:
    """Ask the running server to run a schedule now.

    Raises:
        RuntimeError: no server runs, or it refused.
    """
    server = daemon.running()
    if not server:
        raise RuntimeError("The offline AWS is not running: start it with `python -m helpers.local_aws start`.")
    body = json.dumps({"name": name, "at": at}).encode()
    request = urllib.request.Request(f"{server['url']}{PATH}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(json.load(error)["message"]) from None
