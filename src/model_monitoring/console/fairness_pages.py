"""The fairness report in the console: a page of its own, made for printing."""

import base64
import hashlib
from uuid import UUID

from flask import Blueprint, Response, abort, current_app, request

from model_monitoring.console import security
from model_monitoring.datamart.monitoring.fairness_runs import REPORT_STYLE

# The report contains its own style, so that it can be passed on as one file. Nothing else may style
# it or run in it.
_STYLE = base64.b64encode(hashlib.sha256(REPORT_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)

fairness = Blueprint("fairness", __name__)
fairness.before_request(security.require_session)


@fairness.get("/subscriptions/<uuid:uid>/fairness")
def report(uid: UUID) -> Response:
    """Show the report of a fairness run, by default the last that measured something."""
    try:
        monitor = current_app.extensions["mart"].subscriptions.get(str(uid)).fairness_monitoring
        page = monitor.render_report(request.args.get("run"))
    except ValueError as error:
        abort(404, str(error))
    return Response(page, headers={"Content-Security-Policy": POLICY})
