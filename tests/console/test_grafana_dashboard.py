"""The Grafana dashboard in doc/: every query runs on a real data mart and finds something."""

import json
import re
from pathlib import Path

import psycopg2
import psycopg2.extras
import pytest

DASHBOARD = json.loads((Path(__file__).parents[2] / "doc" / "grafana-dashboard.json").read_text())
CHOSEN = {"monitor": "'quality'", "metric": "'area_under_roc'"}


def expanded(statement, schema, uid):
    """Replace the macros and variables as Grafana's PostgreSQL data source does."""
    statement = statement.replace("data_mart.", f"{schema}.")
    for name, value in {**CHOSEN, "subscription": f"'{uid}'"}.items():
        statement = statement.replace(f"${{{name}:sqlstring}}", value)
    statement = re.sub(
        r"\$__timeFilter\(([\w.]+)\)", r"\1 BETWEEN now() - interval '1 day' AND now()", statement
    )
    statement = re.sub(
        r"\$__timeGroupAlias\(([\w.]+), \$__interval(?:, 0)?\)",
        r'floor(extract(epoch FROM \1) / 60) * 60 AS "time"',
        statement,
    )
    assert "$" not in statement
    return statement


@pytest.fixture
def rows(database_url, schema, measured):
    connection = psycopg2.connect(database_url)

    def run(statement):
        cursor = connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
        cursor.execute(expanded(statement, schema, measured.uid))
        return [dict(row) for row in cursor.fetchall()]

    yield run
    connection.close()


def queries():
    panels = [(f"{p['title']} {t['refId']}", t) for p in DASHBOARD["panels"] for t in p["targets"]]
    return panels + [(a["name"], a["target"]) for a in DASHBOARD["annotations"]["list"]]


@pytest.mark.parametrize(("title", "target"), queries(), ids=[title for title, _ in queries()])
def test_every_panel_finds_something(rows, title, target):
    found = rows(target["rawSql"])
    assert found
    if target["format"] == "time_series":
        assert {"time", "metric", "value"} <= set(found[0])
        assert any(row["value"] is not None for row in found)


def test_panels_say_what_the_data_mart_says(rows, measured):
    by_title = {panel["title"]: panel["targets"][0]["rawSql"] for panel in DASHBOARD["panels"]}
    assert rows(by_title["Unresolved alerts"]) == [{"alerts": 1}]
    assert sum(row["value"] for row in rows(by_title["Rows scored"])) == 40
    assert [row["metric"] for row in rows(by_title["Alerts"])] == ["area_under_roc"]
    assert len(rows(by_title["Runs"])) == 3
    last = {
        row["metric"]: row["value"]
        for row in rows(by_title["Last values"])
        if row["monitor"] == "quality"
    }
    assert last["accuracy"] == measured.quality_monitoring.get_run_details()["metrics"]["accuracy"]
    assert len(rows(by_title["$metric"])) == 2


def test_variables_list_the_existing_values(rows, measured):
    variables = {each["name"]: each.get("query") for each in DASHBOARD["templating"]["list"]}
    assert rows(variables["subscription"]) == [{"__text": "small", "__value": measured.uid}]
    assert [row["monitor"] for row in rows(variables["monitor"])] == ["performance", "quality"]
    assert {"id": "area_under_roc"} in rows(variables["metric"])


def test_panels_do_not_overlap():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
