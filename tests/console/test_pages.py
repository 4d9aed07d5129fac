"""The pages show what the data mart contains."""

import re

import pytest

from model_monitoring import console

from .conftest import FEATURES, Client, record


def texts(answer):
    """The words of a page, in order."""
    text = re.sub(r"<(title|svg).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_an_empty_data_mart(reader, subscribe):
    assert "No model is subscribed yet" in reader.ask("/").text
    subscribe("fresh")
    home = texts(reader.ask("/"))
    assert "1 subscribed model, no unresolved alert" in home
    assert "fresh" in home and "No monitor is enabled yet" in home


def test_the_home_page_shows_last_value_limit_trend_and_alerts(reader, measured):
    page = reader.ask("/")
    words = texts(page)
    assert "1 subscribed model, 1 unresolved alert" in words
    roc = measured.quality_monitoring.get_metrics().query("id == 'area_under_roc'")["value"].iloc[0]
    assert f"quality area under roc {roc:,.4g} ≥ 0.8" in words
    assert re.search(r"quality area under roc [\d.]+ ≥ 0.8 outside \d{4}-", words)
    assert re.search(r"performance average processing time 29\.5 ≤ 100 fresh", words)
    # Performance has only one point
    [spark] = re.findall(r'<svg class="spark".*?</svg>', page.text, flags=re.DOTALL)
    assert 'aria-label="trend of the last 2 measurements"' in spark
    assert spark.count('class="limit"') == 1


@pytest.mark.parametrize(
    ("state", "shown"),
    [("failed", "outside failing"), ("skipped", "outside"), ("running", "outside")],
)
def test_the_health_of_a_monitor_is_shown(reader, measured, query, schema, state, shown):
    run = measured.quality_monitoring.get_run_details()["run_uid"]
    query(f"INSERT INTO {schema}.run SELECT gen_random_uuid(), subscription_id, monitor, %s, now()"
          f" FROM {schema}.run WHERE run_uid = %s::uuid", state, run)  # fmt: skip
    words = texts(reader.ask("/"))
    assert re.search(
        rf"quality area under roc [\d.]+ ≥ 0.8 {shown} \d{{4}}-", words
    )  # the last value stays


def test_a_disabled_monitor_and_one_that_never_ran(reader, measured, subscribe):
    measured.quality_monitoring.disable()
    other = subscribe("other")
    other.performance_monitoring.enable(apt_threshold=5)
    words = texts(reader.ask("/"))
    assert re.search(r"quality area under roc [\d.]+ ≥ 0.8 off", words)
    assert "performance – – – waiting" in words


def test_the_page_of_a_subscription(reader, measured):
    page = reader.ask(f"/subscriptions/{measured.uid}")
    words = texts(page)
    assert "40 requests with 40 rows." in words
    assert "Mean response time, ms" in words
    assert re.search(r"accuracy 0\.5 – [\d.]+ to [\d.]+", words)
    assert re.search(r"open small · area under roc was [\d.]+ , limit ≥ 0.8", words)
    assert words.count("finished") == 3
    for days in (1, 30, 365):
        assert reader.ask(f"/subscriptions/{measured.uid}?days={days}").status == 200
    assert reader.ask(f"/subscriptions/{measured.uid}?days=2").status == 400


def test_traffic_is_counted_in_its_time_interval(reader, program, subscription, schema):
    stamps = ["2020-01-01T00:00:00Z", None, None]
    records = [
        record(subscription, f"r{i}", [[1.0, "red"]] * 3, [[0.5, 1]] * 3, scoring_timestamp=t)
        for i, t in enumerate(stamps)
    ]
    assert program.post(f"/v1/data_marts/{schema}/scoring_payloads", records).status == 202
    assert "2 requests with 6 rows." in texts(
        reader.ask(f"/subscriptions/{subscription.uid}?days=365")
    )


def test_a_new_model_version_is_marked(reader, measured, query, schema):
    query(
        f"""INSERT INTO {schema}.deployment (subscription_id, deployment_id, asset_revision)
            VALUES (1, 'endpoint', 'v2');
        UPDATE {schema}.scoring_key SET deployment_key = 2, scored_at = now() - interval '1 hour'
            WHERE scoring_id > 'r-3';
        UPDATE {schema}.scoring_key SET scored_at = now() - interval '9 hours'
            WHERE scoring_id <= 'r-3';
        UPDATE {schema}.measurement SET deployment_key = 2
            WHERE ts = (SELECT max(ts) FROM {schema}.measurement WHERE monitor = 'quality')"""
    )
    page = reader.ask(f"/subscriptions/{measured.uid}?days=1")
    assert page.text.count('class="change"') == 3
    assert "another version of the model was in use" in page.text
    history = reader.ask(f"/subscriptions/{measured.uid}/history?monitor=quality&metric=accuracy")
    assert history.text.count('class="change"') == 1
    assert "v2" in texts(history)


def test_the_history_of_a_metric(reader, measured):
    path = f"/subscriptions/{measured.uid}/history?monitor=quality&metric=accuracy"
    words = texts(reader.ask(path))
    assert "2 measurements; the band is the 95% interval." in words
    for days in ("1", "7", "30", "365", "all"):
        assert reader.ask(f"{path}&days={days}").status == 200
    for wrong in ("monitor=quality&metric=nothing", "monitor=quality", "", "monitor=%00&metric=a"):
        assert reader.ask(f"/subscriptions/{measured.uid}/history?{wrong}").status == 404
    assert reader.ask(f"{path}&days=x").status == 400


def test_the_page_of_a_run(reader, measured):
    details = measured.quality_monitoring.get_run_details()
    words = texts(reader.ask(f"/runs/{details['run_uid']}"))
    assert "Quality run" in words and "finished" in words
    assert "records 40" in words
    assert re.search(r"window \d{4}-\d\d-\d\d \d\d:\d\d to \d{4}", words)
    assert "Confusion matrix actual \\ predicted 0 1 0 10 10 1 10 10" in words
    assert "gate area_under_roc" in words
    assert "Alerts that it opened or closed" in words


def test_the_inputs_and_the_file_of_a_run(reader, measured):
    run = measured.quality_monitoring.get_run_details()
    page = reader.ask(f"/runs/{run['run_uid']}")
    assert "Inputs window" in texts(page) and "threshold 0.8 max records – min records 10" in texts(
        page
    )
    link = re.search(r'href="([^"]+/run.json)"', page.text)[1]
    answer = reader.ask(link)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="quality-run-')
    found = answer.json
    assert (found["records"], found["details"]["confusion_matrix"]) == (40, [[10, 10], [10, 10]])
    assert found["details"]["parameters"] == {
        "threshold": 0.8,
        "min_records": 10,
        "max_records": None,
    }
    assert {m["metric"]: m["value"] for m in found["measurements"]} == run["metrics"]
    assert reader.ask("/runs/00000000-0000-0000-0000-000000000000/run.json").status == 404


def test_a_run_that_failed_or_was_skipped_says_why(reader, subscription, program, schema):
    program.post(f"/v1/data_marts/{schema}/scoring_payloads", [record(subscription, "a")])
    subscription.quality_monitoring.enable(min_records=10)
    run = subscription.quality_monitoring.run(background_mode=False)
    assert "0 labelled scored rows, 10 needed" in texts(reader.ask(f"/runs/{run['run_uid']}"))


def test_slices_and_files_of_any_monitor(reader, measured, query, schema):
    """For a monitor that the console doesn't know, slices make a table and details are shown."""
    query(f"""INSERT INTO {schema}.monitor VALUES (1, 'drift', true, '{{}}');
        INSERT INTO {schema}.run
            VALUES ('11111111-1111-1111-1111-111111111111', 1, 'drift', 'finished', now(), now(),
            now() - interval '1 day', now(), 500,
            '{{"files": {{"violations": "s3://bucket/violations.json"}},
            "violations": [{{"feature": "size", "distance": 0.42}},
                {{"feature": "colour", "distance": 0.01}}]}}');
        INSERT INTO {schema}.measurement
            (run_uid, subscription_id, monitor, metric, slice, ts, value, upper_limit, records)
            SELECT '11111111-1111-1111-1111-111111111111', 1, 'drift', metric, slice, now(), value,
                upper_limit, 500
            FROM (VALUES ('distance', 'size', 0.42, 0.1), ('distance', 'colour', 0.01, 0.1),
                ('p_value', 'size', 0.001, NULL), ('drifted', '', 1, NULL))
                measured (metric, slice, value, upper_limit)""")
    home = texts(reader.ask("/"))
    assert "drift distance of size 0.42 ≤ 0.1" in home
    for path in (f"/subscriptions/{measured.uid}", "/runs/11111111-1111-1111-1111-111111111111"):
        words = texts(reader.ask(path))
        assert "part distance p value colour 0.01 – size 0.42 0.001" in words, path
    run = texts(reader.ask("/runs/11111111-1111-1111-1111-111111111111"))
    assert "s3://bucket/violations.json" in run
    assert "feature distance size 0.42 colour 0.01" in run
    sliced = reader.ask(
        f"/subscriptions/{measured.uid}/history?monitor=drift&metric=distance&slice=size"
    )
    assert "Distance of size" in texts(sliced)


@pytest.mark.parametrize(
    "path", ["/subscriptions/{}", "/runs/{}", "/subscriptions/{}/history?monitor=a&metric=b"]
)
def test_unknown_paths_are_not_found(reader, path):
    for unknown in ("00000000-0000-0000-0000-000000000000", "x", "1; DROP TABLE run"):
        answer = reader.ask(path.format(unknown.replace(" ", "%20")))
        assert answer.status == 404
        assert "<h1>Not Found</h1>" in answer.text


def test_links_stay_under_the_path_of_a_proxy(reader, running):
    """Jupyter's proxy sends its path in a header; every link and form must stay under it."""
    page = reader.ask("/", X_Forwarded_Prefix="/user/me/proxy/8421")
    assert set(re.findall(r'(?:href|action)="(/[^/]*/)', page.text)) == {"/user/"}
    form = Client(running.url).ask("/sign-in", X_Forwarded_Prefix="/user/me/proxy/8421")
    assert 'action="/user/me/proxy/8421/sign-in"' in form.text


def test_pages_have_no_script_and_load_nothing_from_elsewhere(reader, measured):
    run = measured.quality_monitoring.get_run_details()["run_uid"]
    for path in ("/", "/alerts", f"/subscriptions/{measured.uid}", f"/runs/{run}", "/sign-in"):
        page = reader.ask(path)
        assert not re.search(
            r"<script|javascript:|\son\w+=|\sstyle=|http://|https://", page.text
        ), path
        for link in re.findall(r'(?:href|src)="([^"]+)"', page.text):
            assert reader.ask(link.replace("&amp;", "&")).status == 200, link


def test_features_are_not_on_any_page(reader, measured):
    """Status pages show measurements, never a person's record."""
    assert FEATURES[1] not in reader.ask(f"/subscriptions/{measured.uid}").text


def test_two_consoles_on_one_data_mart(running, database_url, schema, measured):
    second = console.start(database_url, schema)
    for each in (running, second):
        client = Client(each.url)
        assert "small" in client.sign_in(each.token).text
    second.stop()
