"""What a program logs over REST is stored in the data mart exactly once, and can be read back."""

import re

import pytest

from tests.datamart.searching import holders

from .conftest import record

TWO_ROWS = [[1.5, "red"], [2.5, None]]


@pytest.fixture
def root(schema):
    return f"/v1/data_marts/{schema}"


def test_payload_arrives_as_python_would_have_stored_it(program, root, subscription):
    one, other = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"
    sent = [
        record(subscription, "a", TWO_ROWS, [[0.9, 1], [0.1, 0]], scoring_timestamp=one),
        record(subscription, "b", scoring_timestamp=other, response_time=12.4),
    ]
    answer = program.post(f"{root}/scoring_payloads", sent)
    assert (answer.status, answer.json) == (202, {"records": 2, "rows": 3})
    content = subscription.payload_logging.get_table_content()
    assert content["scoring_id"].tolist() == ["a-1", "a-2", "b-1"]
    assert content["size"].tolist() == [1.5, 2.5, 1.5]
    assert content["colour"].isna().tolist() == [False, True, False]
    assert content["predicted_label"].tolist() == [1, 0, 1]
    assert {str(time) for time in content["scoring_timestamp"]} == {"2026-03-01 12:00:00+00:00"}


def test_rest_keeps_the_contract_that_every_door_keeps(program, root, subscription):
    sent = [
        record(subscription, "pair", [[1.5, "red"]], [[[0.25, 0.75], 1]]),
        record(subscription, "text", [["1.5", 7]], [["0.75", 1]]),
    ]
    assert program.post(f"{root}/scoring_payloads", sent).status == 202
    content = subscription.payload_logging.get_table_content()
    assert content["score"].tolist() == [0.75, 0.75]
    assert content[["size", "colour"]].values.tolist() == [[1.5, "red"], [1.5, "7"]]
    answer = program.post(f"{root}/scoring_payloads", [record(subscription, "c", answers=[[2, 1]])])
    assert answer.status == 400 and "from 0 to 1" in answer.text


def test_openscales_meta_is_named(program, root, subscription):
    sent = record(subscription, "a")
    sent["request"]["meta"] = {"fields": ["who"], "values": [["x"]]}
    answer = program.post(f"{root}/scoring_payloads", [sent])
    assert answer.status == 400 and "leave it out" in answer.text


def test_logging_the_same_twice_changes_nothing(program, root, subscription):
    for _ in range(2):
        assert program.post(f"{root}/scoring_payloads", [record(subscription, "a")]).status == 202
    assert subscription.payload_logging.get_records_count() == 1


def test_the_same_id_with_other_content_is_a_conflict(program, root, subscription):
    program.post(f"{root}/scoring_payloads", [record(subscription, "a", [[1.25, "crimson"]])])
    answer = program.post(
        f"{root}/scoring_payloads",
        [record(subscription, "new"), record(subscription, "a", [[9.75, "blue"]])],
    )
    assert answer.status == 409
    assert answer.json["errors"][0]["code"] == "conflict"
    assert "1.25" not in answer.text and "crimson" not in answer.text
    assert subscription.payload_logging.get_records_count() == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r["request"]["values"].append([1.0, "red"]),
        lambda r: r["request"].update(values=[["text", "red"]]),
        lambda r: r["request"].update(values=[[float("nan"), "red"]]),
        lambda r: r["request"].update(values=[[10**400, "red"]]),
        lambda r: r["request"].update(values=[[1.5, "a\0b"]]),
        lambda r: r["request"].update(values=[[1.5, "\ud800"]]),
        lambda r: r["request"].update(values=[[{"a": 1}, "red"]]),
        lambda r: r["request"].update(fields=["size", "colour", "extra"]),
        lambda r: r["request"].update(fields=["size", "size"]),
        lambda r: r["request"].pop("fields"),
        lambda r: r["response"].update(values=[]),
        lambda r: r["response"].update(values=[[0.5, None]]),
        lambda r: r.update(response_time=-1),
        lambda r: r.update(response_time="fast"),
        lambda r: r.update(response_time=float("nan")),
        lambda r: r.update(scoring_timestamp="yesterday"),
        lambda r: r.update(scoring_timestamp="0001-01-01T00:00:00+14:00"),
        lambda r: r.update(scoring_timestamp="9999-12-31T23:59:59-14:00"),
        lambda r: r.update(response_time=2**31 - 1),
        lambda r: r.update(response_time=10**400),
        lambda r: r.update(asset_revision=""),
        lambda r: r.update(asset_revision=7),
        lambda r: r.update(asset_revision="x" * 501),
        lambda r: r.update(asset_revision="a\0b"),
        lambda r: r.update(asset_revision="\ud800"),
        lambda r: r["request"].update(values=[[[[10**400]], "red"]]),
        lambda r: r["response"].update(values=[[0.5, 10**400]]),
        lambda r: r["response"].update(values=[[0.5, 2**63]]),
        lambda r: r.update(scoring_id="\ud800"),
        lambda r: r.update(scoring_id=""),
        lambda r: r.update(scoring_id="x" * 501),
        lambda r: r.update(scoring_id="a\0b"),
        lambda r: r.update(scoring_ID="misspelt"),
        lambda r: r.pop("subscription_id"),
    ],
)
def test_if_one_record_is_bad_nothing_is_stored(program, root, subscription, spoil):
    program.post(f"{root}/scoring_payloads", [record(subscription, "first")])
    bad = record(subscription, "bad")
    spoil(bad)
    answer = program.post(f"{root}/scoring_payloads", [record(subscription, "good"), bad])
    assert answer.status == 400, answer.text
    assert answer.json["errors"][0]["message"]
    assert subscription.payload_logging.get_records_count() == 1


@pytest.mark.parametrize("body", [[], {}, None, 3, "text", [[]], [None], [{}]])
def test_bodies_of_another_shape_are_refused(program, root, subscription, body):
    assert program.post(f"{root}/scoring_payloads", body).status == 400
    assert program.post(f"{root}/feedback_payloads", body).status == 400


def test_records_of_two_subscriptions_go_in_two_calls(program, root, subscription, subscribe):
    other = subscribe("other")
    answer = program.post(
        f"{root}/scoring_payloads", [record(subscription, "a"), record(other, "b")]
    )
    assert answer.status == 400
    assert "several subscriptions" in answer.text


@pytest.mark.parametrize("change", ["subscription_id", "binding_id", "deployment_id"])
@pytest.mark.parametrize(
    "unknown", ["00000000-0000-0000-0000-000000000000", "'; DROP TABLE run; --", "a\0b", ""]
)
def test_unknown_ids_are_not_found(program, root, subscription, change, unknown):
    answer = program.post(
        f"{root}/scoring_payloads", [record(subscription, "a", **{change: unknown})]
    )
    assert answer.status == 404, answer.text


def test_a_subscription_that_is_deleted_meanwhile_is_not_found(program, root, mart, subscription):
    sent = [record(subscription, "a")]
    assert program.post(f"{root}/scoring_payloads", sent).status == 202
    mart.subscriptions.delete(subscription.uid)
    for _ in range(2):
        answer = program.post(f"{root}/scoring_payloads", sent)
        assert answer.status == 404 and "no subscription with that id" in answer.text


def test_another_data_mart_is_not_found(program, subscription):
    assert (
        program.post("/v1/data_marts/other/scoring_payloads", [record(subscription, "a")]).status
        == 404
    )


def test_a_switched_off_subscription_refuses(program, root, subscription):
    subscription.payload_logging.disable()
    answer = program.post(f"{root}/scoring_payloads", [record(subscription, "a")])
    assert answer.status == 400
    assert "is off" in answer.text


def test_labels_join_scored_rows(program, root, subscription):
    program.post(f"{root}/scoring_payloads", [record(subscription, f"r{i}") for i in range(12)])
    body = {"binding_id": subscription.binding_uid, "subscription_id": subscription.uid}
    labels = body | {
        "fields": ["scoring_id", "diagnosis"],
        "values": [[f"r{i}-1", "malignant"] for i in range(12)],
    }
    for _ in range(2):
        answer = program.post(f"{root}/feedback_payloads", labels)
        assert (answer.status, answer.text) == (204, "")
    assert subscription.feedback_logging.get_records_count() == 12
    subscription.quality_monitoring.enable(min_records=10)
    assert subscription.quality_monitoring.run(background_mode=False)["metrics"]["accuracy"] == 1.0

    contradicted = labels | {"values": [["r0-1", "benign"]]}
    assert program.post(f"{root}/feedback_payloads", contradicted).status == 409
    unknown = labels | {"values": [["nobody-1", "benign"]]}
    assert program.post(f"{root}/feedback_payloads", unknown).status == 400


def test_feedback_with_its_own_features(program, root, subscription):
    program.post(f"{root}/scoring_payloads", [record(subscription, "a")])
    body = {"subscription_id": subscription.uid, "fields": ["diagnosis", "size", "colour"]}
    assert (
        program.post(
            f"{root}/feedback_payloads", body | {"values": [["benign", 3.5, "blue"]]}
        ).status
        == 204
    )
    listed = program.ask(
        f"{root}/service_bindings/{subscription.binding_uid}/subscriptions/{subscription.uid}/feedback_payloads"
    )
    assert listed.status == 200
    row = listed.json[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", row.pop("record_timestamp"))
    assert row == {"size": 3.5, "colour": "blue", "diagnosis": 0}


def test_feedback_before_any_payload_says_so(program, root, subscription):
    body = {
        "subscription_id": subscription.uid,
        "fields": ["scoring_id", "diagnosis"],
        "values": [["a-1", 1]],
    }
    answer = program.post(f"{root}/feedback_payloads", body)
    assert answer.status == 400
    assert "no payload yet" in answer.text


def test_transactions_are_listed_in_pages(program, root, subscription):
    program.post(
        f"{root}/scoring_payloads",
        [record(subscription, f"r{i:02}", [[i, "red"]]) for i in range(25)],
    )
    path = f"{root}/scoring_transactions?subscription_id={subscription.uid}"
    first = program.ask(path).json
    assert first["fields"] == [
        "scoring_id", "scoring_timestamp", "deployment_id", "asset_revision",
        "size", "colour", "score", "predicted_label",
    ]  # fmt: skip
    assert [row[0] for row in first["values"]] == [f"r{i:02}-1" for i in range(10)]
    assert "total_count" not in first
    last = program.ask(f"{path}&limit=10&offset=20&include_total_count=true").json
    assert [row[0] for row in last["values"]] == [f"r{i:02}-1" for i in range(20, 25)]
    assert last["total_count"] == 25
    assert program.ask(f"{path}&limit=0").json["values"] == []
    for bad in (
        "limit=-1",
        "limit=1001",
        "limit=1e3",
        "limit=",
        "offset=x",
        "offset=" + "9" * 30,
        "limit=%C2%B2",
        "include_total_count=yes",
        "ofset=3",
    ):
        assert program.ask(f"{path}&{bad}").status == 400, bad
    assert program.ask(f"{root}/scoring_transactions").status == 404


def test_the_schema_of_the_table(program, root, subscription):
    path = f"{root}/service_bindings/{subscription.binding_uid}/subscriptions/{subscription.uid}"
    path += "/payload_table_schema"
    assert program.ask(path).status == 404  # before the first payload
    program.post(f"{root}/scoring_payloads", [record(subscription, "a")])
    fields = program.ask(path).json["table_schema"]["fields"]
    assert {"name": "size", "type": "double precision", "nullable": True} in fields
    assert {"name": "scoring_id", "type": "text", "nullable": False} in fields
    elsewhere = path.replace(subscription.binding_uid, "00000000-0000-0000-0000-000000000000")
    assert program.ask(elsewhere).status == 404


def test_last_values_of_every_deployment(program, root, measured):
    [found] = program.ask(f"{root}/deployment_metrics").json["deployment_metrics"]
    assert found["subscription"] == {"subscription_id": measured.uid, "name": "small"}
    assert found["deployment"]["deployment_id"] == "endpoint"
    metrics = {metric["metric"]: metric for metric in found["metrics"]}
    assert metrics["accuracy"]["value"] == 0.5
    assert metrics["area_under_roc"]["issues"] == 1
    assert metrics["requests"] | {"timestamp": ""} == {
        "metric_type": "performance",
        "metric": "requests",
        "slice": "",
        "value": 40.0,
        "issues": 0,
        "timestamp": "",
    }


def test_what_is_never_stored_is_nowhere(program, root, subscription, database_url, schema, caplog):
    payloads, feedback = f"{root}/scoring_payloads", f"{root}/feedback_payloads"
    assert program.post(payloads, [record(subscription, "first")]).status == 202
    subscription.payload_logging.enable(never_store=["size", "colour"])
    secret, number = "zzsecretcolour", 73_123.4567
    sent = [record(subscription, "a", [[number, secret]])]
    assert program.post(payloads, sent).status == 202
    assert program.post(payloads, sent).status == 202  # again, which compares nothing of them
    wrong = [record(subscription, "b", [[secret, secret]])]
    answers = [program.post(payloads, wrong)]
    case = {"fields": ["size", "colour", "diagnosis"], "values": [[number, secret, 1]]}
    about = {"binding_id": subscription.binding_uid, "subscription_id": subscription.uid}
    answers += [program.post(feedback, about | case) for _ in range(2)]
    case = case | {"values": [[secret, secret, 1]]}
    answers.append(program.post(feedback, about | case))
    assert [answer.status for answer in answers] == [400, 204, 204, 400]
    assert not [answer.text for answer in answers if secret in answer.text]
    assert "size" in answers[0].text
    assert secret not in caplog.text
    assert [name for name in holders(database_url, secret, number) if schema in name] == []
    assert subscription.payload_logging.get_records_count() == 2
