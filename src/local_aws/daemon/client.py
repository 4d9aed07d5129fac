"""Send the running server the two requests that AWS doesn't have: run a schedule, invite a worker.

It uses only the standard library, so the commands start at once.
"""

import json
import urllib.error
import urllib.request
from typing import Any

from local_aws.daemon import starting
from local_aws.door import sigv4

RUN_SCHEDULE = "/local-aws/run-schedule"
INVITE = "/local-aws/invite"
_SERVICE = "local-aws"  # in the signature; AWS has no service of this name


def ask(path: str, **asked: str | None) -> dict[str, Any]:
    """Send a signed request to the running server and return its response.

    Raises:
        RuntimeError: the server isn't running, or it refused.
    """
    credentials = starting.environment()
    url = f"{credentials['AWS_ENDPOINT_URL']}{path}"
    body = json.dumps(asked).encode()
    headers = sigv4.authorization(
        url, {"Content-Type": "application/json"}, body, _SERVICE, credentials
    )
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=60
        ) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(json.load(error)["message"]) from None
