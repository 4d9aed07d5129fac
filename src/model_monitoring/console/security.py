"""Who may enter: programs send a token in a header, people type it into a form."""

import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_wtf import CSRFProtect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

SHORTEST_TOKEN = 20  # characters, for a token that the user chose
LONGEST_PATH = 1000  # characters; it is kept in a cookie, which browsers drop above 4 KB
SESSION_LENGTH = timedelta(hours=8)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

csrf = CSRFProtect()
sign_in = Blueprint("sign_in", __name__)


class Secrets(NamedTuple):
    """The token, and the key that signs session cookies."""

    token: str
    session_key: bytes


def load_secrets(directory: Path) -> Secrets:
    """Read the token and the session key; the first call creates them.

    CONSOLE_TOKEN sets another token.

    Raises:
        ValueError: CONSOLE_TOKEN is so short that it could be guessed.
    """
    token = os.environ.get("CONSOLE_TOKEN") or _kept(directory / "token")
    if len(token) < SHORTEST_TOKEN:
        raise ValueError(
            f"The token is too short ({len(token)} of {SHORTEST_TOKEN} characters): set a longer"
            " one as CONSOLE_TOKEN."
        )
    # Sessions are signed with both, so all of them end when the token changes.
    key = hmac.digest(_kept(directory / "session_key").encode(), token.encode(), "sha256")
    return Secrets(token, key)


def _kept(path: Path) -> str:
    """Read a random string from a file that only this user can read; create it if necessary."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        handle, fresh = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):  # another process was first; its file is used
            os.link(fresh, path)
        os.unlink(fresh)
    path.chmod(0o600)
    return path.read_text().strip()


def protect(app: Flask, held: Secrets) -> None:
    """Set up an app's sessions, forms and headers."""
    app.config.update(
        SECRET_KEY=held.session_key,
        CONSOLE_TOKEN=held.token,
        # Cookies don't depend on the port: two consoles on a machine would overwrite each other's.
        SESSION_COOKIE_NAME=f"console_{hashlib.sha256(held.session_key).hexdigest()[:8]}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=SESSION_LENGTH,
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,  # valid as long as the session
    )
    csrf.init_app(app)
    app.register_blueprint(sign_in)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            # A page that sets its own policy keeps it.
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def _is_token(given: str) -> bool:
    # Digests have the same length, so the time that this takes doesn't reveal the token's length.
    given, held = (
        hashlib.sha256(text.encode()).digest()
        for text in (given, current_app.config["CONSOLE_TOKEN"])
    )
    return hmac.compare_digest(given, held)


def require_bearer() -> None:
    """Refuse a request without the token in its Authorization header, the only valid place."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not _is_token(given.strip()):
        said = "Send the token in a header, Authorization: Bearer <token>."
        raise Unauthorized(said, www_authenticate=WWWAuthenticate("bearer"))


def require_session() -> Response | None:
    """Redirect a visitor who hasn't signed in to the form, and back here afterwards."""
    if session.get("signed_in"):
        return None
    if request.method == "GET":
        # Only paths of this app match a route, so this can't lead to another site.
        asked_for = request.script_root + request.full_path.rstrip("?")
        if len(asked_for) <= LONGEST_PATH:
            session["asked_for"] = asked_for
    return redirect(url_for("sign_in.form"))


@sign_in.get("/sign-in")
def form() -> str:
    """Ask for the token."""
    return render_template("sign_in.html")


@sign_in.post("/sign-in")
def enter() -> Response | tuple[str, int]:
    """Open a session for a visitor who knows the token."""
    if not _is_token(request.form.get("token", "").strip()):
        return render_template("sign_in.html", problem="That isn't the token."), 401
    asked_for = session.get("asked_for", url_for("pages.home"))
    session.clear()
    session.permanent = True
    session["signed_in"] = True
    return redirect(asked_for)


@sign_in.post("/sign-out")
def leave() -> Response:
    """End the session."""
    session.clear()
    return redirect(url_for("sign_in.form"))
