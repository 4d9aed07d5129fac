"""Fairness monitoring with a model that is really served over HTTP.

The tests check what a run measures and stores, and which alerts it opens.
"""

import json
import time

import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart
from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.metrics import METRICS
from model_monitoring.datamart.monitoring import fairness_results as results
from tests.datamart import credit
from tests.datamart.credit import AGE, CLASSES, FEATURES, LIVE, SEX


@pytest.fixture(scope="module")
def engine():
    with credit.engine() as engine:
        yield engine


@pytest.fixture
def sub(mart, engine):
    subscription = credit.subscribe(mart, engine.url)
    credit.log(subscription, LIVE)
    engine.requests.clear()
    return subscription


@pytest.fixture
def labelled(sub):
    credit.label(sub, [f"r{i}" for i in range(300)], LIVE["credit"][:300])
    return sub


def test_a_run_agrees_with_the_analysis_of_the_same_rows(labelled, mart):
    fairness = labelled.fairness_monitoring
    fairness.enable(
        [SEX, AGE],
        **CLASSES,
        intersections=[("sex", "age")],
        group_variable="housing",
        perturbation=False,
    )
    run = fairness.run()
    assert (run["state"], run["records"], run["labelled_rows"], run["perturbed_rows"]) == (
        "finished",
        400,
        300,
        0,
    )
    labels = LIVE["credit"].where(np.arange(400) < 300, None)
    rows = LIVE[FEATURES].reset_index(drop=True)
    expected = evaluate(
        rows, [SEX, AGE], favourable=["good"], unfavourable=["bad"],
        predictions=credit.answers(LIVE)["prediction"],
        labels=labels, group_variable=rows["housing"], intersections=[("sex", "age")],
    )  # fmt: skip
    found = fairness.get_groups()
    counts = [
        "feature",
        "group",
        "role",
        "rows",
        "favourable",
        "favourable_rate",
        "reference_rate",
        "fairness_score",
    ]
    pd.testing.assert_frame_equal(found[counts], expected.groups[counts], check_dtype=False)
    assert list(found) == list(expected.groups)
    metrics = fairness.get_bias_metrics()
    of = ["feature", "group", "stage", "metric", "value", "rows"]
    ours, theirs = (
        frame[frame["metric"] != "FT"][of].reset_index(drop=True)
        for frame in (metrics, expected.metrics)
    )
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-9)
    assert len(metrics) == 3 * len(METRICS)
    stored = fairness.get_metrics().set_index(["slice", "id"])
    assert stored.loc[("sex: female", "DPPL"), "value"] == pytest.approx(
        ours.set_index(["feature", "metric"]).loc[("sex", "DPPL"), "value"]
    )
    assert stored.loc[("age: [18, 25]", "fairness_score"), "lower_limit"] == 0.95
    assert stored.loc[("sex: female", "fairness_score"), "lower_limit"] == 0.9


def test_each_groups_own_threshold_opens_and_closes_its_alert(sub, mart):
    fairness = sub.fairness_monitoring
    fairness.enable([SEX, AGE], **CLASSES, perturbation=False)
    run = fairness.run()
    biased = fairness.get_groups().query("biased")
    assert biased["group"].tolist() == ["[18, 25]"] and len(run["findings"]) == 1
    young = credit.answers(LIVE[LIVE["age"] <= 25])["prediction"] == "good"
    said = f"age [18, 25]: {young.sum()} of {len(young)} "
    assert run["findings"][0].startswith(said) and fairness.get_findings() == run["findings"]
    alerts = mart.alerts.list(state="open")
    assert alerts[["monitor", "metric", "slice", "lower_limit"]].values.tolist() == [
        ["fairness", "fairness_score", "age: [18, 25]", 0.95]
    ]
    fairness.enable(
        [SEX, datamart.Feature("age", [[26, 75]], [[18, 25]], 0.2)], **CLASSES, perturbation=False
    )
    fairness.run()
    assert mart.alerts.list(state="open").empty


def test_the_chance_of_a_score_is_its_q_value(sub, query):
    fairness = sub.fairness_monitoring
    fairness.enable([SEX, AGE], **CLASSES, perturbation=False)
    fairness.run()
    groups = fairness.get_groups().set_index("group")
    stored = dict(query(f"SELECT slice, chance FROM {sub.database.schema}.measurement"
                        " WHERE metric = 'fairness_score'"))  # fmt: skip
    assert stored["age: [18, 25]"] == pytest.approx(groups.loc["[18, 25]", "q_value"])
    assert stored["sex: female"] == pytest.approx(groups.loc["female", "q_value"])


def test_the_view_calls_nobody_biased_by_chance(sub, query):
    fairness = sub.fairness_monitoring
    good = credit.answers(LIVE)["prediction"] == "good"
    rate = good.groupby(LIVE["sex"].to_numpy()).mean()
    a_little_above = rate["female"] / rate["male"] + 0.01
    feature = datamart.Feature("sex", ["male"], ["female"], a_little_above)
    fairness.enable([feature], **CLASSES, perturbation=False)
    fairness.run()
    women = fairness.get_groups().set_index("group").loc["female"]
    view = f'{sub.database.schema}."FairnessMetrics"'
    said = query(f"SELECT fairness_biased FROM {view} WHERE id = 'fairness_score'")
    assert women["fairness_score"] < women["threshold"] and not women["biased"]
    assert said == [(False,)]


def test_a_run_of_an_earlier_version_is_read():
    found = evaluate(
        LIVE[FEATURES], [SEX], favourable=["good"], predictions=credit.answers(LIVE)["prediction"],
        flip=False,
    )  # fmt: skip
    run = results.details(found) | {"records": 400}
    for group in run["groups"]:
        del group["p_value"], group["q_value"]
    for metric in run["bias_metrics"]:
        del metric["method"]
    old = results.from_details(run)
    assert old.groups["q_value"].isna().all() and set(old.metrics["method"]) == {""}
    assert old.groups["fairness_score"].equals(found.groups["fairness_score"])


def test_an_alert_on_a_group_that_is_no_longer_measured_is_closed(sub, mart):
    fairness = sub.fairness_monitoring
    fairness.enable([SEX, AGE], **CLASSES, perturbation=False)
    fairness.run()
    assert mart.alerts.list(state="open")["slice"].tolist() == ["age: [18, 25]"]
    fairness.enable([SEX], **CLASSES, perturbation=False, min_records=100_000)
    assert fairness.run()["state"] == "skipped"
    assert len(mart.alerts.list(state="open")) == 1  # nothing was measured, so nothing changes
    fairness.enable([SEX], **CLASSES, perturbation=False)
    fairness.run()
    assert mart.alerts.list()[["state", "slice"]].values.tolist() == [["closed", "age: [18, 25]"]]


def test_the_model_scores_twins_which_never_count_as_traffic(sub, engine, query):
    fairness = sub.fairness_monitoring
    fairness.enable([SEX], **CLASSES)
    before = sub.payload_logging.get_records_count()
    run = fairness.run()
    assert sum(engine.requests) == run["perturbed_rows"] == 400  # one twin for each row
    assert sub.payload_logging.get_records_count() == before == run["records"]
    assert query(f"SELECT count(*) FROM {sub.database.schema}.payload_{sub.subscription_id}") == [
        (before,)
    ]
    rows = LIVE.assign(sex=LIVE["sex"].map({"male": "female", "female": "male"}))
    both = pd.concat([LIVE, rows])
    rate = (credit.answers(both)["prediction"] == "good").groupby(both["sex"].to_numpy()).mean()
    score = fairness.get_groups().set_index("group").loc["female", "fairness_score"]
    assert score == pytest.approx(rate["female"] / rate["male"])


def test_a_large_window_gets_a_bounded_number_of_twins(mart, engine):
    sub = credit.subscribe(mart, engine.url, name="large")
    credit.log(sub, pd.concat([LIVE] * 6, ignore_index=True))
    engine.requests.clear()
    sub.fairness_monitoring.enable([SEX], **CLASSES)
    run = sub.fairness_monitoring.run()
    assert (run["records"], run["perturbed_rows"], sum(engine.requests)) == (2400, 1000, 1000)


def test_the_newest_rows_count_and_too_few_are_not_measured(sub):
    fairness = sub.fairness_monitoring
    fairness.enable([SEX], **CLASSES, min_records=500)
    run = fairness.run()
    assert run["state"] == "skipped" and "400 rows, 500 needed" in run["reason"]
    with pytest.raises(ValueError, match=r"measured nothing: 400 rows, 500 needed"):
        fairness.get_groups(str(run["run_uid"]))
    with pytest.raises(ValueError, match="There is no fairness run"):
        credit_free = sub.fairness_monitoring
        credit_free._database.execute("DELETE FROM run")
        credit_free.get_groups()
    fairness.enable([SEX], **CLASSES, max_records=100, perturbation=False)
    assert fairness.run()["records"] == 100
    assert fairness.get_groups()["rows"].sum() == 100
    newest = (LIVE["sex"][-100:] == "female").sum()
    assert fairness.get_groups().set_index("group").loc["female", "rows"] == newest


def test_labels_that_come_later_count_in_the_next_run(sub):
    fairness = sub.fairness_monitoring
    fairness.enable([SEX], **CLASSES, perturbation=False)
    fairness.run()
    without = fairness.get_bias_metrics().set_index("metric")
    assert np.isnan(without.loc["DPL", "value"]) and "label" in without.loc["DPL", "note"]
    credit.label(sub, [f"r{i}" for i in range(400)], LIVE["credit"])
    fairness.run()
    rate = (LIVE["credit"] == "good").groupby(LIVE["sex"]).mean()
    assert fairness.get_bias_metrics().set_index("metric").loc["DPL", "value"] == pytest.approx(
        rate["male"] - rate["female"]
    )


def test_analysis_json_and_its_drift(labelled):
    fairness = labelled.fairness_monitoring
    fairness.enable([AGE], **CLASSES, perturbation=False)
    fairness.run()
    document = json.loads(json.dumps(fairness.get_analysis(), allow_nan=False))
    facets = document["post_training_bias_metrics"]["facets"]
    assert list(facets) == ["age"] and facets["age"][0]["value_or_threshold"] == "[18, 25]"
    assert fairness.get_violations(document) == {"version": "1.0", "violations": []}
    metric = next(one for one in facets["age"][0]["metrics"] if one["name"] == "DPPL")
    value, metric["value"] = metric["value"], metric["value"] / 2
    # It counts from the next run on
    fairness.enable([AGE], favourable_classes=["bad"], unfavourable_classes=["good"])
    assert (
        fairness.get_analysis()["post_training_bias_metrics"]["label_value_or_threshold"] == "good"
    )
    found = fairness.get_violations(document)["violations"]
    assert found == [
        {
            "facet": "age",
            "facet_value": "[18, 25]",
            "metric_name": "DPPL",
            "constraint_check_type": "bias_drift_check",
            "description": f"Metric value {value} doesn't meet the baseline constraint requirement"
            f" {value / 2}",
        }
    ]


def test_metrics_are_in_the_view_of_openscale(sub, query):
    sub.fairness_monitoring.enable([SEX, AGE], **CLASSES, perturbation=False)
    sub.fairness_monitoring.run()
    view = f'{sub.database.schema}."FairnessMetrics"'
    columns = "feature, feature_value, fairness_biased, fairness_fav_class, fairness_value = value"
    found = query(f"SELECT {columns} FROM {view} WHERE id = %s ORDER BY 1", "fairness_score")
    favourable = CLASSES["favourable_classes"]
    assert found == [
        ("age", "[18, 25]", True, favourable, True),
        ("sex", "female", False, favourable, True),
    ]
    assert query(
        f"SELECT count(*) FROM {view} WHERE id <> 'fairness_score' AND fairness_value IS NOT NULL"
    ) == [(0,)]
    assert len(sub.fairness_monitoring.show_table(limit=5)) == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"features": [datamart.Feature("religion", ["a"], ["b"])]},
            "'religion' is not a feature of 'credit'",
        ),
        ({"features": [datamart.Feature("age", [[20, 75]], [[18, 25]])]}, "overlap"),
        ({"features": [datamart.Feature("age", [], [])]}, "minority is empty"),
        (
            {"features": [datamart.Feature("age", minority=[pd.Interval(18, 25)])]},
            r"write ranges as \[low, high\]",
        ),
        ({"favourable_classes": []}, "favourable is empty"),
        ({"favourable_classes": ["good"], "unfavourable_classes": ["good"]}, "overlap"),
        (
            {"intersections": [("sex", "age")]},
            "intersections contains 'age', which isn't one of sex",
        ),
        ({"group_variable": "religion"}, "'religion' is not a feature"),
        ({"features": []}, "at least one feature"),
        ({"features": [SEX, SEX]}, "sex is listed twice"),
        ({"favourable_classes": "good"}, "favourable is the string 'good'"),
        ({"min_records": "100"}, "min_records is '100'"),
        ({"max_records": 0}, "max_records is 0"),
    ],
)
def test_invalid_settings_are_refused_and_nothing_is_enabled(sub, changes, message):
    with pytest.raises(ValueError, match=message):
        sub.fairness_monitoring.enable(**({"features": [SEX]} | CLASSES | changes))
    assert not sub.fairness_monitoring.get_details()["enabled"]


def test_an_attribute_that_was_not_logged_is_refused_and_can_be_joined_outside(sub):
    """The refusal says how: by scoring id, in a separate frame."""
    religion = datamart.Feature("religion", ["a"], ["b"])
    with pytest.raises(
        ValueError, match=r"or join it to payload_logging.get_table_content\(\) yourself"
    ):
        sub.fairness_monitoring.enable([religion], **CLASSES)
    payload = sub.payload_logging.get_table_content()
    ids = payload["scoring_id"].sort_values()
    rows = payload.merge(
        pd.DataFrame({"scoring_id": ids, "religion": ["a", "b"] * (len(ids) // 2)}), on="scoring_id"
    )
    found = evaluate(
        rows, [religion], favourable=["good"], predictions=rows["prediction"], flip=False
    ).groups
    assert (
        found["rows"].tolist() == [len(rows) // 2] * 2
        and found["fairness_score"].notna().sum() == 1
    )


def test_an_attribute_that_is_never_stored_is_refused(sub):
    sub.payload_logging.enable(never_store=["sex"])
    with pytest.raises(ValueError, match="'sex' is in never_store"):
        sub.fairness_monitoring.enable([AGE, SEX], **CLASSES)


def test_windows_without_a_result_say_so(mart, engine):
    sub = credit.subscribe(mart, engine.url, name="odd")
    fairness = sub.fairness_monitoring
    men = LIVE[LIVE["sex"] == "male"]
    credit.log(sub, men)
    fairness.enable([SEX], **CLASSES, perturbation=False)
    assert fairness.run()["state"] == "finished"
    women = fairness.get_groups().set_index("group").loc["female"]
    assert women["rows"] == 0 and np.isnan(women["fairness_score"])
    assert women["warning"] == "no row of this group in the window"
    assert fairness.get_bias_metrics().set_index("metric").loc["DI", "note"] == "Facet set is empty"
    credit.log(sub, LIVE[LIVE["sex"] == "female"].assign(sex=None), "nobody")
    fairness.run()
    missing = fairness.get_groups().set_index("group").loc["(missing)"]
    assert (
        missing["rows"] == (LIVE["sex"] == "female").sum()
        and "they are not compared" in missing["warning"]
    )


def test_all_predictions_have_the_same_outcome(mart, engine):
    sub = credit.subscribe(mart, engine.url, name="refused")
    frame = LIVE[FEATURES].assign(prediction="bad", probability=0.1)
    sub.payload_logging.store(frame)
    sub.fairness_monitoring.enable([SEX], **CLASSES, perturbation=False)
    assert sub.fairness_monitoring.run()["state"] == "finished"
    women = sub.fairness_monitoring.get_groups().set_index("group").loc["female"]
    assert (
        np.isnan(women["fairness_score"])
        and "no row of the majority has" in women["warning"]
        and not women["biased"]
    )


def test_numbers_logged_as_strings(mart, engine):
    sub = credit.subscribe(mart, engine.url, name="text", categorical_columns=[*credit.TEXT, "age"])
    answered = credit.answers(LIVE)
    frame = LIVE[FEATURES].assign(age=LIVE["age"].astype(str)).reset_index(drop=True).join(answered)
    sub.payload_logging.store(frame)
    sub.fairness_monitoring.enable([AGE], **CLASSES, perturbation=False)
    sub.fairness_monitoring.run()
    groups = sub.fairness_monitoring.get_groups().set_index("group")
    assert groups.loc["[18, 25]", "rows"] == (LIVE["age"] <= 25).sum()


def test_a_regression_has_ranges_of_favourable_predictions(mart, engine):
    sub = credit.subscribe(
        mart, engine.url, name="limit", problem_type=datamart.ProblemType.REGRESSION,
        probability_column=None,
        positive_label=None, label_values=None,
    )  # fmt: skip
    granted = LIVE["credit_amount"] * np.where(LIVE["sex"] == "female", 0.8, 1.0)
    sub.payload_logging.store(LIVE[FEATURES].assign(prediction=granted))
    ranges = {"favourable_classes": [[2000, None]], "unfavourable_classes": [[0, 1999.99]]}
    sub.fairness_monitoring.enable([SEX], **ranges, perturbation=False)
    sub.fairness_monitoring.run()
    rates = (granted >= 2000).groupby(LIVE["sex"]).mean()
    women = sub.fairness_monitoring.get_groups().set_index("group").loc["female"]
    assert women["fairness_score"] == pytest.approx(rates["female"] / rates["male"])


def test_in_the_background(sub):
    sub.fairness_monitoring.enable([SEX], **CLASSES, perturbation=False)
    started = sub.fairness_monitoring.run(background_mode=True)
    deadline = time.monotonic() + 30
    while (found := sub.fairness_monitoring.get_run_details(str(started["run_uid"])))[
        "state"
    ] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found["state"] == "finished" and found["records"] == 400


def test_an_infinite_value_is_measured_as_none_but_is_in_the_details(mart, engine):
    sub = credit.subscribe(mart, engine.url, name="infinite")
    answered = np.where(LIVE["sex"] == "female", "good", "bad")
    sub.payload_logging.store(LIVE[FEATURES].assign(prediction=answered, probability=0.5))
    sub.fairness_monitoring.enable([SEX], **CLASSES, perturbation=False)
    run = sub.fairness_monitoring.run()
    assert run["metrics"]["DI [sex: female]"] is None
    assert (
        sub.fairness_monitoring.get_bias_metrics().set_index("metric").loc["DI", "value"] == np.inf
    )
    metrics = sub.fairness_monitoring.get_analysis()["post_training_bias_metrics"]["facets"]["sex"][
        0
    ]["metrics"]
    assert next(one["value"] for one in metrics if one["name"] == "DI") == "Infinity"


def test_a_model_that_cannot_be_called_fails_the_run_with_a_reason(sub, monkeypatch):
    nobody = {"url": "http://127.0.0.1:9/", "request": "fields", "answers": None}
    nobody["token_variable"] = None
    monkeypatch.setitem(sub.binding, "properties", nobody)
    sub.fairness_monitoring.enable([SEX], **CLASSES)
    with pytest.raises(ValueError, match="can't be reached"):
        sub.fairness_monitoring.run()
    assert "can't be reached" in sub.fairness_monitoring.get_run_details()["error"]


def test_the_report_contains_the_findings_and_nothing_executable(mart, engine, tmp_path):
    sub = credit.subscribe(mart, engine.url, name="<script>alert(1)</script>")
    credit.log(sub, LIVE)
    sub.fairness_monitoring.enable([SEX, AGE], **CLASSES, intersections=[("sex", "age")])
    sub.fairness_monitoring.run()
    path = sub.fairness_monitoring.report(tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert "<script" not in text and "&lt;script&gt;alert(1)" in text
    assert all(name in text for name in METRICS)
    for finding in sub.fairness_monitoring.get_findings():
        assert finding.replace("&", "&amp;") in text
    assert "src=" not in text and "http" not in text  # it needs no other file
