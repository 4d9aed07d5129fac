"""The door of a site on this machine: its host names, and what other sites may request.

Any page in a browser, of any author, can send requests to 127.0.0.1. The door distinguishes them by
headers that the browser itself writes and no page can change: Host, Sec-Fetch-Site and Origin. It
ignores the headers of a proxy (X-Forwarded-Host), because any sender can write them.
"""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Response

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
PORT = re.compile(r":\d{1,5}$")
READING = ("GET", "HEAD", "OPTIONS")
OWN = ("same-origin", "none")  # none: the user typed the address
_UNKNOWN = "This site isn't known as {!r}. If it should be, start it with --host and that name.\n"
_ELSEWHERE = "Another site sent this request, so it was refused. Open the page, and do it there.\n"


def own_pages_only(app: WSGIApplication, hosts: Iterable[str] = ()) -> WSGIApplication:
    """Accept requests to this machine by a known name, from the site's own pages or a program.

    Other sites may only link to it: requests of their forms, scripts, frames and pictures are
    refused.

    Args:
        app: the site.
        hosts: names of this site besides 127.0.0.1 and localhost, on any port. A Jupyter server is
            an example: its proxy passes on the Host that the browser asked for.

    Raises:
        ValueError: a host is empty, or isn't only a name (it has https://, a port or a path).
    """
    known = LOOPBACK | {_checked(host) for host in hosts}

    def door(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Some programs send all of user:password@host as the Host; browsers don't.
        host = PORT.sub("", environ.get("HTTP_HOST", "").lower().rpartition("@")[2])
        if host not in known:
            return Response(_UNKNOWN.format(host[:100]), 421)(environ, start_response)
        if comes_from_elsewhere(environ):
            return Response(_ELSEWHERE, 403)(environ, start_response)
        return app(environ, start_response)

    return door


def _checked(host: str) -> str:
    if not NAME.fullmatch(host.lower()):
        said = "isn't a name such as studio.example: leave out https:// and the port"
        raise ValueError(f"The host {host!r} {said}.")
    return host.lower()


def comes_from_elsewhere(environ: WSGIEnvironment) -> bool:
    """Say whether another site sent this request; a link that opens a page here doesn't count.

    Another port of the same host is another site: browsers call it same-site, not same-origin.
    """
    site, reads = environ.get("HTTP_SEC_FETCH_SITE"), environ["REQUEST_METHOD"] in READING
    # The header is missing from programs, old browsers, and requests that are neither local nor TLS
    if site is None:
        return not reads and not _is_own(environ.get("HTTP_ORIGIN"), environ.get("HTTP_HOST", ""))
    opens = environ.get("HTTP_SEC_FETCH_MODE"), environ.get("HTTP_SEC_FETCH_DEST")
    return site not in OWN and not (reads and opens == ("navigate", "document"))


def _is_own(origin: str | None, host: str) -> bool:
    # Either scheme is accepted: behind a server with TLS, the browser's own scheme isn't known
    # here.
    return origin is None or origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")
