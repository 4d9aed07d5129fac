"""Alerts: listed by state, acknowledged once, by a person with a note."""

import re
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from .test_pages import texts


@pytest.fixture
def alert(measured, query, schema):
    [(alert_id,)] = query(f"SELECT alert_id FROM {schema}.alert")
    return alert_id


@pytest.fixture
def acknowledge(reader, alert):
    return lambda **form: reader.submit(f"/alerts/{alert}/acknowledge", form, page="/alerts")


def test_an_open_alert_can_be_acknowledged(reader, alert, acknowledge, query, schema):
    words = texts(reader.ask("/alerts"))
    assert re.search(r"open small · area under roc was 0?\.?\d+ , limit ≥ 0.8 Opened \d{4}-", words)
    answer = acknowledge(who=" Ada L. ", note="retraining on Monday\nwith new labels")
    assert answer.url.endswith("/alerts")
    words = texts(answer)
    assert re.search(r"acknowledged small", words)
    assert re.search(
        r"acknowledged \d{4}-\d\d-\d\d \d\d:\d\d by Ada L\. retraining on Monday", words
    )
    assert "<button>Acknowledge" not in answer.text
    [(state, by, note, recent)] = query(
        "SELECT state, acknowledged_by, note, acknowledged_at > now() - interval '1 minute'"
        f" FROM {schema}.alert"
    )
    assert (state, by, recent) == ("acknowledged", "Ada L.", True)
    assert note.startswith("retraining on Monday")


def test_alerts_are_listed_by_state(reader, alert, acknowledge):
    acknowledge(who="Ada", note="")
    assert "No alert is open." in texts(reader.ask("/alerts?state=open"))
    assert "small" in texts(reader.ask("/alerts?state=acknowledged"))
    assert "No alert is closed." in texts(reader.ask("/alerts?state=closed"))
    assert reader.ask("/alerts?state=other").status == 400


@pytest.mark.parametrize(
    "form",
    [{}, {"who": "  "}, {"who": "x" * 101}, {"who": "a", "note": "x" * 1001}, {"who": "a\0b"}],
)
def test_bad_forms_change_nothing(acknowledge, alert, query, schema, form):
    assert acknowledge(**form).status == 400
    assert query(f"SELECT state FROM {schema}.alert") == [("open",)]


def test_only_an_open_alert_can_be_acknowledged(reader, acknowledge, alert, query, schema):
    assert acknowledge(who="Ada").status == 200
    # a second reader's stale page still has the form
    token = re.search(r'csrf_token" value="([^"]+)', reader.ask("/alerts").text)[1]
    form = urllib.parse.urlencode({"csrf_token": token, "who": "Grace"}).encode()
    answer = reader.ask(f"/alerts/{alert}/acknowledge", form)
    assert answer.status == 409
    assert "isn&#39;t open" in answer.text
    for unknown in (999_999, 2**63 - 1):
        assert reader.ask(f"/alerts/{unknown}/acknowledge", form).status == 409
    for impossible in ("x", "-1", 2**63):
        assert reader.ask(f"/alerts/{impossible}/acknowledge", form).status == 404
    assert query(f"SELECT acknowledged_by FROM {schema}.alert") == [("Ada",)]


def test_one_of_two_acknowledgements_at_once_succeeds(reader, alert, query, schema):
    token = re.search(r'csrf_token" value="([^"]+)', reader.ask("/alerts").text)[1]

    def send(who):
        form = urllib.parse.urlencode({"csrf_token": token, "who": who}).encode()
        return reader.ask(f"/alerts/{alert}/acknowledge", form).status

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(send, "abcdefgh")) == [200] + [409] * 7


def test_a_recovered_metric_closes_its_alert(reader, measured, acknowledge, alert, query, schema):
    acknowledge(who="Ada", note="seen")
    measured.quality_monitoring.enable(threshold=0.1, min_records=10)
    measured.quality_monitoring.run(background_mode=False)
    words = texts(reader.ask("/alerts?state=closed"))
    assert re.search(
        r"closed small .* acknowledged .* by Ada · closed \d{4}-\d\d-\d\d \d\d:\d\d by a run seen",
        words,
    )
    assert "no unresolved alert" in texts(reader.ask("/"))
