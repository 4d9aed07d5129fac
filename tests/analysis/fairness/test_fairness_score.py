"""OpenScale's fairness score, with and without twins, by hand; its sentences; undefined windows."""

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.analysis.fairness.perturbation import perturb

SEX = Feature("sex", ["m"], ["f"], 0.8)


def window(favoured_f, n_f, favoured_m, n_m):
    """Rows and predictions with these counts."""
    rows = pd.DataFrame({"sex": ["f"] * n_f + ["m"] * n_m, "income": range(n_f + n_m)})
    good = (
        [True] * favoured_f
        + [False] * (n_f - favoured_f)
        + [True] * favoured_m
        + [False] * (n_m - favoured_m)
    )
    return rows, np.where(good, "good", "bad")


def score(rows, predictions, feature=SEX, **kwargs):
    return evaluate(
        rows,
        [feature],
        favourable=["good"],
        unfavourable=["bad"],
        predictions=predictions,
        **kwargs,
    )


def group(result, name):
    return result.groups.set_index("group").loc[name]


def test_score_is_the_ratio_of_favourable_rates():
    """72% against 76%: the published OpenScale sample's 0.947."""
    found = group(score(*window(72, 100, 76, 100)), "f")
    assert found["fairness_score"] == pytest.approx(72 / 76)
    assert found["score_low"] < 72 / 76 < found["score_high"]
    assert not found["biased"] and found["finding"] == ""


def test_a_biased_group_is_one_plain_sentence():
    found = group(score(*window(300, 1000, 600, 1000)), "f")
    assert found["biased"]
    assert found["finding"].startswith(
        "sex f: 300 of 1000 (30.0%) have a favourable outcome, against 600 of 1000 (60.0%) for m: "
        "the fairness score "
        "is 0.500 (95% interval 0.4"
    )
    assert found["finding"].endswith(
        f", below 0.8 by more than chance (q = {found['q_value']:.2g}, 1 group compared)."
    )


def test_a_group_that_chance_could_put_there_is_not_biased():
    found = group(score(*window(20, 40, 26, 40)), "f")
    assert found["fairness_score"] < 0.8 <= found["score_high"] and found["q_value"] > 0.05
    assert not found["biased"] and found["finding"] == ""


def test_twins_show_what_the_other_group_would_get():
    """The model uses only sex: live rates are 0 and 1, and each twin gets the other outcome."""
    rows, _ = window(0, 3, 2, 2)

    def predict(frame):
        return ["good" if one == "m" else "bad" for one in frame["sex"]]

    twins = perturb(rows, [SEX], predict)
    assert len(twins) == 5
    assert twins["source"].unique().tolist() == ["perturbed"]
    assert twins["prediction"].tolist() == ["good"] * 3 + ["bad"] * 2
    assert twins["twin_of"].tolist() == [0, 1, 2, 3, 4]
    assert (twins["income"].to_numpy() == rows["income"].to_numpy()[twins["twin_of"]]).all()
    found = score(rows, predict(rows), perturbed=twins)
    assert group(found, "f")["fairness_score"] == 0
    assert found.rows == 5 and found.groups["rows"].sum() == 5  # twins aren't traffic


def test_twins_dilute_a_difference_that_is_not_about_the_attribute():
    """f 1 of 4, m 3 of 4, only by income; with twins both groups have 4 of 8."""
    rows, _ = window(1, 4, 3, 4)
    rows["income"] = [1, 0, 0, 0, 1, 1, 1, 0]

    def predict(frame):
        return np.where(frame["income"] == 1, "good", "bad")

    assert group(score(rows, predict(rows)), "f")["fairness_score"] == pytest.approx(1 / 3)
    found = group(score(rows, predict(rows), perturbed=perturb(rows, [SEX], predict)), "f")
    assert found["fairness_score"] == 1
    # a row is drawn with its twin, which has the same prediction: no replicate can differ
    assert (found["score_low"], found["score_high"]) == (1, 1)


def test_a_score_by_hand_with_two_minorities():
    """Rows: a good, a bad, b good, m good, m bad. The model favours m and rows with x = 1.

    Twins of a: (m, good), (m, good); of b: (m, good); of each m: one in a and one in b, by x.
    Majority: live 2 of 2 and twins 3 of 3, rate 1.
    a: live 1 of 2 and twins 1 of 2, 2 of 4. b: live 1 of 1 and twins 1 of 2, 2 of 3.
    """
    rows = pd.DataFrame({"race": ["a", "a", "b", "m", "m"], "x": [1, 0, 1, 1, 0]})

    def predict(frame):
        return np.where((frame["race"] == "m") | (frame["x"] == 1), "good", "bad")

    feature = Feature("race", ["m"], ["a", "b"])
    twins = perturb(rows, [feature], predict)
    assert twins.groupby("group").size().to_dict() == {"a": 2, "b": 2, "m": 3}
    found = score(rows, predict(rows), feature, perturbed=twins)
    assert group(found, "a")["fairness_score"] == pytest.approx(2 / 4)
    assert group(found, "b")["fairness_score"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("kind", [int, float, str])
def test_twins_of_ranges_lie_in_the_other_range(kind):
    rows = pd.DataFrame({"age": pd.Series([18, 25, 26, 75, 40]).astype(kind), "x": 1})
    feature = Feature("age", [[26, 75]], [[18, 25]])
    twins = perturb(rows, [feature], lambda frame: ["good"] * len(frame), draws=3, seed=1)
    assert twins.groupby("group").size().to_dict() == {"[18, 25]": 9, "[26, 75]": 6}
    assert twins["age"].dtype == rows["age"].dtype
    age = twins["age"].astype(float)
    assert ((age >= 18) & (age <= 25))[twins["group"] == "[18, 25]"].all()
    assert ((age >= 26) & (age <= 75))[twins["group"] == "[26, 75]"].all()
    again = perturb(rows, [feature], lambda frame: ["good"] * len(frame), draws=3, seed=1)
    assert twins.equals(again)


def test_everyone_else_gets_values_that_were_seen():
    rows = pd.DataFrame({"sex": ["f", "m", "x"]})
    twins = perturb(rows, [Feature("sex", minority=["f"])], lambda frame: ["good"] * len(frame))
    assert sorted(zip(twins["twin_of"], twins["sex"], strict=True)) == [
        (0, "m"),
        (0, "x"),
        (1, "f"),
        (2, "f"),
    ]


def test_the_model_is_called_in_batches_and_must_predict_every_row():
    rows = pd.DataFrame({"sex": ["f", "m"] * 4000, "x": 0})
    sizes = []

    def predict(frame):
        sizes.append(len(frame))
        return ["good"] * len(frame)

    assert len(perturb(rows, [SEX], predict)) == 8000 and sizes == [5000, 3000]
    with pytest.raises(ValueError, match="1 prediction for 5000 rows"):
        perturb(rows, [SEX], lambda frame: ["good"])


def test_no_rows_to_perturb():
    rows, predictions = window(0, 0, 3, 5)
    twins = perturb(rows, [SEX], lambda frame: ["good"] * len(frame))
    assert (twins["group"] == "f").all()
    empty = perturb(rows.assign(sex="x"), [SEX], lambda frame: ["good"] * len(frame))
    assert len(empty) == 0
    assert score(rows, predictions, perturbed=empty).rows == 5


def test_a_group_absent_from_the_window():
    found = score(*window(0, 0, 30, 60))
    assert np.isnan(group(found, "f")["fairness_score"]) and not group(found, "f")["biased"]
    assert group(found, "f")["warning"] == "no row of this group in the window"
    metrics = found.metrics.set_index("metric")
    assert (
        np.isnan(metrics.loc["DPPL", "value"])
        and metrics.loc["DPPL", "note"] == "Facet set is empty"
    )


@pytest.mark.parametrize("gone", ["f", "m"])
def test_twins_alone_give_no_score_to_an_empty_group(gone):
    """All twins of the others belong to the absent group, so they alone could give a ratio."""
    rows, predictions = window(*((0, 0, 30, 60) if gone == "f" else (30, 60, 0, 0)))
    twins = perturb(rows, [SEX], lambda part: ["good"] * len(part))
    assert len(twins) == 60
    found = group(score(rows, predictions, perturbed=twins), "f")
    assert np.isnan(found["fairness_score"]) and found["score_low"] is None and not found["biased"]
    assert (
        found["warning"]
        == f"no row of {'this group' if gone == 'f' else 'the majority'} in the window"
    )


@pytest.mark.parametrize(("favoured", "expected"), [(40, 1.0), (0, np.nan)])
def test_only_one_outcome(favoured, expected):
    found = score(*window(favoured, 40, favoured, 40))
    value = group(found, "f")["fairness_score"]
    assert value == expected or (np.isnan(expected) and np.isnan(value))
    assert not group(found, "f")["biased"]
    assert ("no row of the majority has" in group(found, "f")["warning"]) == (favoured == 0)
    disparity = found.metrics.set_index("metric").loc["DI"]
    assert (
        disparity["value"] == 1
        if favoured
        else disparity["note"] == "No favourable prediction in either group"
    )


def test_missing_values_are_a_group_of_their_own_and_not_compared():
    rows, predictions = window(72, 100, 76, 100)
    rows.loc[:9, "sex"] = None
    found = score(rows, predictions)
    assert group(found, "(missing)")["rows"] == 10
    assert "not compared" in group(found, "(missing)")["warning"]
    assert group(found, "f")["fairness_score"] == pytest.approx(62 / 90 / 0.76)


def test_predictions_that_are_neither_favourable_nor_unfavourable_are_counted_and_left_out():
    rows, predictions = window(72, 100, 76, 100)
    predictions = predictions.astype(object)
    predictions[-10:] = "referred"
    found = score(rows, predictions)
    assert (found.rows, found.ignored) == (190, 10)
    assert group(found, "m")["rows"] == 90


def test_small_groups_get_a_warning():
    rows, predictions = window(5, 8, 60, 100)
    assert (
        group(score(rows, predictions), "f")["warning"]
        == "only 8 rows in this group: too few to say"
    )


def test_intersections_with_a_warning_if_too_small(credit):
    found = evaluate(
        credit.rows, credit.protected, favourable=["good"], predictions=credit.predictions, flip=False,
        intersections=[("sex", "age")],
    )  # fmt: skip
    young_women = (credit.rows["sex"] == "female") & (credit.rows["age"] <= 25)
    row = group(found, "female & [18, 25]")
    assert row["rows"] == young_women.sum()
    assert row["favourable"] == (np.array(credit.predictions) == "good")[young_women].sum()
    assert row["threshold"] == 0.95
    assert {"CI", "DPPL"} < set(found.metrics.query("feature == 'sex & age'")["metric"])


def test_labels_alone_describe_the_data_before_training():
    rows, labels = window(30, 100, 60, 100)
    found = evaluate(rows, [SEX], favourable=["good"], labels=labels)
    metrics = found.metrics.set_index("metric")
    assert metrics.loc["DPL", "value"] == pytest.approx(0.3)
    assert group(found, "f")["fairness_score"] == pytest.approx(0.5)
    assert metrics.loc["DPPL", "note"] == "No row with a prediction in either group"


def test_labels_known_for_some_rows():
    rows, predictions = window(72, 100, 76, 100)
    labels = pd.Series(predictions).where(np.arange(200) % 2 == 0)
    metrics = score(rows, predictions, labels=labels).metrics.set_index("metric")
    assert metrics.loc["AD", "value"] == 0
    assert metrics.loc["DPPL", "value"] == pytest.approx(0.04)
    assert metrics.loc["CI", "value"] == 0
    nothing = score(rows, predictions, labels=[None] * 200).metrics.set_index("metric")
    assert nothing.loc["AD", "note"] == "No row with label and prediction in either group"


def test_regression_outcomes_are_ranges():
    rows, _ = window(0, 50, 0, 50)
    predictions = np.r_[np.linspace(0, 100, 50), np.linspace(50, 150, 50)]
    found = evaluate(
        rows, [SEX], favourable=[[75, 1000]], unfavourable=[[0, 74.99]], predictions=predictions
    )
    assert group(found, "f")["favourable"] == (predictions[:50] >= 75).sum()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(features=[Feature("race", ["a"], ["b"])]), "race was not logged: columns are sex, "
                                                         "income. Join it"),
        (dict(predictions=None), "give predictions, labels or both"),
        (dict(predictions=["good"]), "predictions: 1 value for 4 rows"),
        (dict(favourable=[]), "favourable is empty"),
        (dict(unfavourable=["good"]), "overlap"),
        (dict(intersections=[("sex", "race")]), "'race', which isn't one of the features sex"),
        (dict(group_variable=[1]), "group_variable: 1 value for 4 rows"),
        (dict(features=[]), "at least one feature"),
        (dict(features=[SEX, Feature("sex", ["f"], ["m"])]), "sex is listed twice"),
        (dict(favourable="good"), r"favourable is the string 'good'; write a list, \['good'\]"),
        (dict(rows=pd.DataFrame({"sex": []}), predictions=[]), "there are no rows"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(change, words):
    rows, predictions = window(1, 2, 1, 2)
    asked = (
        dict(
            rows=rows,
            features=[SEX],
            favourable=["good"],
            unfavourable=["bad"],
            predictions=predictions,
        )
        | change
    )
    with pytest.raises(ValueError, match=words):
        evaluate(asked.pop("rows"), asked.pop("features"), **asked)


def test_the_flip_test_notes_a_missing_value_or_a_sample(monkeypatch):
    def flip(rows, predictions, **kwargs):
        return score(rows, predictions, **kwargs).metrics.set_index("metric").loc["FT"]

    rows, predictions = window(10, 40, 30, 60)
    assert flip(rows, predictions, flip=False)["note"] == "Not asked for"
    gaps = rows.assign(income=rows["income"].where(rows["sex"] == "m"))
    assert flip(gaps, predictions)["note"] == "Every row of a group misses a feature"
    whole = flip(rows, predictions)
    assert whole["note"] == "" and whole["ci_low"] <= whole["value"] <= whole["ci_high"]
    monkeypatch.setattr("model_monitoring.analysis.fairness.flip.PAIRS", 900)
    assert flip(rows, predictions)["note"] == "on 30 rows of the group and 30 of its reference"


def test_text_columns_take_part_in_the_flip_test():
    """Neighbours by purpose only: all f ask for a car and are refused; such m are accepted."""
    rows = pd.DataFrame(
        {"sex": ["f"] * 20 + ["m"] * 40, "purpose": ["car"] * 20 + ["car", "school"] * 20}
    )
    predictions = np.where((rows["sex"] == "m") & (rows["purpose"] == "car"), "good", "bad")
    metrics = score(rows, predictions).metrics.set_index("metric")
    assert metrics.loc["FT", "value"] == -1


def test_too_many_strata_are_refused():
    rows, predictions = window(150, 300, 150, 300)
    with pytest.raises(
        ValueError, match=r"600 distinct values, but at most 200 are allowed; pd.qcut"
    ):
        score(rows, predictions, group_variable=rows["income"])


def test_only_a_sample_of_many_rows_has_twins_and_counts():
    generator = np.random.default_rng(5)
    rows = pd.DataFrame(
        {"age": generator.integers(18, 80, 3000).astype(float), "pay": generator.normal(size=3000)}
    )
    feature = Feature("age", [pd.Interval(25, np.inf)], [[None, 25]])
    asked = []

    def predict(part):
        asked.append(len(part))
        assert (part["age"] % 1 == 0).all()  # whole numbers stay whole, also in a column of floats
        return np.where(part["pay"] + (part["age"] > 25) > 0, "good", "bad")

    live = predict(rows)
    twins = perturb(rows, [feature], predict, sample=500, seed=1)
    assert twins["twin_of"].nunique() == 500 and sum(asked[1:]) == len(twins) == 1000
    found = evaluate(
        rows, [feature], favourable=["good"], predictions=live, perturbed=twins, flip=False
    )
    drawn = rows.iloc[np.unique(twins["twin_of"])]
    both = pd.concat([drawn.assign(given=predict(drawn)), twins.assign(given=twins["prediction"])])
    rate = (both["given"] == "good").groupby(both["age"] <= 25).mean()
    assert found.groups["fairness_score"].iloc[0] == pytest.approx(rate[True] / rate[False])
    assert found.groups["rows"].sum() == 3000
