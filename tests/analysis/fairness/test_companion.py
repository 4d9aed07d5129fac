"""Companions are fair to the target, deterministic, plain JSON, and as good as fairlearn's."""

import ast
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from model_monitoring.analysis.fairness.companion import companion_rule
from model_monitoring.analysis.fairness.companion.companion_rule import bend, debias, threshold
from model_monitoring.analysis.fairness.companion.finding import blind, per_group
from model_monitoring.analysis.fairness.groups import Feature

SEX = Feature("sex", ["m"], ["f"], 0.95)


def as_records(score):
    """A model for lists of dicts, as in inference.py."""
    return lambda rows: list(score(pd.DataFrame(rows)))


@pytest.fixture(scope="module")
def biased():
    """A model that is much harder on f, and labels that are a little harder on f."""
    rng = np.random.default_rng(0)
    n = 4000
    rows = pd.DataFrame({"sex": rng.choice(["f", "m"], n, p=[0.4, 0.6]), "x": rng.normal(size=n)})
    labels = np.where(rng.random(n) < 1 / (1 + np.exp(-1.5 * rows["x"] - 0.3)), "good", "bad")

    def score(frame):
        return 1 / (
            1 + np.exp(-1.5 * frame["x"].to_numpy(float) + 0.8 * (frame["sex"] == "f").to_numpy())
        )

    return rows, labels, score


def ratio(rows, accepted):
    rates = [accepted[(rows["sex"] == sex).to_numpy()].mean() for sex in ("f", "m")]
    return min(rates) / max(rates)


@pytest.mark.parametrize("make", [per_group, blind])
def test_the_rule_reaches_its_target_and_matches_the_frontier(biased, make):
    rows, labels, score = biased
    assert ratio(rows, score(rows) >= 0.5) < 0.8
    found = make(rows, SEX, score, labels)
    rule = json.loads(json.dumps(found.rule))
    answers = debias(rule, rows.to_dict("records"), as_records(score))
    accepted = np.array([prediction == "good" for prediction, _ in answers])
    assert ratio(rows, accepted) >= 0.95
    (chosen,) = found.frontier.query("chosen").to_dict("records")
    assert chosen["fairness"] == pytest.approx(ratio(rows, accepted))
    assert chosen["accuracy"] == pytest.approx((accepted == (labels == "good")).mean())
    assert found.original["fairness"] == pytest.approx(ratio(rows, score(rows) >= 0.5))
    assert all(
        (probability >= 0.5) == (prediction == "good") for prediction, probability in answers
    )


def test_the_frontier_has_no_point_that_another_beats(biased):
    """Labels that the model is right about: here fairness costs accuracy, step by step."""
    rows, _, score = biased
    labels = np.where(np.random.default_rng(1).random(len(rows)) < score(rows), "good", "bad")
    frontier = per_group(rows, SEX, score, labels).frontier
    assert len(frontier) > 5
    assert (
        frontier["fairness"].is_monotonic_increasing
        and frontier["accuracy"].is_monotonic_decreasing
    )
    assert frontier["chosen"].sum() == 1


def test_the_search_finds_the_best_of_all_thresholds():
    """Compare with all affordable pairs, on a window small enough to try them."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"sex": ["f", "m"] * 20, "p": rng.random(40)})
    labels = np.where(rng.random(40) < rows["p"], "good", "bad")
    found = per_group(rows, SEX, lambda frame: frame["p"].to_numpy(), labels, target=0.9)
    truth, best = labels == "good", 0
    p, women = rows["p"].to_numpy(), (rows["sex"] == "f").to_numpy()
    for cut_f in (0, *p + 1e-9):
        for cut_m in (0, *p + 1e-9):
            accepted = p >= np.where(women, cut_f, cut_m)
            rates = accepted[women].mean(), accepted[~women].mean()
            affordable = abs(rates[1] - (p >= 0.5)[~women].mean()) <= 0.05 + 1e-9
            if affordable and min(rates) >= 0.9 * max(rates):
                best = max(best, (accepted == truth).mean())
    assert found.frontier.query("chosen")["accuracy"].item() == pytest.approx(best)


@pytest.mark.parametrize(("make", "groups"), [(per_group, ["m"]), (blind, ["m", "f"])])
def test_it_changes_who_is_favoured_but_not_how_many(biased, make, groups):
    """If nine of ten deserve it, favouring all of them would be both fairest and most accurate."""
    rows, _, score = biased
    labels = np.where(np.random.default_rng(2).random(len(rows)) < 0.9, "good", "bad")
    costs = make(rows, SEX, score, labels).costs.set_index("group").loc[groups].sum()
    assert abs(costs["favourable_after"] - costs["favourable_before"]) <= 0.05 * costs["rows"]
    assert costs["favourable_before"] < 0.7 * costs["rows"]


def test_as_good_as_fairlearn_but_the_same_every_time(biased):
    postprocessing = pytest.importorskip(
        "fairlearn.postprocessing", reason="fairlearn is a development-only oracle"
    )
    rows, labels, score = biased

    class Given(BaseEstimator, ClassifierMixin):
        """An estimator that only reads the score column."""

        def fit(self, *_):
            self.classes_ = np.array([0, 1])
            return self

        def predict(self, table):
            return np.asarray(table)[:, 0]

    table = score(rows)[:, None]
    optimizer = postprocessing.ThresholdOptimizer(
        estimator=Given(), constraints="demographic_parity", objective="accuracy_score",
        predict_method="predict",
    )  # fmt: skip
    truth = (labels == "good").astype(int)
    optimizer.fit(table, truth, sensitive_features=rows["sex"])
    theirs = optimizer.predict(table, sensitive_features=rows["sex"], random_state=0)
    order = np.random.default_rng(1).permutation(len(rows))
    theirs_again = optimizer.predict(
        table[order], sensitive_features=rows["sex"].iloc[order], random_state=0
    )
    found = per_group(rows, SEX, score, labels, target=0.99)
    records = rows.to_dict("records")
    ours = debias(found.rule, records, as_records(score))
    ours_again = debias(found.rule, [records[i] for i in order], as_records(score))
    accepted = np.array([prediction == "good" for prediction, _ in ours])
    assert ratio(rows, accepted) >= 0.99
    assert (accepted == truth).mean() >= (theirs == truth).mean() - 0.005
    assert [ours[i] for i in order] == ours_again
    assert not (theirs[order] == theirs_again).all(), (
        "fairlearn's answers were expected to change with row order"
    )


def test_blind_never_reads_the_attribute(biased):
    rows, labels, score = biased
    found = blind(rows, SEX, score, labels)
    records = rows.head(200).to_dict("records")
    answers = debias(found.rule, records, as_records(score))
    assert answers == debias(found.rule, [one | {"sex": "f"} for one in records], as_records(score))
    assert answers == debias(found.rule, [{"x": one["x"]} for one in records], as_records(score))
    shares = {one["value"]: one["share"] for one in found.rule["values"]}
    assert shares == pytest.approx(rows["sex"].value_counts(normalize=True).to_dict())


def test_costs_count_whose_predictions_change(biased):
    rows, labels, score = biased
    found = per_group(rows, SEX, score, labels)
    answers = debias(found.rule, rows.to_dict("records"), as_records(score))
    after = np.array([prediction == "good" for prediction, _ in answers])
    before, truth = score(rows) >= 0.5, labels == "good"
    for cost in found.costs.to_dict("records"):
        inside = (rows["sex"] == cost["group"]).to_numpy()
        assert cost["rows"] == inside.sum()
        assert cost["gained"] == (after & ~before & inside).sum()
        assert cost["lost"] == (before & ~after & inside).sum()
        assert cost["right_after"] == ((after == truth) & inside).sum()
        assert cost["wrongly_favoured_after"] == (after & ~truth & inside).sum()
        assert cost["wrongly_refused_before"] == (~before & truth & inside).sum()
    assert found.costs.set_index("group").loc["f", "gained"] > 0


def test_credit_data_by_age(credit):
    age = credit.protected[1]
    for make in (per_group, blind):
        found = make(credit.rows, age, credit.score, credit.labels)
        answers = debias(found.rule, credit.rows.to_dict("records"), as_records(credit.score))
        accepted = np.array([prediction == "good" for prediction, _ in answers])
        young = (credit.rows["age"] <= 25).to_numpy()
        rates = accepted[young].mean(), accepted[~young].mean()
        assert min(rates) / max(rates) >= 0.95
        assert (
            found.frontier.query("chosen")["accuracy"].item() >= found.original["accuracy"] - 0.03
        )


def test_everyone_else_and_other_groups_keep_a_threshold(biased):
    rows, labels, score = biased
    found = per_group(rows, Feature("sex", minority=["f"], threshold=0.95), score, labels)
    named = per_group(rows, SEX, score, labels)
    assert threshold(found.rule, "m") == threshold(named.rule, "m") == threshold(found.rule, None)
    assert threshold(named.rule, "x") == threshold(named.rule, None) == 0.5


def test_ranges_in_a_rule():
    groups = [
        {"low": None, "high": 25, "closed": "both", "threshold": 0.4},
        {"low": 40, "high": None, "closed": "right", "threshold": 0.7},
    ]
    rule = {"default": 0.5, "groups": groups}
    found = [
        threshold(rule, value) for value in (18, 25, "25", 26, 40, 40.5, "old", None, float("nan"))
    ]
    assert found == [0.4, 0.4, 0.4, 0.5, 0.5, 0.7, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("cut", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_the_debiased_probability_keeps_order_and_is_half_at_the_threshold(cut):
    scores = np.linspace(0, 1, 101)
    bent = [bend(score, cut) for score in scores]
    assert bent == sorted(bent) and bent[0] >= 0 and bent[-1] == 1
    assert [one >= 0.5 for one in bent] == [score >= cut for score in scores]


def test_the_rule_runs_in_an_old_python_without_our_packages(tmp_path):
    """AWS's inference images: the file is copied next to inference.py.

    It must be Python 3.7's grammar; here it runs in an isolated interpreter.
    """
    source = Path(companion_rule.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 7))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    (tmp_path / "companion_rule.py").write_text(source)
    rule = {
        "kind": "thresholds",
        "feature": "sex",
        "favourable": "good",
        "unfavourable": "bad",
        "default": 0.5,
    }
    rule["groups"] = [{"value": "f", "threshold": 0.4}]
    code = (
        f"import companion_rule as c; print(c.debias({rule!r}, [dict(sex='f'), dict(sex='m')], "
        "lambda r: [.45] * 2))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert [answer[0] for answer in ast.literal_eval(done.stdout)] == ["good", "bad"]


@pytest.mark.parametrize("make", [per_group, blind])
def test_bad_input_is_refused(biased, make):
    rows, labels, score = biased
    cases = [
        (dict(rows=rows.drop(columns="sex")), "sex was not logged"),
        (
            dict(rows=rows[rows["sex"] == "m"], labels=labels[rows["sex"] == "m"]),
            "no validation row is in f",
        ),
        (dict(score=lambda frame: np.full(len(frame), 1.5)), "one probability between 0 and 1"),
        (
            dict(score=lambda frame: (frame["x"] > 0).to_numpy()),
            "labels .only 0 and 1., not probabilities",
        ),
        (dict(labels=labels[:5]), "4000 rows but 5 labels"),
        (dict(labels=np.where(labels == "good", "good", "unknown")), "'unknown'"),
    ]
    for change, words in cases:
        asked = dict(rows=rows, feature=SEX, score=score, labels=labels) | change
        with pytest.raises(ValueError, match=words):
            make(**asked)


def test_equal_scores_in_any_order_give_the_same_rule(biased):
    rows, labels, score = biased
    order = list(range(len(rows)))
    random.Random(0).shuffle(order)
    once = per_group(rows, SEX, score, labels)
    again = per_group(rows.iloc[order].reset_index(drop=True), SEX, score, labels[order])
    assert once.rule == again.rule
