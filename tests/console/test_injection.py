"""Hostile names, values and notes stay plain text: on pages, in JSON, in SQL."""

import html
import html.parser
import urllib.parse

import pytest

from model_monitoring import datamart

CORPUS = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)",
    "{{ 7*7 }}{% for x in y %}",
    "{{ config.SECRET_KEY }}",
    "'; DROP TABLE alert; --",
    '"; DROP SCHEMA public CASCADE; --',
    "%s %(x)s %% %",
    "\\'; SELECT pg_sleep(9); --",
    "../../etc/passwd",
    "a\r\nSet-Cookie: x=y",
    "\u202eright to left\u0000"[:-1],
    "名前 é \U0001f600",
    "</style><svg onload=alert(1)>",
    "&lt;b&gt; &amp;",
    "x" * 300,
]  # fmt: skip


class Markup(html.parser.HTMLParser):
    """Reads a page as a browser does, and fails if something in it would be active."""

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "style", "iframe", "object", "embed", "base")
        for name, value in attributes:
            assert not name.startswith("on") and name != "style", (tag, name)
            if name in ("href", "src", "action"):
                assert value.startswith("/") and not value.startswith("//"), value
            assert (tag, name) != ("img", "src") or value == "/static/icon.svg"


def has_no_live_markup(text):
    Markup().feed(text)
    assert ">49<" not in text and "49{%" not in text


@pytest.mark.parametrize("hostile", CORPUS)
def test_names_on_pages(reader, program, schema, subscribe, mart, query, hostile):
    subscription = subscribe(hostile, source_uid=hostile, label_values=None)
    body = {
        "subscription_id": subscription.uid,
        "deployment_id": hostile,
        "request": {"fields": ["size", "colour"], "values": [[1.0, hostile]]},
        "response": {"fields": ["score", "predicted_label"], "values": [[0.5, 1]]},
        "scoring_id": hostile,
    }
    root = f"/v1/data_marts/{schema}"
    assert program.post(f"{root}/scoring_payloads", [body]).status == 202
    listed = program.ask(f"{root}/scoring_transactions?subscription_id={subscription.uid}")
    assert listed.json["values"][0][0] == f"{hostile}-1"
    assert listed.json["values"][0][5] == hostile
    assert listed.headers["Content-Type"] == "application/json"

    query(
        f"""INSERT INTO {schema}.monitor VALUES (1, %(x)s, true, '{{}}');
        INSERT INTO {schema}.run
            VALUES ('11111111-1111-1111-1111-111111111111', 1, %(x)s, 'finished', now(), now(),
            NULL, NULL, 5, jsonb_build_object(%(x)s::text, %(x)s::text, 'error', %(x)s::text,
            'list', jsonb_build_array(jsonb_build_object(%(x)s::text, %(x)s::text)),
            'labels', jsonb_build_array(%(x)s::text), 'confusion_matrix', '[[5]]'::jsonb));
        INSERT INTO {schema}.measurement
            (run_uid, subscription_id, monitor, metric, slice, ts, value, upper_limit, records)
            VALUES ('11111111-1111-1111-1111-111111111111', 1, %(x)s, %(x)s, %(x)s, now(), 2, 1, 5);
        INSERT INTO {schema}.alert
            (subscription_id, monitor, metric, slice, state, value, opened_at, opened_by_run,
            last_seen_at)
            VALUES (1, %(x)s, %(x)s, %(x)s, 'open', 2, now(),
            '11111111-1111-1111-1111-111111111111', now())"""
        % {"x": "$hostile$" + hostile + "$hostile$"}
    )
    pages = [
        "/",
        "/alerts",
        f"/subscriptions/{subscription.uid}",
        "/runs/11111111-1111-1111-1111-111111111111",
    ]
    which = urllib.parse.urlencode({"monitor": hostile, "metric": hostile, "slice": hostile})
    pages.append(f"/subscriptions/{subscription.uid}/history?{which}")
    answers = {path: reader.ask(path) for path in pages}
    reader.submit("/alerts/1/acknowledge", {"who": hostile[:100], "note": hostile}, page="/alerts")
    answers["acknowledged"] = reader.ask("/alerts")
    for path, answer in answers.items():
        assert answer.status == 200, path
        has_no_live_markup(answer.text)
        assert hostile.strip() in html.unescape(answer.text), path
        assert "x=y" not in str(answer.headers)
    [(by, note)] = query(f"SELECT acknowledged_by, note FROM {schema}.alert")
    assert (by, note) == (hostile[:100].strip(), hostile.strip())
    assert isinstance(mart.get_details(), dict)  # every table is still there


def test_names_in_paths_and_parameters(reader, program, schema, measured):
    for hostile in CORPUS:
        quoted = urllib.parse.quote(hostile, safe="")
        binding = f"/v1/data_marts/{schema}/service_bindings/{quoted}/subscriptions"
        for path in (
            f"/v1/data_marts/{quoted}/deployment_metrics",
            f"/v1/data_marts/{schema}/scoring_transactions?subscription_id={quoted}",
            f"{binding}/{quoted}/payload_table_schema",
            f"{binding}/{measured.uid}/feedback_payloads",
        ):
            answer = program.ask(path)
            assert answer.status == 404, (path, answer.text)
            assert answer.headers["Content-Type"] == "application/json"
        for path in (f"/subscriptions/{quoted}", f"/runs/{quoted}", f"/{quoted}"):
            answer = reader.ask(path)
            assert answer.status == 404, path
            has_no_live_markup(answer.text)
        for path in (f"/alerts?state={quoted}", f"/subscriptions/{measured.uid}?days={quoted}"):
            answer = reader.ask(path)
            assert answer.status == 400, path
            has_no_live_markup(answer.text)


def test_hostile_tokens_in_the_sign_in_form(visitor, running):
    for hostile in CORPUS:
        answer = visitor.sign_in(hostile)
        assert answer.status == 401
        has_no_live_markup(answer.text)
        assert hostile not in html.unescape(answer.text) or len(hostile) < 3
    assert visitor.ask("/").url.endswith("/sign-in")


def test_labels_and_feedback(program, schema, subscribe):
    subscription = subscribe(
        "texts",
        problem_type=datamart.ProblemType.MULTICLASS_CLASSIFICATION,
        label_values=None,
        positive_label=None,
    )
    root = f"/v1/data_marts/{schema}"
    records = [
        {
            "subscription_id": subscription.uid,
            "request": {"fields": ["size", "colour"], "values": [[1.0, "red"]]},
            "response": {"fields": ["score", "predicted_label"], "values": [[0.5, hostile]]},
            "scoring_id": hostile,
        }
        for hostile in CORPUS
    ]
    assert program.post(f"{root}/scoring_payloads", records).status == 202
    feedback = {"subscription_id": subscription.uid, "fields": ["scoring_id", "diagnosis"]}
    labels = [[f"{hostile}-1", hostile] for hostile in CORPUS]
    assert program.post(f"{root}/feedback_payloads", feedback | {"values": labels}).status == 204
    listed = program.ask(
        f"{root}/service_bindings/{subscription.binding_uid}/subscriptions/{subscription.uid}/feedback_payloads?limit=100"
    )
    assert sorted(row["diagnosis"] for row in listed.json) == sorted(CORPUS)
