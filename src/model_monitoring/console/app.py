"""The Flask app: pages for people, REST for programs, and errors in the form of each."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

import boto3
from flask import Flask, Response, jsonify, render_template, request, send_file
from flask.json.provider import DefaultJSONProvider
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.middleware.proxy_fix import ProxyFix

from model_monitoring.console import bodies, fairness_pages, formats, pages, rest, reviews, security
from model_monitoring.datamart import BusyError, DataMart, DataMartError
from model_monitoring.review import own_pages_only

RETRY_AFTER = 5  # seconds, sent to programs while the data mart is unavailable or busy
LARGEST_FORM = (
    64 << 10
)  # bytes: more than enough for a note on an alert, which is three times as long when encoded

log = logging.getLogger(__name__)


class _Json(DefaultJSONProvider):
    """JSON with fields in the given order and times in ISO 8601."""

    sort_keys = False

    @staticmethod
    def default(value: object) -> object:
        """Convert values that JSON has no form for to strings."""
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return DefaultJSONProvider.default(value)


def create_app(
    database_url: str,
    schema: str,
    secrets: security.Secrets,
    boto_session: boto3.Session | None = None,
    hosts: Iterable[str] = (),
) -> Flask:
    """Make the console for the data mart in a schema; it creates and changes nothing there.

    With `boto_session`, SageMaker is asked which version of a model it serves if records name none.
    `hosts` are names under which browsers reach the console, besides 127.0.0.1 and localhost.

    Raises:
        ValueError: a host is more than a name.
    """
    app = Flask(__name__)
    app.jinja_env.undefined = StrictUndefined
    app.json = _Json(app)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.jinja_env.filters.update(formats.FILTERS)
    app.extensions["mart"] = DataMart.for_pages(database_url, schema, boto_session)
    app.extensions["schema"] = schema
    app.extensions["logged"] = {}  # subscriptions that records were stored for, by uid
    reviews.mount(app, secrets.session_key)
    # A Jupyter server that forwards requests sends the path that it uses.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0, x_proto=0, x_host=0, x_prefix=1)
    app.wsgi_app = own_pages_only(app.wsgi_app, hosts)
    security.protect(app, secrets)
    security.csrf.exempt(rest.rest)  # its requests contain the token, never a cookie
    app.register_blueprint(rest.rest)
    app.register_blueprint(pages.pages)
    app.register_blueprint(reviews.reviews)
    app.register_blueprint(fairness_pages.fairness)
    app.register_error_handler(HTTPException, _explain)
    app.register_error_handler(DataMartError, _unavailable)

    @app.get("/openapi.json")
    def openapi() -> Response:
        return send_file(bodies.OPENAPI)

    return app


def _unavailable(error: DataMartError) -> Response | tuple[str, int]:
    log.error("%s", error)  # the response leaves out its host, database and user
    said = "The data mart can't be reached, or isn't set up. See the console's log."
    if isinstance(error, BusyError):
        said = (
            "The data mart is busy: another program holds what this needs, or it took too long."
            " Nothing was stored; try again. The console's log says who holds it."
        )
    return _explain(ServiceUnavailable(said, retry_after=RETRY_AFTER))


def _explain(error: HTTPException) -> Response | tuple[str, int]:
    """Respond to a program with JSON, and to a person with a page."""
    if not request.path.startswith("/v1/"):
        return render_template("error.html", error=error), error.code
    response = jsonify(
        errors=[{"code": error.name.lower().replace(" ", "_"), "message": error.description}]
    )
    response.status = error.code
    # An error's own headers say how to authenticate, or which methods are allowed
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name != "Content-Type"
    )
    return response
