"""Explanations over REST: stored ones, newest first, for a program with the token."""

import pytest

from model_monitoring import datamart

from .conftest import FEATURES, Client

CONTENT = '{"attributions": [{"feature": "size", "value": 1.5, "attribution": 0.4}], "base": 0.1,'
CONTENT += ' "output": 0.5, "score": 0.62, "link": "logit", "contrast": null, "scored_rows": 10}'


@pytest.fixture
def explained(subscription, query, schema):
    values = {"fields": FEATURES, "values": [[1.5, "red"]] * 2}
    answers = {"fields": ["score", "predicted_label"], "values": [[0.9, 1]] * 2}
    subscription.payload_logging.store(datamart.PayloadRecord(values, answers, "r"))
    for number in (1, 2):
        query(
            f"""INSERT INTO {schema}.explanation (subscription_id, scoring_id, record_id,
                row_number, asset_revision, created_at, content)
            SELECT subscription_id, 'r-' || %s, record_id, %s, '',
                now() + %s * interval '1 s', %s
            FROM {schema}.scoring_key""",
            number, number, number, CONTENT,
        )  # fmt: skip
    return subscription


def test_explanations_are_listed_newest_first(explained, program, schema):
    path = f"/v1/data_marts/{schema}/explanations?subscription_id={explained.uid}"
    found = program.ask(path).json["explanations"]
    assert [one["scoring_id"] for one in found] == ["r-2", "r-1"]
    assert found[0]["explanation"]["attributions"] == [
        {"feature": "size", "value": 1.5, "attribution": 0.4}
    ]
    assert set(found[0]) == {"scoring_id", "created_at", "asset_revision", "explanation"}
    assert program.ask(f"{path}&limit=1&offset=1").json["explanations"][0]["scoring_id"] == "r-1"


@pytest.mark.parametrize(
    ("wanted", "expected"), [("r-1", ["r-1"]), ("r", []), ("r-3", []), ("%00", [])]
)
def test_one_row_is_found_by_its_id(explained, program, schema, wanted, expected):
    path = (
        f"/v1/data_marts/{schema}/explanations?subscription_id={explained.uid}&scoring_id={wanted}"
    )
    assert [one["scoring_id"] for one in program.ask(path).json["explanations"]] == expected


def test_requests_without_token_subscription_or_valid_parameters_are_refused(
    explained, program, running, schema
):
    path = f"/v1/data_marts/{schema}/explanations"
    assert Client(running.url).ask(f"{path}?subscription_id={explained.uid}").status == 401
    assert program.ask(path).status == 404
    assert program.ask(f"{path}?subscription_id={explained.uid}&limit=x").status == 400
    assert program.ask(f"{path}?subscription_id={explained.uid}&cem=true").status == 400
