"""Pages by keyboard, by screen reader and on a phone: an audit finds nothing to mend."""

import re

import pytest

from model_monitoring import datamart

from .conftest import FEATURES


@pytest.fixture
def judged(measured):
    """Fairness by two features: a gap by size that is no chance, and one by colour that may be."""
    favoured = {(1, "blue"): 46, (1, "red"): 44, (0, "blue"): 31, (0, "red"): 29}  # of 50 each
    values, answers = [], []
    for group, count in favoured.items():
        values += [list(group)] * 50
        answers += [[0.8, 1]] * count + [[0.2, 0]] * (50 - count)
    measured.payload_logging.store(
        datamart.PayloadRecord(
            {"fields": FEATURES, "values": values},
            {"fields": ["score", "predicted_label"], "values": answers},
            "judged",
        )
    )
    features = [
        datamart.Feature("colour", ["blue"], ["red"], 0.95),
        datamart.Feature("size", [[1, 1]], [[0, 0]], 0.95),
    ]
    measured.fairness_monitoring.enable(
        features, favourable_classes=[1], unfavourable_classes=[0], perturbation=False
    )
    measured.fairness_monitoring.run()
    return measured


PATHS = {
    "home": "/",
    "subscription": "/subscriptions/{uid}",
    "alerts": "/alerts",
    "reviews": "/reviews",
    "history": "/subscriptions/{uid}/history?monitor=quality&metric=accuracy",
    "run": "/runs/{run}",
    "report": "/subscriptions/{uid}/fairness",
}


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_the_audit_finds_nothing_and_no_page_is_wider_than_the_screen(
    judged, running, chromium, width
):
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    run = judged.fairness_monitoring.get_run_details()["run_uid"]
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{running.url}/sign-in")
    page.fill("input[name=token]", running.token)
    page.click("button")
    found = {}
    for name, path in PATHS.items():
        page.goto(running.url + path.format(uid=judged.uid, run=run))
        audit = axe.run(page)["violations"]
        found[name] = [one["id"] for one in audit]
        found[name] += ["too wide"] * (page.evaluate("document.body.scrollWidth") > width)
    page.close()
    assert found == {name: [] for name in PATHS}


def test_a_table_that_may_be_cut_off_can_be_scrolled_by_keyboard(judged, reader):
    run = judged.fairness_monitoring.get_run_details()["run_uid"]
    for path in PATHS.values():
        page = reader.ask(path.format(uid=judged.uid, run=run)).text
        wide = re.findall(r'<div class="wide"([^>]*)>', page)
        assert all('tabindex="0"' in one and "aria-label=" in one for one in wide)


def test_a_chart_says_what_it_shows(judged, reader):
    page = reader.ask(PATHS["history"].format(uid=judged.uid)).text
    assert "<desc>2 values from 0.5 to 1, the last 0.5</desc>" in page


def test_the_home_page_shows_the_metric_that_has_an_alert(judged, reader, mart):
    """Both features' scores are outside the limit; one is so by more than chance."""
    scores = judged.fairness_monitoring.get_groups().dropna(subset="fairness_score")
    assert (scores["fairness_score"] < 0.95).all() and len(scores) == 2
    alerts = mart.alerts.list(state="open").query("monitor == 'fairness'")
    assert alerts["slice"].tolist() == ["size: [0, 0]"]
    assert 'fairness score</a><span class="small"> of size: [0, 0]' in reader.ask("/").text


def test_the_menu_says_where_one_is_and_the_title_what_one_sees(judged, reader):
    page = reader.ask("/alerts").text
    assert re.findall(r'aria-current="page">(\w+)<', page) == ["Alerts"]
    run = judged.fairness_monitoring.get_run_details()["run_uid"]
    assert "<title>fairness run of small · " in reader.ask(f"/runs/{run}").text


def test_a_list_of_values_reads_like_one(judged, reader):
    run = judged.fairness_monitoring.get_run_details()["run_uid"]
    page = reader.ask(f"/runs/{run}").text
    assert re.search(r"<dt>protected</dt>|<h2>Protected</h2>colour, size<", page)
    assert " , " not in re.sub(r"<[^>]+>", "", page)
