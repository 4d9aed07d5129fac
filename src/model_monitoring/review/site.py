"""The review page as a WSGI app over a store.

All addresses in it are relative, so it works under any path and behind any proxy.
"""

import logging
from collections.abc import Callable, Iterable
from importlib.resources import files

from werkzeug.exceptions import (
    Forbidden,
    HTTPException,
    RequestEntityTooLarge,
    ServiceUnavailable,
    Unauthorized,
)
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect, send_from_directory
from werkzeug.wrappers import Response

from . import working
from .door import comes_from_elsewhere
from .sessions import Signer
from .tasks import NoTask, Store
from .visits import FormRequest, Visit

logger = logging.getLogger(__name__)
LONGEST_INVITATION = 16 << 10  # bytes of the form that carries it
QUEUE_LENGTH = 50  # tasks in the list; the page says how many more there are
TOO_MUCH = "The form is too large: 8 MB and 20,000 fields are the most."
STATIC = str(files(__package__).joinpath("static"))
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_site(
    store: Store, *, secret: bytes, title: str
) -> Callable[[dict, Callable], Iterable[bytes]]:
    """Make the review page over a store: a WSGI app that can be mounted under any path.

    Args:
        store: the queue; many threads call its functions.
        secret: at least 16 random bytes; another secret ends all sessions and invitations.
        title: the title above the page.

    Raises:
        ValueError: the secret is too short.
    """
    signer = Signer(secret)

    @FormRequest.application
    def site(request: FormRequest) -> Response:
        # It is mounted under a path, and the request has no slash at the end.
        if not request.environ.get("PATH_INFO"):
            return redirect(f"{request.script_root.rpartition('/')[2]}/", 308)
        session = signer.session("session", request.cookies.get(signer.cookie, ""))
        response = _answer(Visit(store, signer, title, request, session))
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return site


def _answer(visit: Visit) -> Response:
    request = visit.request
    try:
        page, values = ROUTES.bind_to_environ(request.environ).match()
        if comes_from_elsewhere(request.environ):
            raise Forbidden(
                "Another site sent this request: open the page itself, and do it there."
            )
        if page in OPEN:
            request.max_content_length = LONGEST_INVITATION
        if visit.session is None and page not in OPEN:
            return _sign_in_first(visit, page)
        return page(visit, **values)
    except RequestEntityTooLarge:
        return visit.page("message.html", 413, heading="Too much at once", message=TOO_MUCH)
    except HTTPException as error:
        return visit.page("message.html", error.code, heading=error.name, message=error.description)
    # The store's database may be away for a moment; that must not lose what the reviewer typed.
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        said = (
            "Something failed on our side. Try again in a moment: what is sent twice counts once."
        )
        if request.method == "POST":
            return visit.kept(said, ServiceUnavailable.code, can_retry=True)
        return visit.page("message.html", ServiceUnavailable.code, heading="Not now", message=said)


def _sign_in_first(visit: Visit, page: Callable) -> Response:
    if page in (working.submit, working.draft):
        said = "Your session has ended. Open your invitation again in another tab,"
        said += " come back here, then send again."
        return visit.kept(said, Unauthorized.code, can_retry=True)
    return visit.go("enter")


def _ask(visit: Visit) -> Response:
    """Ask for the invitation; the page's script finds it after the # of the link."""
    return visit.page("enter.html", problem="")


def _enter(visit: Visit) -> Response:
    """Exchange an invitation for a session."""
    invited = visit.signer.session("invitation", visit.request.form.get("token", "").strip())
    if invited is None:
        said = "That invitation isn't valid, or has expired. Ask its sender for a new one."
        return visit.page("enter.html", Unauthorized.code, problem=said)
    session = visit.signer.open_session(invited.reviewer)
    response = visit.go("")
    response.set_cookie(
        visit.signer.cookie,
        visit.signer.sign("session", [session.reviewer, session.ends]),
        expires=session.ends,
        # Without a path the browser takes the site's own folder, as it is outside any proxy.
        path=None,
        httponly=True,
        samesite="Lax",
        secure=visit.request.is_secure,
    )
    return response


def _leave(visit: Visit) -> Response:
    """End the session in this browser."""
    _require_token(visit)
    response = visit.go("enter")
    response.delete_cookie(visit.signer.cookie, path=None, httponly=True, samesite="Lax")
    return response


def _queue(visit: Visit) -> Response:
    """Show the reviewer's queue."""
    queue = visit.store.queue(visit.session.reviewer, QUEUE_LENGTH)
    return visit.page("queue.html", queue=queue, saved="saved" in visit.request.args)


def _next(visit: Visit) -> Response:
    """Claim the next task."""
    _require_token(visit)
    try:
        return working.next_task(visit)
    except NoTask:
        return visit.go("")


def _require_token(visit: Visit) -> None:
    if not visit.has_form_token():
        raise Forbidden("This form is out of date: go back, reload the page and try again.")


def _static(visit: Visit, name: str) -> Response:
    response = send_from_directory(STATIC, name, visit.request.environ)
    # The browser asks each time; the file is sent again only if it has changed.
    response.headers["Cache-Control"] = "no-cache"
    return response


OPEN = frozenset({_ask, _enter, _static})  # pages that need no session
ROUTES = Map(
    [
        Rule("/", methods=["GET"], endpoint=_queue),
        Rule("/enter", methods=["GET"], endpoint=_ask),
        Rule("/enter", methods=["POST"], endpoint=_enter),
        Rule("/leave", methods=["POST"], endpoint=_leave),
        Rule("/next", methods=["POST"], endpoint=_next),
        Rule("/tasks/<task_id>", methods=["GET"], endpoint=working.show),
        Rule("/tasks/<task_id>", methods=["POST"], endpoint=working.submit),
        Rule("/tasks/<task_id>/draft", methods=["POST"], endpoint=working.draft),
        Rule("/static/<path:name>", methods=["GET"], endpoint=_static),
    ]
)
