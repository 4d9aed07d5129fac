"""What goes by a feature's values follows it when it is given another type."""

from types import SimpleNamespace

import pandas as pd
import pytest

from model_monitoring.analysis.fairness.groups import Feature

from .conftest import small_record

GROUPS = {
    # before, groups, after, groups, and the values of rows in the first and the second
    "number to category": ("number", [1, 2.0], "category", ["1", "2"], (1, 2)),
    "number to whole number": ("number", [1.0, "2"], "whole number", [1, 2], (1, 2)),
    "fractions": ("number", [1.5, 2], "text", ["1.5", "2"], (1.5, 2)),
    "category to number": ("category", ["1", "02"], "number", [1, 2], ("1", "02")),
    "boolean to category": ("boolean", [True, 0], "category", ["true", "false"], (True, False)),
    "boolean to number": ("boolean", [1, False], "number", [1, 0], (True, False)),
    "number to boolean": ("number", [1, 0], "boolean", [True, False], (1, 0)),
    "ranges": ("number", [[0, 1], [2, None]], "category", [[0, 1], [2, None]], (1, 2)),
}


@pytest.fixture
def typed(mart, asset):
    def make(kind, **more):
        about = {
            "name": "typed",
            "problem_type": "binary",
            "feature_columns": ["size", "colour"],
            "categorical_columns": ["colour"],
            "feature_types": {"size": kind},
            "label_values": {"benign": 0, "malignant": 1},
            "positive_label": 1,
        }
        return mart.subscriptions.add(asset(**(about | more)))

    return make


def stored(subscription, values):
    """Fifty rows of each of two values, the first of which is favoured less."""
    rows = [[value, "red"] for value in values for _ in range(50)]
    answers = [[0.9, int(row % 10 < 3 if row < 50 else row % 10 < 8)] for row in range(100)]
    subscription.payload_logging.store([small_record("a", rows, answers)])


def measured(subscription):
    subscription.fairness_monitoring.run()
    groups = subscription.fairness_monitoring.get_groups()
    return groups[["rows", "favourable_rate", "biased"]].values.tolist()


def slices(subscription):
    query = "SELECT DISTINCT slice FROM measurement WHERE monitor = 'fairness'"
    return {row["slice"] for row in subscription.database.rows(query)}


@pytest.mark.parametrize("case", GROUPS)
def test_fairness_groups(typed, case):
    before, groups, after, expected, values = GROUPS[case]
    subscription = typed(before)
    stored(subscription, values)
    feature = Feature("size", minority=groups[:1], majority=groups[1:])
    subscription.fairness_monitoring.enable([feature], [1], perturbation=False)
    first = measured(subscription)
    named = slices(subscription)
    subscription.retype({"size": after})
    [kept] = subscription.fairness_monitoring.get_details()["parameters"]["features"]
    assert [*kept["minority"], *kept["majority"]] == expected
    assert list(map(type, [*kept["minority"], *kept["majority"]])) == list(map(type, expected))
    assert measured(subscription) == first
    # Alerts and history go by the names of slices
    assert len(slices(subscription)) == len(named)


CROSSED = {
    "number to category": ("number", [1.0, 2.0], "category", ("1", "2"), (1, 2)),
    "category to boolean": ("category", ["1", "0"], "boolean", ("True", "False"), ("1", "0")),
    "boolean to category": ("boolean", [True, False], "category", ("true", "false"), (True, False)),
}


@pytest.mark.parametrize("majority", [True, False])
@pytest.mark.parametrize("case", CROSSED)
def test_crossed_groups_keep_one_name(typed, case, majority):
    before, groups, after, expected, values = CROSSED[case]
    subscription = typed(before)
    rows = [[values[row // 100], ["blue", "red"][row % 2]] for row in range(200)]
    answers = [[0.9, int(row % 10 < (2 if row < 100 and row % 2 else 9))] for row in range(200)]
    subscription.payload_logging.store([small_record("a", rows, answers)])
    features = [
        Feature("size", minority=groups[:1], majority=groups[1:] if majority else None),
        Feature("colour", minority=["red"], majority=["blue"]),
    ]
    subscription.fairness_monitoring.enable(
        features, [1], perturbation=False, intersections=[("size", "colour"), ("colour", "size")]
    )
    measured(subscription)
    before = {(one.slice, one.state) for one in alerts(subscription)}
    named = len(slices(subscription))
    subscription.retype({"size": after})
    assert len(alerts(subscription)) == len(before)
    measured(subscription)
    assert len(slices(subscription)) == named
    assert f"size & colour: {expected[0]} & red" in {one.slice for one in alerts(subscription)}
    assert f"colour & size: red & {expected[0]}" in {one.slice for one in alerts(subscription)}
    if majority:
        assert f"colour & size: blue & {expected[1]}" in slices(subscription)
    assert len(alerts(subscription)) == len(before)  # each goes on, none is opened anew


def alerts(subscription):
    query = "SELECT slice, state FROM alert WHERE monitor = 'fairness'"
    return [SimpleNamespace(**row) for row in subscription.database.rows(query)]


def test_groups_that_the_new_type_does_not_have(typed):
    subscription = typed("category")
    stored(subscription, ("1", "01"))
    for groups, message in ((["1", "x"], "'x' is none"), (["1", "01"], "1.* and 1.* overlap")):
        feature = Feature("size", minority=groups)
        subscription.fairness_monitoring.enable([feature], [1], perturbation=False)
        with pytest.raises(ValueError, match=rf"groups of 'size'.*number: .*({message}).*Enable"):
            subscription.retype({"size": "number"})
        assert subscription.asset["feature_types"]["size"] == "category"
        assert subscription.table().named("size").type == "text"


def test_another_features_groups_stay(typed):
    subscription = typed("number")
    stored(subscription, (1, 2))
    feature = Feature("colour", minority=["red"], majority=["blue"])
    enabled = subscription.fairness_monitoring.enable([feature], [1], perturbation=False)
    subscription.retype({"size": "category"})
    assert subscription.fairness_monitoring.get_details() == enabled


def test_a_category_may_become_a_number(typed):
    subscription = typed("category", categorical_columns=["size", "colour"])
    stored(subscription, ("1", "2"))
    asset = subscription.retype({"size": "number"})
    assert asset["categorical_columns"] == ["colour"]
    assert subscription.payload_logging.get_window(columns=["size"])["size"].dtype == float


KINDS = {
    "number to category": ("number", "category", [61.0, 2.5, 61.0, None]),
    "category to number": ("category", "number", ["61", "2.5", "61.0", None]),
    "boolean to category": ("boolean", "category", [True, False, True, None]),
    "number to boolean": ("number", "boolean", [1, 0, 1, None]),
}


@pytest.mark.parametrize("case", KINDS)
@pytest.mark.parametrize("dropped", [None, "colour"])
def test_feedback_with_features_counts_once(typed, case, dropped):
    before, after, values = KINDS[case]
    subscription = typed(before)
    subscription.payload_logging.store([small_record("a", [[values[0], "red"]])])
    if dropped:
        subscription.payload_logging.enable(never_store=[dropped])
    rows = [{"size": value, "colour": "red", "diagnosis": 1} for value in values]
    named = [{"feedback_id": "own", "size": values[0], "colour": "red", "diagnosis": 1}]
    for given in (rows, named):
        assert subscription.feedback_logging.store(given).stored == len(given)
    for kind in (after, after) if before == "category" else (after, before, after):
        subscription.retype({"size": kind})
        for given in (rows, named):
            assert subscription.feedback_logging.store(given).skipped == len(given)
    assert subscription.feedback_logging.get_records_count() == len(rows) + 1
    assert subscription.feedback_logging.store([rows[1] | {"diagnosis": 0}]).stored == 1


def test_monitors_that_go_by_training_data_name_the_retype(typed):
    """They don't blame the model's version, and enabling them again is enough."""
    subscription = typed("number")
    values = [1.0, 2.0]
    stored(subscription, values)
    training = pd.DataFrame({"size": values * 50, "colour": ["red", "blue"] * 50})
    drift, explanations = subscription.drift_monitoring, subscription.explainability
    drift.enable(training)
    for table in ("monitor", "baseline"):  # as enable() would, but without an endpoint to ask
        subscription.database.execute(
            f"INSERT INTO {table} SELECT copied.* FROM {table} t,"
            f' jsonb_populate_record(t, \'{{"monitor": "explainability"}}\') copied'
        )
    subscription.retype({"size": "whole number"})
    subscription.retype({"colour": "text", "size": "category"})
    for monitor in (drift, explanations):
        reason = monitor.run()["reason"]
        assert "retype() gave 'size', 'colour' another type" in reason
        assert "call enable() with the training data again" in reason and "version" not in reason
    assert "retype()" in drift.get_details()["expect"]
    with pytest.raises(ValueError, match=r"retype\(\)"):
        drift.show_drift()
    health = subscription.health().set_index("monitor")
    assert "retype()" in " ".join(map(str, health.loc["drift"]))
    subscription.payload_logging.enable(never_store=["colour"])  # which looks into baselines
    drift.enable(training)
    assert drift.run()["state"] == "finished"
