"""Logging over REST, with AI OpenScale's paths and bodies.

openapi.json describes it, and bodies are checked against that document.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

from flask import Blueprint, current_app, request
from werkzeug.exceptions import BadRequest, Conflict, NotFound

from model_monitoring.console import security
from model_monitoring.console.bodies import COMPONENTS, DOCUMENT, LARGEST_BODY, json_body
from model_monitoring.console.gathering import gatherings
from model_monitoring.datamart import ConflictError, DeletedError, PayloadRecord, Subscription
from model_monitoring.datamart.browsing import Browsing
from model_monitoring.datamart.monitoring.health.states import Health

# The parameters that a query may have, by the name of the operation, which is also the view's.
PARAMETERS = {
    operation["operationId"]: {
        each.get("name") or each["$ref"].split("/")[-1] for each in operation.get("parameters", ())
    }
    for path in DOCUMENT["paths"].values()
    for operation in path.values()
    if isinstance(operation, dict)
}
LONGEST_MESSAGE = 500  # characters
NO_SUBSCRIPTION = "There is no subscription with that id."

rest = Blueprint("rest", __name__, url_prefix="/v1/data_marts/<data_mart_id>")
rest.before_request(security.require_bearer)
binding = "/service_bindings/<binding_id>/subscriptions/<subscription_id>"


@rest.url_value_preprocessor
def _mart_of(endpoint: str | None, values: dict) -> None:
    request.data_mart_id = values.pop("data_mart_id")


@rest.before_request
def _check() -> None:
    request.max_content_length = LARGEST_BODY  # the forms of the other pages may be far smaller
    if request.data_mart_id != current_app.extensions["schema"]:
        raise NotFound("There is no such data mart: its id is the name of its schema.")
    known = PARAMETERS.get(request.endpoint.removeprefix("rest."), set())
    if unknown := sorted(set(request.args) - known):
        said = f"Unknown parameter {', '.join(unknown)}; known are "
        said += f"{', '.join(sorted(known)) or 'none'}."
        raise BadRequest(said[:LONGEST_MESSAGE])


@rest.post("/scoring_payloads")
def store_scoring_payloads() -> tuple[dict, int]:
    """Store scoring records of one subscription."""
    logged = current_app.extensions["logged"]
    with _refusals(), json_body("ScoringRecords") as records:
        subscription = _subscription_of(records, logged)
        try:
            gatherings[subscription.uid].store(subscription, [_record(each) for each in records])
        except DeletedError:
            logged.pop(subscription.uid, None)
            raise NotFound(NO_SUBSCRIPTION) from None
    rows = sum(len(record["request"]["values"]) for record in records)
    return {"records": len(records), "rows": rows}, 202


def _record(sent: dict) -> PayloadRecord:
    return PayloadRecord(
        sent["request"],
        sent["response"],
        sent.get("scoring_id"),
        sent.get("scoring_timestamp"),
        sent.get("response_time"),
        sent.get("asset_revision"),
    )


@rest.post("/feedback_payloads")
def store_feedback_payloads() -> tuple[str, int]:
    """Store labels of one subscription."""
    with _refusals(), json_body("Feedback") as body:
        _subscription_of([body]).feedback_logging.store(body["values"], fields=body["fields"])
    return "", 204


@rest.get("/scoring_transactions")
def list_scoring_transactions() -> dict:
    """List payload rows."""
    subscription = _subscription(request.args.get("subscription_id", ""))
    counted = request.args.get("include_total_count", "false")
    if counted not in ("true", "false"):
        raise BadRequest("include_total_count must be true or false.")
    limit, offset = _page()
    with _no_payload_yet():
        fields, values = _browsing().records.payload(subscription.table(), limit, offset)
    found = {"fields": fields, "values": values}
    if counted == "true":
        found["total_count"] = subscription.payload_logging.get_records_count()
    return found


@rest.get(f"{binding}/feedback_payloads")
def list_feedback_payloads(binding_id: str, subscription_id: str) -> list[dict]:
    """List feedback rows."""
    subscription = _subscription(subscription_id, binding_id)
    limit, offset = _page()
    with _no_payload_yet():
        fields, values = _browsing().records.feedback(subscription.table(), limit, offset)
    return [dict(zip(fields, row, strict=True)) for row in values]


@rest.get(f"{binding}/payload_table_schema")
def get_payload_table_schema(binding_id: str, subscription_id: str) -> dict:
    """Return the payload's columns."""
    subscription = _subscription(subscription_id, binding_id)
    with _no_payload_yet():
        columns = subscription.payload_logging.print_table_schema().to_dict("records")
    return {"table_schema": {"fields": columns}}


@rest.get("/explanations")
def list_explanations() -> dict:
    """List stored explanations; making one needs an AWS session, which the console lacks."""
    subscription = _subscription(request.args.get("subscription_id", ""))
    found = _browsing().records.explanations(
        subscription.subscription_id, request.args.get("scoring_id"), *_page()
    )
    return {"explanations": found}


@rest.get("/deployment_metrics")
def get_deployment_metrics() -> dict:
    """Return the last value of every metric."""
    found = _browsing().overview.last_measurements()
    by_subscription = groupby(found, lambda row: row["uid"])
    return {"deployment_metrics": [_deployment(list(rows)) for _, rows in by_subscription]}


def _deployment(rows: list[dict]) -> dict:
    metrics = ("metric_type", "metric", "slice", "value", "issues", "timestamp")
    return {
        "subscription": {"subscription_id": rows[0]["uid"], "name": rows[0]["subscription"]},
        "asset": {"name": rows[0]["deployment"]},
        "deployment": {"deployment_id": rows[0]["deployment"], "name": rows[0]["deployment"]},
        "metrics": [{name: row[name] for name in metrics} for row in rows],
    }


@rest.get("/health")
def get_health() -> dict:
    """Return the state of every monitor, of one subscription or of all."""
    wanted = request.args.get("subscription_id")
    found = None if wanted is None else _subscription(wanted).subscription_id
    alerts = current_app.extensions["mart"].alerts
    return {"health": [_monitor(one) for one in alerts.check_health(found)]}


def _monitor(one: Health) -> dict:
    about = ("monitor", "state", "since", "last_run", "alerts", "to_do")
    return {"subscription": {"subscription_id": one.uid, "name": one.subscription}} | {
        name: getattr(one, name) for name in about
    }


def _browsing() -> Browsing:
    return current_app.extensions["mart"].browsing


def _subscription_of(
    bodies: list[dict], known: dict[str, Subscription] | None = None
) -> Subscription:
    """Return the one subscription that all bodies name.

    `known` are those that were found before, by uid. It saves a transaction for callers who notice
    that one was deleted.
    """
    identities = {
        (body["subscription_id"], body.get("binding_id"), body.get("deployment_id"))
        for body in bodies
    }
    if len({subscription_id for subscription_id, _, _ in identities}) > 1:
        raise ValueError(
            "The records belong to several subscriptions: send a separate request for each."
        )
    # Each is looked up, because each may name another binding or deployment of the subscription.
    found = [_subscription(*identity, known) for identity in identities]
    return found[0]


def _subscription(
    subscription_id: str,
    binding_id: str | None = None,
    deployment_id: str | None = None,
    known: dict[str, Subscription] | None = None,
) -> Subscription:
    found = (known or {}).get(subscription_id)
    try:
        found = found or current_app.extensions["mart"].subscriptions.get(subscription_id)
    except ValueError:
        raise NotFound(NO_SUBSCRIPTION) from None
    if known is not None:
        known[subscription_id] = found
    if binding_id not in (None, found.binding_uid):
        raise NotFound(
            f"The subscription has another binding than {binding_id!r:.80}: {found.binding_uid!r}."
        )
    if deployment_id not in (None, *found.get_deployment_uids()):
        raise NotFound(
            f"The subscription has no deployment {deployment_id!r:.80}; it has"
            f" {', '.join(found.get_deployment_uids())}."
        )
    return found


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the data mart's refusals into responses about the client's mistake."""
    try:
        yield
    except RecursionError:
        raise BadRequest("The body is nested too deeply. Nothing was stored.") from None
    except ConflictError as error:
        raise Conflict(str(error)[:LONGEST_MESSAGE]) from None
    except (ValueError, OverflowError) as error:
        raise BadRequest(str(error)[:LONGEST_MESSAGE]) from None


@contextmanager
def _no_payload_yet() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise NotFound(str(error)) from None


def _page() -> tuple[int, int]:
    """Return limit and offset."""
    found = []
    for name, default in (("limit", 10), ("offset", 0)):
        schema = COMPONENTS["parameters"][name]["schema"]
        given = request.args.get(name, str(default))
        if not given.isascii() or not given.isdecimal() or int(given[:12]) > schema["maximum"]:
            raise BadRequest(f"{name} must be a whole number from 0 to {schema['maximum']}.")
        found.append(int(given))
    return found[0], found[1]
