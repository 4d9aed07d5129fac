"""The pages that people read: subscriptions, metrics, runs, alerts."""

from collections import Counter, defaultdict
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
from model_monitoring.datamart import DataMart
from model_monitoring.datamart.browsing import Browsing, history, runs
from model_monitoring.datamart.monitoring.health.states import UNHEALTHY

SPANS = {"1": "a day", "7": "a week", "30": "30 days", "365": "a year"}  # days and their names
EVER = {"all": "all"}
STATES = {state: state for state in ("all", "open", "acknowledged", "closed")}
# Details of a run that have their own place on its page, and those of the fairness report.
DRAWN = ("reason", "error", "erased", "labels", "confusion_matrix", "parameters")
REPORTED = ("groups", "bias_metrics")
LONGEST_NAME, LONGEST_NOTE = 100, 1000  # characters

pages = Blueprint("pages", __name__)
pages.before_request(security.require_session)


class Measured(NamedTuple):
    """What a run measured: metrics of all rows, and a table of slices by metrics."""

    whole: list[dict]
    metrics: list[str]
    slices: dict[str, dict[str, dict]]


def _mart() -> DataMart:
    return current_app.extensions["mart"]


def _browsing() -> Browsing:
    return _mart().browsing


@pages.get("/")
def home() -> str:
    """Show every subscription with the state of its monitors."""
    health = {(one.uid, one.monitor): one for one in _mart().alerts.check_health()}
    overview = _browsing().overview
    monitors = defaultdict(list)
    for row in overview.monitors():
        row["chart"] = charts.sparkline(row["trend"], row["lower_limit"], row["upper_limit"])
        if found := health.get((row["uid"], row["monitor"])):  # not if it was enabled just now
            monitors[row["uid"]].append(row | {"health": found})
    counts = Counter(one.state for one in health.values())
    return render_template(
        "home.html",
        subscriptions=overview.subscriptions(),
        monitors=monitors,
        unhealthy={state: counts[state] for state in UNHEALTHY if counts[state]},
    )


@pages.get("/subscriptions/<uuid:uid>")
def subscription(uid: UUID) -> str:
    """Show a subscription: what its monitors measured last, its traffic, runs and alerts."""
    browsing, found = _browsing(), _subscription(uid)
    subscription_id = found["subscription_id"]
    days = _choice("days", SPANS, default="7")
    until = datetime.now(UTC)
    since = until - timedelta(days=int(days))
    traffic = browsing.history.traffic(subscription_id, since, until)
    last = groupby(
        browsing.overview.last_measurements(subscription_id),
        lambda row: (row["metric_type"], row["run_uid"]),
    )
    measured = {key: _measured(list(rows)) for key, rows in last}
    return render_template(
        "subscription.html",
        subscription=found,
        health=_mart().alerts.check_health(subscription_id),
        measured=measured,
        drift=_drift_table([run_uid for monitor, run_uid in measured if monitor == "drift"]),
        alerts=browsing.runs.alerts(subscription_uid=str(uid)),
        runs=browsing.runs.newest(subscription_id),
        remarks=browsing.runs.remarks(subscription_id),
        days=days,
        spans=SPANS,
        requests=sum(stretch["requests"] for stretch in traffic),
        rows=sum(stretch["rows"] for stretch in traffic),
        volume=charts.line_chart(traffic, "rows"),
        response_time=charts.line_chart(traffic, "mean"),
        slowest=charts.line_chart(traffic, "p95"),
    )


def _drift_table(run_uids: list[str]) -> list[dict] | None:
    """Return the drift table of the one drift run, if any, with drifted features first."""
    for run_uid in run_uids:
        if table := _browsing().runs.find(run_uid)["details"].get("drift"):
            return sorted(table, key=lambda row: not row.get("drifted"))
    return None


@pages.get("/subscriptions/<uuid:uid>/history", endpoint="history")
def metric_history(uid: UUID) -> str:
    """Show a metric's history."""
    found = _subscription(uid)
    which = [request.args.get(name, "") for name in ("monitor", "metric", "slice")]
    if "\0" in "".join(which):
        abort(404, "Nothing with that name was measured.")
    days = _choice("days", SPANS | EVER, default="30")
    span = None if days in EVER else timedelta(days=int(days))
    points = _browsing().history.points(found["subscription_id"], *which, span)
    if not points:
        abort(404, "Nothing with that name was measured.")
    is_dense = any(point["measurements"] == history.DENSE for point in points)
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
        dense=is_dense and history.DENSE,
        chart=charts.line_chart(points),
        newest=_browsing().history.newest(found["subscription_id"], *which),
    )


@pages.get("/runs/<uuid:uid>")
def run(uid: UUID) -> str:
    """Show a run: its window, what it read, what it found."""
    browsing, found = _browsing(), _run(uid)
    details = found["details"].items()
    return render_template(
        "run.html",
        run=found,
        details={name: value for name, value in details if name not in DRAWN + REPORTED},
        measured=_measured(browsing.runs.measurements(str(uid))),
        alerts=browsing.runs.alerts(run_uid=str(uid)),
    )


@pages.get("/runs/<uuid:uid>/run.json")
def run_file(uid: UUID) -> Response:
    """Return a run as a file: what it read, measured and found."""
    found = _run(uid)
    response = jsonify(found | {"measurements": _browsing().runs.measurements(str(uid))})
    name = f"{found['monitor']}-run-{uid}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pages.get("/alerts")
def alerts() -> str:
    """List alerts."""
    state = _choice("state", STATES, default="all")
    _mart().alerts.check_health()
    found = _browsing().runs.alerts(state=None if state == "all" else state)
    return render_template(
        "alerts.html", alerts=found, state=state, states=STATES, most=runs.ALERTS
    )


@pages.post("/alerts/<int(max=9223372036854775807):alert_id>/acknowledge")
def acknowledge(alert_id: int) -> Response:
    """Record who looks after an alert."""
    who, note = (request.form.get(name, "").strip() for name in ("who", "note"))
    if not who or len(who) > LONGEST_NAME or len(note) > LONGEST_NOTE or "\0" in who + note:
        lengths = f"in up to {LONGEST_NAME} characters, and a note of up to {LONGEST_NOTE}"
        abort(400, f"Say who you are, {lengths}.")
    try:
        _mart().alerts.acknowledge(alert_id, who, note)
    except ValueError:
        abort(409, "The alert isn't open: somebody has acknowledged it, or it was closed.")
    return redirect(url_for("pages.alerts"), 303)


def _subscription(uid: UUID) -> dict:
    for row in _browsing().overview.subscriptions():
        if row["uid"] == str(uid):
            return row
    abort(404, "There is no such subscription.")


def _run(uid: UUID) -> dict:
    return _browsing().runs.find(str(uid)) or abort(404, "There is no such run.")


def _choice(name: str, choices: dict[str, str], default: str) -> str:
    given = request.args.get(name, default)
    if given not in choices:
        abort(400, f"{name} must be one of {', '.join(choices)}.")
    return given


def _measured(rows: list[dict]) -> Measured:
    sliced = [row for row in rows if row["slice"]]
    slices: dict[str, dict[str, dict]] = defaultdict(dict)
    for row in sliced:
        slices[row["slice"]][row["metric"]] = row
    # Readers look for metrics with a limit, so those come first.
    limited = [row for row in sliced if (row["lower_limit"], row["upper_limit"]) != (None, None)]
    metrics = dict.fromkeys(row["metric"] for row in (*limited, *sliced))
    whole = [row for row in rows if not row["slice"]]
    return Measured(whole, list(metrics), slices)
