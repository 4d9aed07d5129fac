"""Review by people: the reviewers' own site, invitations to it, and the page about progress."""

import hmac
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Flask, abort, current_app, render_template, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from model_monitoring import review
from model_monitoring.console import security

SITE = "/review"
INVITED_FOR = timedelta(days=7)
TITLE = "Review"

reviews = Blueprint("reviews", __name__)
reviews.before_request(security.require_session)


def mount(app: Flask, session_key: bytes) -> None:
    """Serve the reviewers' site under a path of the console.

    It has sessions of its own, which give no access to the rest of the console.
    """
    app.config["REVIEW_SECRET"] = hmac.digest(session_key, b"review", "sha256")
    queue = app.extensions["mart"].reviews.queue()
    site = review.create_site(queue, secret=app.config["REVIEW_SECRET"], title=TITLE)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {SITE: site})


def invite(app: Flask, reviewer: str) -> str:
    """Return the path that lets a reviewer in for a week, below the console's own address.

    Raises:
        ValueError: no reviewer with that name may answer a task.
    """
    known = app.extensions["mart"].reviews.reviewers()
    if reviewer not in known:
        names = ", ".join(known) or "none yet: mart.reviews.enable() names them"
        raise ValueError(f"There is no reviewer {reviewer!r}. There are: {names}.")
    return f"{SITE}/enter#{review.invitation(app.config['REVIEW_SECRET'], reviewer, INVITED_FOR)}"


@reviews.get("/reviews")
def status() -> str:
    """Show what waits, how far reviewers agree, and their latest answers."""
    return _status()


@reviews.post("/reviews/invitations")
def make_invitation() -> str:
    """Show an invitation for a reviewer."""
    try:
        path = invite(current_app, request.form.get("reviewer", ""))
    except ValueError as error:
        abort(404, str(error))
    until = datetime.now(UTC) + INVITED_FOR
    return _status(
        invitation=request.script_root + path, reviewer=request.form["reviewer"], until=until
    )


def _status(**invited: object) -> str:
    mart = current_app.extensions["mart"]
    progress = mart.browsing.reviews
    queues = progress.queues()
    first = queues[0]["uid"] if queues else ""
    wanted = request.args.get("subscription", first)
    chosen = next((queue for queue in queues if queue["uid"] == wanted), None)
    if wanted and not chosen:
        abort(404, "No rows of that subscription are reviewed.")
    found = {"invitation": None} | invited
    if chosen:
        agreement = mart.reviews.agreement(chosen["name"])
        said = {row["reviewer"]: row for row in agreement.reviewers.to_dict("records")}
        # Those who have answered, and those who were asked but haven't answered yet.
        names = sorted({*chosen["reviewers"], *said})
        found |= {
            "agreement": agreement,
            "reviewers": [said.get(name, {"reviewer": name}) for name in names],
            "reasons": progress.reasons(chosen["subscription_id"]),
            "feedback": progress.feedback(chosen["subscription_id"]),
            "recent": progress.recent(chosen["subscription_id"]),
        }
    return render_template("reviews.html", queues=queues, chosen=chosen, **found)
