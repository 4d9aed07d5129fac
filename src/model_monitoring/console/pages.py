"""The pages that people read: subscriptions, metrics, runs, alerts."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)

from model_monitoring.console import charts, security
from model_monitoring.datamart.browsing import status
from model_monitoring.datamart.postgres.database import Database

SPANS = {"1": "a day", "7": "a week", "30": "30 days", "365": "a year"}  # days and their name
EVER = {"all": "all"}
STATES = {state: state for state in ("all", "open", "acknowledged", "closed")}
# Details of a run that its page has a place for, and those that the fairness report has.
DRAWN = ("reason", "error", "erased", "labels", "confusion_matrix", "parameters")
REPORTED = ("groups", "bias_metrics")
LONGEST_NAME, LONGEST_NOTE = 100, 1000  # characters

pages = Blueprint("pages", __name__)
pages.before_request(security.require_session)


class Measured(NamedTuple):
    """What a run measured: metrics of the whole, and a table of slices (rows) by metrics
    (columns).
    """

    whole: list[dict]
    metrics: list[str]
    slices: dict[str, dict[str, dict]]


def _database() -> Database:
    return current_app.extensions["database"]


@pages.get("/")
def home() -> str:
    """Show every subscription with the state of its monitors."""
    monitors = defaultdict(list)
    for row in status.monitors(_database()):
        row["chart"] = charts.sparkline(row["trend"], row["lower_limit"], row["upper_limit"])
        monitors[row["uid"]].append(row)
    return render_template(
        "home.html", subscriptions=status.subscriptions(_database()), monitors=monitors
    )


@pages.get("/subscriptions/<uuid:uid>")
def subscription(uid: UUID) -> str:
    """Show a subscription: what its monitors measured last, its traffic, runs and alerts."""
    found = _subscription(uid)
    days = _choice("days", SPANS, default="7")
    until = datetime.now(UTC)
    traffic = status.traffic(
        _database(), found["subscription_id"], until - timedelta(days=int(days)), until
    )
    last = groupby(
        status.last_measurements(_database(), str(uid)),
        lambda row: (row["metric_type"], row["run_uid"]),
    )
    measured = {key: _measured(list(rows)) for key, rows in last}
    drift = [
        status.run(_database(), run_uid)["details"].get("drift")
        for monitor, run_uid in measured
        if monitor == "drift"
    ]
    return render_template(
        "subscription.html",
        subscription=found,
        measured=measured,
        drift=sorted(drift[0], key=lambda row: not row.get("drifted"))
        if drift and drift[0]
        else None,
        alerts=status.alerts(_database(), subscription_uid=str(uid)),
        runs=status.runs(_database(), found["subscription_id"]),
        remarks=status.remarks(_database(), found["subscription_id"]),
        days=days,
        spans=SPANS,
        requests=sum(stretch["requests"] for stretch in traffic),
        rows=sum(stretch["rows"] for stretch in traffic),
        volume=charts.line_chart(traffic, "rows"),
        response_time=charts.line_chart(traffic, "mean"),
        slowest=charts.line_chart(traffic, "p95"),
    )


@pages.get("/subscriptions/<uuid:uid>/history")
def history(uid: UUID) -> str:
    """Show a metric's history."""
    found = _subscription(uid)
    which = [request.args.get(name, "") for name in ("monitor", "metric", "slice")]
    if "\0" in "".join(which):
        abort(404, "Nothing of that name was measured.")
    days = _choice("days", SPANS | EVER, default="30")
    span = None if days in EVER else timedelta(days=int(days))
    points = status.history(_database(), found["subscription_id"], *which, span)
    if not points:
        abort(404, "Nothing of that name was measured.")
    return render_template(
        "history.html",
        subscription=found,
        monitor=which[0],
        metric=which[1],
        slice=which[2],
        days=days,
        spans=SPANS | EVER,
        count=sum(point["measurements"] for point in points),
        points=points,
        dense=any(point["measurements"] == status.DENSE for point in points) and status.DENSE,
        chart=charts.line_chart(points),
        newest=status.newest(_database(), found["subscription_id"], *which),
    )


@pages.get("/runs/<uuid:uid>")
def run(uid: UUID) -> str:
    """Show a run: its window, what it read, what it found."""
    found = status.run(_database(), str(uid))
    if not found:
        abort(404, "There is no such run.")
    return render_template(
        "run.html",
        run=found,
        details={
            name: value for name, value in found["details"].items() if name not in DRAWN + REPORTED
        },
        measured=_measured(status.measurements(_database(), str(uid))),
        alerts=status.alerts(_database(), run_uid=str(uid)),
    )


@pages.get("/runs/<uuid:uid>/run.json")
def run_file(uid: UUID) -> Response:
    """Give a run to whoever wants to keep it: what it read, measured and found, in one file."""
    found = status.run(_database(), str(uid)) or abort(404, "There is no such run.")
    response = jsonify(found | {"measurements": status.measurements(_database(), str(uid))})
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{found["monitor"]}-run-{uid}.json"'
    )
    return response


@pages.get("/alerts")
def alerts() -> str:
    """List alerts."""
    state = _choice("state", STATES, default="all")
    found = status.alerts(_database(), state=None if state == "all" else state)
    return render_template(
        "alerts.html", alerts=found, state=state, states=STATES, most=status.ALERTS
    )


@pages.post("/alerts/<int(max=9223372036854775807):alert_id>/acknowledge")
def acknowledge(alert_id: int) -> Response:
    """Note who looks after an alert."""
    who, note = (request.form.get(name, "").strip() for name in ("who", "note"))
    if not who or len(who) > LONGEST_NAME or len(note) > LONGEST_NOTE or "\0" in who + note:
        abort(
            400,
            f"Say who you are, in up to {LONGEST_NAME} characters, and a note of up to {LONGEST_NOTE}.",
        )
    try:
        current_app.extensions["mart"].alerts.acknowledge(alert_id, who, note)
    except ValueError:
        abort(409, "The alert isn't open: somebody acknowledged it already, or it closed.")
    return redirect(url_for("pages.alerts"), 303)


def _subscription(uid: UUID) -> dict:
    found = [row for row in status.subscriptions(_database()) if row["uid"] == str(uid)]
    return found[0] if found else abort(404, "There is no such subscription.")


def _choice(name: str, choices: dict[str, str], default: str) -> str:
    given = request.args.get(name, default)
    return given if given in choices else abort(400, f"{name} is one of {', '.join(choices)}.")


def _measured(rows: list[dict]) -> Measured:
    sliced = [row for row in rows if row["slice"]]
    slices: dict[str, dict[str, dict]] = defaultdict(dict)
    for row in sliced:
        slices[row["slice"]][row["metric"]] = row
    # What has a limit is what one looks for, so it comes first.
    limited = [
        row["metric"] for row in sliced if (row["lower_limit"], row["upper_limit"]) != (None, None)
    ]
    metrics = dict.fromkeys([*limited, *(row["metric"] for row in sliced)])
    return Measured([row for row in rows if not row["slice"]], list(metrics), slices)
