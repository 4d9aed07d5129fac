"""The fairness report in the console: only after signing in, and with its own style.

Nothing else runs in it.
"""

import base64
import hashlib
import re
import uuid

import pytest

from model_monitoring import datamart

from .conftest import FEATURES


@pytest.fixture
def judged(subscription):
    """Traffic in which red is favoured less than blue."""
    colours, granted = ["red", "blue"] * 50, [0, 1, 1, 1] * 25
    subscription.payload_logging.store(
        datamart.PayloadRecord(
            {"fields": FEATURES, "values": [[1.5, colour] for colour in colours]},
            {
                "fields": ["score", "predicted_label"],
                "values": [[0.2 + 0.6 * given, given] for given in granted],
            },
            "r",
        )
    )
    colour = datamart.Feature("colour", ["blue"], ["red"], 0.8)
    subscription.fairness_monitoring.enable(
        [colour], favourable_classes=[1], unfavourable_classes=[0], perturbation=False
    )
    subscription.fairness_monitoring.run()
    return subscription


def test_the_report_exists_and_is_linked(judged, reader):
    page = reader.ask(f"/subscriptions/{judged.uid}")
    link = re.search(r'href="([^"]+/fairness)"', page.text)[1]
    report = reader.ask(link)
    assert report.status == 200 and report.headers["Content-Type"].startswith("text/html")
    assert "colour red: 25 of 50 (50.0%)" in report.text and "1 of 1 group" in report.text


def test_each_run_has_its_own_report(judged, reader):
    first = judged.fairness_monitoring.get_run_details()["run_uid"]
    judged.payload_logging.store(
        datamart.PayloadRecord(
            {"fields": FEATURES, "values": [[1.5, "red"]] * 50},
            {"fields": ["score", "predicted_label"], "values": [[0.8, 1]] * 50},
            "later",
        )
    )
    judged.fairness_monitoring.run()
    page = reader.ask(f"/runs/{first}").text
    link = re.search(r'href="([^"]+/fairness\?run=[^"]+)"', page)[1]
    assert "colour red: 25 of 50" in reader.ask(link).text
    assert "colour red: 25 of 50" not in reader.ask(f"/subscriptions/{judged.uid}/fairness").text
    for other in ("00000000-0000-0000-0000-000000000000", "x", "%00"):
        assert reader.ask(f"/subscriptions/{judged.uid}/fairness?run={other}").status == 404


def test_the_score_comes_first_among_the_metrics(judged, reader):
    page = reader.ask(f"/subscriptions/{judged.uid}").text
    assert page.index(">fairness score<") < page.index(">AD<")
    run = reader.ask(re.search(r"/runs/[0-9a-f-]+", page)[0]).text
    assert page.count("colour red: 25 of 50") == 0 and run.count("colour red: 25 of 50") == 1


def test_its_policy_allows_only_its_own_style(judged, reader):
    report = reader.ask(f"/subscriptions/{judged.uid}/fairness")
    policy = report.headers["Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", report.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy and policy.startswith("default-src 'none'")
    assert " style=" not in report.text and "<script" not in report.text
    assert report.headers["Cache-Control"] == "no-store"


def test_without_a_run_or_a_session_there_is_no_report(subscription, reader, visitor):
    answer = reader.ask(f"/subscriptions/{subscription.uid}/fairness")
    assert answer.status == 404 and "There is no fairness run yet" in answer.text
    assert reader.ask(f"/subscriptions/{uuid.uuid4()}/fairness").status == 404
    assert visitor.ask(f"/subscriptions/{subscription.uid}/fairness").url.endswith("/sign-in")
