"""The OpenAPI document: valid, complete, and true when the service is fuzzed from it."""

import copy
import itertools

import pytest

from model_monitoring import console
from model_monitoring.console import security

from .conftest import FEATURES, Client, record

EXAMPLES = 15  # of each operation, valid ones and as many invalid

hypothesis = pytest.importorskip("hypothesis")
schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")


@pytest.fixture
def document(visitor):
    answer = visitor.ask("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json


def test_it_lists_every_existing_path(document, database_url, schema, state):
    app = console.create_app(database_url, schema, security.load_secrets(state / "console"))
    found = {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1/"):
            path = rule.rule.replace("<", "{").replace(">", "}")
            found.setdefault(path, set()).update(rule.methods - {"HEAD", "OPTIONS"})
    verbs = {"get", "post", "put", "patch", "delete"}
    documented = {
        path: {verb.upper() for verb in verbs & set(known)}
        for path, known in document["paths"].items()
    }
    assert found == documented
    assert len(documented) == 8


ANY = {
    "anyOf": [{"type": kind} for kind in ("number", "string", "null", "boolean", "array", "object")]
}
FITTING = {"enum": [0, 1]}


def narrowed(document, subscription, schema, value):
    """The document with existing ids and fields, so that fuzzing gets past 404."""
    document = copy.deepcopy(document)
    components = document["components"]
    for name, known in (
        ("data_mart_id", schema),
        ("binding_id", subscription.binding_uid),
        ("subscription_id", subscription.uid),
    ):
        components["parameters"][name]["schema"] = {"const": known, "type": "string"}
    listing = document["paths"]["/v1/data_marts/{data_mart_id}/scoring_transactions"]["get"]
    listing["parameters"][0]["schema"] = {"const": subscription.uid, "type": "string"}
    schemas = components["schemas"]
    table = schemas["Table"]["properties"]
    row = {"type": "array", "items": value, "minItems": 2, "maxItems": 2}
    for part, fields in (("request", FEATURES), ("response", ["score", "predicted_label"])):
        own = copy.deepcopy(table)
        own["fields"] = {"const": fields}
        own["values"] |= {"items": row, "maxItems": 1}
        schemas["ScoringRecord"]["properties"][part] = schemas["Table"] | {"properties": own}
    for name in ("ScoringRecord", "Feedback"):
        schemas[name]["properties"]["subscription_id"] = {"const": subscription.uid}
        schemas[name]["properties"]["binding_id"] = {"const": subscription.binding_uid}
    times = [None, "2026-03-01T12:00:00Z", "2026-03-01", "yesterday"]
    schemas["ScoringRecord"]["properties"]["scoring_timestamp"] = {"enum": times}
    schemas["ScoringRecord"]["properties"]["deployment_id"] = {"const": "endpoint"}
    schemas["Feedback"]["properties"]["fields"] = {
        "enum": [["scoring_id", "diagnosis"], [*FEATURES, "diagnosis"]]
    }
    return document


@pytest.mark.parametrize(
    "value", [None, ANY, FITTING], ids=["as documented", "real ids", "real ids and values that fit"]
)
def test_nothing_breaks_when_fuzzed_from_the_document(
    document, program, running, subscription, schema, value
):
    program.post(
        f"/v1/data_marts/{schema}/scoring_payloads", [record(subscription, "a", [[1.5, 7]])]
    )
    source = narrowed(document, subscription, schema, value) if value else document
    # the document can't say whether a value fits its column: only the data mart knows
    excluded = [checks.positive_data_acceptance] if value else []
    seen = []
    operations = [
        found.ok() for found in schemathesis.openapi.from_dict(source).get_all_operations()
    ]
    for operation, mode in itertools.product(operations, schemathesis.GenerationMode):

        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def check(case):
            headers = {"Authorization": f"Bearer {running.token}"}
            answer = case.call_and_validate(
                base_url=running.url, headers=headers, excluded_checks=excluded
            )
            seen.append((case.operation.label, answer.status_code))

        check()
    statuses = {}
    for label, status in seen:
        statuses.setdefault(label, set()).add(status)
    assert len(statuses) == 8
    if value:  # the fuzzing reached the data mart
        assert 200 in statuses["GET /v1/data_marts/{data_mart_id}/scoring_transactions"]
        assert 400 in statuses["POST /v1/data_marts/{data_mart_id}/feedback_payloads"]
    if value is FITTING:
        assert statuses["POST /v1/data_marts/{data_mart_id}/scoring_payloads"] >= {202, 400}
    assert (
        Client(running.url, running.token).ask(f"/v1/data_marts/{schema}/deployment_metrics").status
        == 200
    )
