"""Every channel says the same of a monitor: the pages, and REST as Python says it."""

import re

import pytest

from model_monitoring import console

from .conftest import Client
from .test_pages import texts

OLD = "started - interval '60 days'"
OLDER = "record_timestamp - interval '60 days'"


@pytest.fixture
def silent(measured, query, schema):
    """A subscription whose monitors last ran 60 days ago; one of them is outside its limit."""
    query(f"UPDATE {schema}.run SET started = {OLD}, finished = finished - interval '60 days'")
    return measured


def test_the_home_page_counts_what_needs_a_look(reader, silent):
    words = texts(reader.ask("/"))
    assert "Monitors that need a look: 1 outside, 1 stale." in words
    assert re.search(r"average processing time 29\.5 ≤ 100 stale \d{4}-", words)
    assert re.search(r"≥ 0.8 outside stale \d{4}-", words)
    assert words.count("It last ran 60 days ago, which is longer than usual.") == 2
    # Looking opened the alerts, once
    for _ in range(2):
        assert "3 unresolved alerts" in texts(reader.ask("/"))


def test_the_alerts_page_says_what_is_wrong(reader, silent):
    words = texts(reader.ask("/alerts"))
    assert re.search(r"open small · performance is stale : 60 days without a run Opened", words)
    assert "Why it opened: It last ran 60 days ago, which is longer than usual." in words
    silent.performance_monitoring.disable()
    words = texts(reader.ask("/alerts?state=closed"))
    assert "performance was stale : 60 days without a run" in words
    assert "Why it closed: It was switched off." in words


def test_what_measures_old_labels_is_stale_though_it_runs(reader, measured, query, schema):
    table = measured.table()
    query(f'UPDATE {schema}."{table.feedback}" SET record_timestamp = {OLDER}')
    measured.quality_monitoring.run()
    words = texts(reader.ask("/alerts"))
    assert "quality is stale : 60 days without anything new" in words
    assert "the newest label that it measures came 60 days ago" in words
    assert re.search(r"≥ 0.8 outside stale \d{4}-", texts(reader.ask("/")))


def test_the_page_of_a_subscription_lists_its_monitors(reader, silent):
    words = texts(reader.ask(f"/subscriptions/{silent.uid}"))
    assert re.search(r"Monitors .* performance stale \d{4}-.* It last ran 60 days ago", words)
    assert re.search(r"quality outside stale \d{4}-.* 1 alert is unresolved", words)


def test_rest_says_what_python_says(program, silent, subscribe, schema):
    other = subscribe("other")
    other.performance_monitoring.enable()
    path = f"/v1/data_marts/{schema}/health"
    found = program.ask(path).json["health"]
    assert [(one["subscription"]["name"], one["monitor"], one["state"]) for one in found] == [
        ("other", "performance", "waiting"),
        ("small", "performance", "stale"),
        ("small", "quality", "outside"),
    ]
    said = silent.health()
    assert [one["to_do"] for one in found[1:]] == said["to_do"].tolist()
    assert found[1]["since"] == said["since"][0].isoformat().replace("+00:00", "Z")
    one = program.ask(f"{path}?subscription_id={other.uid}").json["health"]
    assert one == found[:1]
    assert program.ask(f"{path}?subscription_id=nobody").status == 404
    assert program.ask(f"{path}?monitor=quality").status == 400


def test_pages_are_shown_to_somebody_who_may_only_read(
    database_url, schema, silent, query, state, tmp_path
):
    query("DROP ROLE IF EXISTS looker")
    query(
        f"CREATE ROLE looker LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {schema} TO looker;"
        f" GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO looker"
    )
    page = console.start(database_url + "&options=-c%20role%3Dlooker", schema)
    try:
        client = Client(page.url)
        client.sign_in(page.token)
        words = texts(client.ask("/"))
        assert "1 outside, 1 stale." in words and "1 unresolved alert" in words
    finally:
        page.stop()
        query("DROP OWNED BY looker; DROP ROLE looker")
