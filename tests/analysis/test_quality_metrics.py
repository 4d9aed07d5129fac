"""Quality metrics equal scikit-learn's, undefined ones are None, and the intervals are correct."""

import time

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from model_monitoring.analysis.quality.evaluation import evaluate
from model_monitoring.analysis.quality.ranking import auc, average_precision
from model_monitoring.analysis.resampling import bin_scores


def scored(n=300, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 2, n)
    score = np.clip(rng.normal(0.35 + 0.3 * true, 0.25), 0, 1)
    return true, (score > 0.5).astype(int), score


@pytest.mark.parametrize("seed", range(5))
def test_binary_equals_scikit_learn(seed):
    true, predicted, score = scored(seed=seed)
    result = evaluate("binary", true, predicted, np.round(score, 2))  # rounded: ties
    expected = {
        "area_under_roc": sk.roc_auc_score(true, np.round(score, 2)),
        "area_under_pr": sk.average_precision_score(true, np.round(score, 2)),
        "accuracy": sk.accuracy_score(true, predicted),
        "true_positive_rate": sk.recall_score(true, predicted),
        "false_positive_rate": 1 - sk.recall_score(true, predicted, pos_label=0),
        "recall": sk.recall_score(true, predicted),
        "precision": sk.precision_score(true, predicted),
        "f1_measure": sk.f1_score(true, predicted),
        "matthews_correlation_coefficient": sk.matthews_corrcoef(true, predicted),
        "log_loss": sk.log_loss(true, np.round(score, 2)),
        "brier_score": sk.brier_score_loss(true, np.round(score, 2)),
    }
    assert {k: m.value for k, m in result.metrics.items()} == pytest.approx(expected)
    assert result.confusion_matrix == sk.confusion_matrix(true, predicted).tolist()
    assert result.gate == "area_under_roc" and result.labels == [0, 1] and result.records == 300


def test_multiclass_equals_scikit_learn():
    rng = np.random.default_rng(3)
    true = rng.choice(["a", "b", "c"], 500, p=[0.6, 0.3, 0.1])
    predicted = np.where(rng.random(500) < 0.7, true, rng.choice(["a", "b", "c"], 500))
    scores = rng.dirichlet([1, 1, 1], 500)
    result = evaluate("multiclass", true, predicted, scores)
    value = {k: m.value for k, m in result.metrics.items()}
    assert value["accuracy"] == pytest.approx(sk.accuracy_score(true, predicted))
    assert value["weighted_true_positive_rate"] == value["weighted_recall"]
    assert value["weighted_recall"] == pytest.approx(
        sk.recall_score(true, predicted, average="weighted")
    )
    assert value["weighted_precision"] == pytest.approx(
        sk.precision_score(true, predicted, average="weighted")
    )
    assert value["weighted_f_measure"] == pytest.approx(
        sk.f1_score(true, predicted, average="weighted")
    )
    assert value["log_loss"] == pytest.approx(sk.log_loss(true, scores))
    matrix = sk.confusion_matrix(true, predicted)
    false_rate = (matrix.sum(0) - matrix.diagonal()) / (500 - matrix.sum(1))
    assert value["weighted_false_positive_rate"] == pytest.approx(
        (false_rate * matrix.sum(1) / 500).sum()
    )
    frame = pd.DataFrame(scores[:, ::-1], columns=["c", "b", "a"])
    assert evaluate("multiclass", true, predicted, frame).metrics[
        "log_loss"
    ].value == pytest.approx(value["log_loss"])


def test_regression_equals_scikit_learn():
    rng = np.random.default_rng(4)
    true = rng.normal(1e6, 3, 400)
    predicted = true + rng.normal(0.5, 1, 400)
    result = evaluate("regression", true, predicted)
    assert {k: m.value for k, m in result.metrics.items()} == pytest.approx(
        {
            "r2": sk.r2_score(true, predicted),
            "proportion_explained_variance": sk.explained_variance_score(true, predicted),
            "mean_absolute_error": sk.mean_absolute_error(true, predicted),
            "mean_squared_error": sk.mean_squared_error(true, predicted),
            "root_of_mean_squared_error": sk.root_mean_squared_error(true, predicted),
        }
    )
    assert result.gate == "r2" and result.confusion_matrix is None


def test_an_undefined_metric_is_none_not_zero():
    nine_alike = evaluate("binary", [1] * 9, [1] * 9, [0.9] * 9).metrics
    assert (
        nine_alike["area_under_roc"].value is None
        and nine_alike["false_positive_rate"].value is None
    )
    assert nine_alike["accuracy"].value == 1 and nine_alike["accuracy"].ci_low == pytest.approx(
        0.025 ** (1 / 9)
    )
    never = evaluate("binary", [0, 1], [0, 0]).metrics
    assert (
        never["precision"].value is None
        and never["area_under_roc"].value is None
        and never["recall"].value == 0
    )
    assert (
        evaluate("multiclass", ["x", "x"], ["x", "x"]).metrics["weighted_false_positive_rate"].value
        is None
    )
    assert evaluate("regression", [2, 2], [2, 3]).metrics["r2"].value is None
    too_narrow = evaluate("multiclass", ["a", "b"], ["a", "c"], [[0.5, 0.5], [0.5, 0.5]])
    assert too_narrow.metrics["log_loss"].value is None


def test_each_interval_says_its_method_or_why_there_is_none():
    found = evaluate("binary", *scored()).metrics
    assert all(metric.method and metric.ci_low is not None for metric in found.values())
    few = evaluate("binary", [0, 1] * 4, [0, 1] * 4, [0.1, 0.8] * 4).metrics
    assert few["log_loss"].ci_low is None and "fewer than 10 rows" in few["log_loss"].method
    assert few["area_under_roc"].ci_low < 0.8 and few["area_under_roc"].ci_high == 1
    rare = evaluate("binary", [1] + [0] * 29, [1] + [0] * 29, [0.9] + [0.1] * 29).metrics
    assert "fewer than 3 rows of a class" in rare["brier_score"].method
    exact = evaluate("regression", np.arange(20.0), np.arange(20.0)).metrics
    assert exact["r2"].ci_low is None and "all alike" in exact["r2"].method


@pytest.mark.parametrize(
    ("labels", "predictions", "positive", "expected"),
    [
        (["M", "B", "M"], ["M", "M", "M"], "M", ["B", "M"]),
        (["M", "B"], ["M", "B"], "B", ["M", "B"]),
        (["M"], ["M"], "M", ["not M", "M"]),
        ([0, 0], [0, 0], 0, [1, 0]),
        ([True, False], [True, True], None, [False, True]),
        ([1.0, 0.0], [1, 0], None, [0.0, 1.0]),
    ],
)
def test_the_positive_label_is_last(labels, predictions, positive, expected):
    assert evaluate("binary", labels, predictions, positive_label=positive).labels == expected


def test_intervals_cover_the_truth_about_as_often_as_stated():
    def sample(n, seed):
        true, predicted, score = scored(n, seed)
        return (
            true,
            predicted,
            np.clip(score, 0.02, 0.98),
        )  # a single log(0) would dominate the log loss

    truth = evaluate("binary", *sample(200_000, seed=99)).metrics
    runs = [evaluate("binary", *sample(200, seed=seed), seed=seed).metrics for seed in range(60)]
    for name, true in truth.items():
        assert all(run[name].ci_low <= run[name].value <= run[name].ci_high for run in runs)
        # 57 of 60 expected; fewer than 51 by chance about once in 100
        assert sum(run[name].ci_low <= true.value <= run[name].ci_high for run in runs) >= 51, name


def test_of_many_rows_intervals_are_those_of_the_plain_bootstrap():
    true, predicted, score = scored(20_000)
    score = np.clip(score, 0.02, 0.98)
    found = evaluate("binary", true, predicted, score).metrics
    rng, draws = (
        np.random.default_rng(1),
        {"area_under_roc": [], "area_under_pr": [], "log_loss": []},
    )
    for _ in range(150):
        rows = rng.integers(0, len(true), len(true))
        draws["area_under_roc"].append(sk.roc_auc_score(true[rows], score[rows]))
        draws["area_under_pr"].append(sk.average_precision_score(true[rows], score[rows]))
        draws["log_loss"].append(sk.log_loss(true[rows], score[rows]))
    for name, values in draws.items():
        width = np.subtract(*np.percentile(values, [97.5, 2.5]))
        assert found[name].ci_high - found[name].ci_low == pytest.approx(width, rel=0.25), name


def test_counts_in_bins_give_the_exact_ranking_metrics():
    true, _, score = scored()
    bins = bin_scores(true, np.round(score, 1))  # ten bins: many ties
    assert auc(bins[None])[0] == pytest.approx(sk.roc_auc_score(true, np.round(score, 1)))
    assert average_precision(bins[None])[0] == pytest.approx(
        sk.average_precision_score(true, np.round(score, 1))
    )


def test_the_same_seed_gives_the_same_result():
    assert evaluate("binary", *scored(), seed=5) == evaluate("binary", *scored(), seed=5)


def test_a_million_rows_take_seconds():
    true, predicted, score = scored(1_000_000)
    start = time.process_time()
    evaluate("binary", true, predicted, score)
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("binary", [], []), "empty"),
        (("binary", [0, 1], [0]), "predictions: 1 value for 2 labels"),
        (("binary", [0, 1], [0, 1], [0.2]), "probabilities: 1 value for 2 labels"),
        (("binary", [0, None], [0, 1]), "labels: no value in 1 of 2 rows"),
        (("binary", [0, 1], [0, 1], [0.2, float("nan")]), "probabilities: no value in 1 of 2 rows"),
        (("binary", [0, 1], [0, 1], [0.2, 1.2]), "0..1"),
        (("binary", [0, 2], [0, 2]), "positive_label"),
        (("binary", ["0", "1"], ["0", "1"]), "positive_label"),
        (("multiclass", ["a", "b"], [0, 1]), "mix strings and numbers"),
        (("regression", ["a"], ["b"]), "numbers"),
        (("regression", [1.0], [float("inf")]), "infinity"),
        (("ranking", [1], [1]), "problem_type"),
    ],
)
def test_bad_input_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate(*arguments)


def test_three_classes_are_not_binary():
    with pytest.raises(ValueError, match="two classes"):
        evaluate("binary", ["a", "b", "c"], ["a", "b", "c"], positive_label="a")
    with pytest.raises(ValueError, match="use their type"):
        evaluate("binary", [0, 0], [0, 0], positive_label="1")
