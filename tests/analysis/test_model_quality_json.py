"""Model quality in AWS's formats: its published figures, its keys, its violations."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from model_monitoring.analysis.files import documents
from model_monitoring.analysis.quality import model_quality
from model_monitoring.analysis.quality.jobs import Columns, run_model_quality
from model_monitoring.analysis.quality.limits import check, suggest

BEST = "_best_constant_classifier"
BINARY_KEYS = ["confusion_matrix", "recall", "precision", "accuracy"]
BINARY_KEYS += [f"recall{BEST}", f"precision{BEST}", f"accuracy{BEST}"]
BINARY_KEYS += [
    "true_positive_rate",
    "true_negative_rate",
    "false_positive_rate",
    "false_negative_rate",
]
BINARY_KEYS += [
    "receiver_operating_characteristic_curve",
    "precision_recall_curve",
    "auc",
    "f0_5",
    "f1",
    "f2",
]
BINARY_KEYS += [f"f0_5{BEST}", f"f1{BEST}", f"f2{BEST}"]


def measure(problem_type, *data):
    document = model_quality.statistics(problem_type, *data)
    return next(metrics for key, metrics in document.items() if key.endswith("_metrics"))


def values(metrics):
    return {name: entry["value"] for name, entry in metrics.items() if "value" in entry}


def churn():
    """Return labels, predictions and scores with the confusion matrix of AWS's churn example.

    The matrix is 173, 0, 12, 16.
    """
    labels, predictions = np.repeat([0, 1, 1], [173, 12, 16]), np.repeat([0, 0, 1], [173, 12, 16])
    scores = np.random.default_rng(0).uniform(0, 0.5, 201) + predictions / 2
    return labels, predictions, scores


def test_binary_as_in_awss_churn_example():
    labels, predictions, scores = churn()
    document = model_quality.statistics("BinaryClassification", labels, predictions, scores)
    assert document["version"] == 0.0 and document["dataset"] == {"item_count": 201}
    found = document["binary_classification_metrics"]
    assert list(found) == BINARY_KEYS
    assert found["confusion_matrix"] == {"0": {"0": 173, "1": 0}, "1": {"0": 12, "1": 16}}
    published = {
        "recall": 0.571429,
        "accuracy": 0.940299,
        "f0_5": 0.869565,
        "f1": 0.727273,
        "f2": 0.625,
    }
    published |= {
        "accuracy_best_constant_classifier": 0.860697,
        "recall_best_constant_classifier": 0,
    }
    published |= {
        "precision_best_constant_classifier": 0,
        "f1_best_constant_classifier": 0,
        "false_negative_rate": 3 / 7,
    }
    assert {name: values(found)[name] for name in published} == pytest.approx(published, abs=5e-7)
    assert values(found)["auc"] == pytest.approx(sk.roc_auc_score(labels, scores))
    curve = found["receiver_operating_characteristic_curve"]
    area = np.trapezoid if hasattr(np, "trapezoid") else np.trapz
    assert area(curve["true_positive_rates"], curve["false_positive_rates"]) == pytest.approx(
        values(found)["auc"]
    )
    assert (
        found["precision_recall_curve"]["recalls"][0] == 0
        and found["precision_recall_curve"]["recalls"][-1] == 1
    )


def test_multiclass_as_in_awss_documentation():
    labels, predictions = (
        np.repeat([0, 0, 1, 1], [1180, 510, 268, 138]),
        np.repeat([0, 1, 0, 1], [1180, 510, 268, 138]),
    )
    found = measure("MulticlassClassification", labels, predictions)
    published = {
        "accuracy": 0.6288167938931297,
        "weighted_recall": 0.6288167938931297,
        "weighted_precision": 0.6983172269629505,
        "weighted_f0_5": 0.6803947317178771,
        "weighted_f1": 0.6571162346664904,
        "weighted_f2": 0.6384024354394601,
    }
    assert {name: values(found)[name] for name in published} == pytest.approx(published, rel=1e-14)
    assert list(found) == [
        "confusion_matrix",
        *published,
        *(f"{n}_best_constant_classifier" for n in published),
    ]


def test_multiclass_of_text_labels_is_not_all_zero():
    rng = np.random.default_rng(1)
    labels = rng.choice(["cat", "dog", "eel"], 400)
    predictions = np.where(rng.random(400) < 0.7, labels, "cat")
    found = measure("MulticlassClassification", labels, predictions)
    assert found["confusion_matrix"]["eel"]["cat"] == int(
        ((labels == "eel") & (predictions == "cat")).sum()
    )
    assert values(found)["weighted_f2"] == pytest.approx(
        sk.fbeta_score(labels, predictions, beta=2, average="weighted")
    )
    assert all(value > 0.05 for value in values(found).values())


def test_regression():
    rng = np.random.default_rng(2)
    labels, predictions = rng.normal(50, 5, 500), rng.normal(50, 5, 500)
    found = model_quality.statistics("Regression", labels, predictions)["regression_metrics"]
    expected = {
        "mae": sk.mean_absolute_error(labels, predictions),
        "mse": sk.mean_squared_error(labels, predictions),
        "rmse": sk.root_mean_squared_error(labels, predictions),
        "r2": sk.r2_score(labels, predictions),
    }
    assert values(found) == pytest.approx(expected) and list(found) == list(expected)


def test_standard_deviations_are_standard_errors_from_200_rows_on():
    labels, predictions, scores = churn()
    found = measure("BinaryClassification", labels, predictions, scores)
    p = found["accuracy"]["value"]
    assert found["accuracy"]["standard_deviation"] == pytest.approx(
        np.sqrt(p * (1 - p) / 201), rel=0.1
    )
    few = model_quality.statistics(
        "BinaryClassification", labels[:199], predictions[:199], scores[:199]
    )
    assert {
        e["standard_deviation"]
        for e in few["binary_classification_metrics"].values()
        if "value" in e
    } == {"NaN"}


def test_undefined_values_give_no_constraint():
    document = model_quality.statistics("BinaryClassification", [1, 1], [1, 1], [0.9, 0.8])
    assert document["binary_classification_metrics"]["auc"]["value"] == "NaN"
    assert "auc" not in suggest(document)["binary_classification_constraints"]
    json.dumps(document, allow_nan=False)


def test_predictions_from_probabilities():
    document = model_quality.statistics(
        "BinaryClassification",
        ["n", "y"],
        probabilities=[0.3, 0.7],
        positive_label="y",
        threshold=0.8,
    )
    assert document["binary_classification_metrics"]["confusion_matrix"]["y"] == {"n": 1, "y": 0}


def test_constraints_and_violations():
    document = model_quality.statistics("BinaryClassification", *churn())
    rules = suggest(document)
    limits = rules["binary_classification_constraints"]
    worse_when_more = {
        name
        for name, limit in limits.items()
        if limit["comparison_operator"] == "GreaterThanThreshold"
    }
    assert worse_when_more == {"false_positive_rate", "false_negative_rate"}
    assert set(limits) == {
        name for name in BINARY_KEYS if "best" not in name and "curve" not in name
    } - {"confusion_matrix"}
    assert check(document, rules) == []
    for limit in limits.values():
        limit["threshold"] = 2.0 if limit["comparison_operator"] == "LessThanThreshold" else -1.0
    found = check(document, rules)
    # Ten as in AWS's runs, where f0_5 is never reported.
    assert [v["metric_name"] for v in found] == [
        *("recall", "precision", "accuracy", "truePositiveRate", "trueNegativeRate"),
        *("falsePositiveRate", "falseNegativeRate", "auc", "f1", "f2"),
    ]
    accuracy = document["binary_classification_metrics"]["accuracy"]
    text = (
        f"Metric accuracy with {accuracy['value']!r} +/- {accuracy['standard_deviation']!r} "
        "was LessThanThreshold '2.0'"
    )
    assert found[2] == {
        "constraint_check_type": "LessThanThreshold",
        "description": text,
        "metric_name": "accuracy",
    }


def test_regression_constraints():
    document = model_quality.statistics("Regression", [1.0, 2, 3], [1.0, 2, 4])
    limits = suggest(document)["regression_constraints"]
    assert {name: limit["comparison_operator"][0] for name, limit in limits.items()} == {
        "mae": "G", "mse": "G", "rmse": "G", "r2": "L",
    }  # fmt: skip
    worse = model_quality.statistics("Regression", [1.0, 2, 3], [1.0, 2, 5])
    found = check(worse, {"regression_constraints": limits})
    assert [v["metric_name"] for v in found] == ["mae", "mse", "rmse", "r2"]
    assert (
        found[1]["description"] == f"Metric mse with {4 / 3!r} was GreaterThanThreshold '{1 / 3!r}'"
    )


def test_from_files_to_files(tmp_path):
    labels, predictions, scores = churn()
    labelled = pd.DataFrame({"label": labels, "prediction": predictions, "probability": scores})
    labelled.to_csv(tmp_path / "v.csv", index=False)
    run_model_quality(
        tmp_path / "v.csv",
        tmp_path / "base",
        "BinaryClassification",
        Columns("label", "prediction", "probability"),
    )
    assert "binary_classification_constraints" in documents.read(
        tmp_path / "base/constraints.json", "version"
    )
    with (tmp_path / "merged.jsonl").open("w") as stream:
        # The scores are reversed: a bad model
        for label, score in zip(labels, scores[::-1], strict=True):
            output = {"data": f"{score}", "encoding": "CSV", "mode": "OUTPUT"}
            truth = {"data": str(label), "encoding": "CSV"}
            record = {"captureData": {"endpointOutput": output}, "groundTruthData": truth}
            stream.write(json.dumps(record) + "\n")
    result = run_model_quality(
        tmp_path / "merged.jsonl",
        tmp_path / "out",
        "BinaryClassification",
        Columns("_label", probability="_out0"),
        baseline=tmp_path / "base",
    )
    assert result.rows == 201 and "auc" in [v["metric_name"] for v in result.violations]
    assert (
        json.loads((tmp_path / "out/constraint_violations.json").read_text())["violations"]
        == result.violations
    )
    with pytest.raises(ValueError, match=r"no column \['score'\]"):
        run_model_quality(
            tmp_path / "v.csv", tmp_path / "x", "Regression", Columns("label", "score")
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: model_quality.statistics("Ranking", [1], [1]), "problem_type"),
        (
            lambda: model_quality.statistics("BinaryClassification", [0, 1]),
            "neither predictions nor probabilities",
        ),
        (lambda: model_quality.statistics("BinaryClassification", [], []), "empty"),
        (lambda: suggest({"features": []}), "aren.t model quality statistics"),
        (
            lambda: check(model_quality.statistics("Regression", [1, 2], [1, 2]), {"features": []}),
            "not for regression",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("cells", [("70%", "20%"), ("70", "20"), ('"0,7"', '"0,2"')])
def test_scores_that_are_no_probabilities_are_told(tmp_path, cells):
    (tmp_path / "w.csv").write_text("label,p\n" + f"1,{cells[0]}\n0,{cells[1]}\n" * 9)
    columns = Columns("label", probability="p")
    with pytest.raises(
        ValueError,
        match=r"No row can be measured \(18 rows read\): .* no row has a probability from 0 to 1",
    ):
        run_model_quality(tmp_path / "w.csv", tmp_path / "out", "BinaryClassification", columns)


@pytest.mark.parametrize("threshold", [7, -0.1, float("nan")])
def test_a_threshold_that_no_probability_reaches_is_refused(threshold):
    with pytest.raises(ValueError, match="a probability lies in"):
        model_quality.statistics(
            "BinaryClassification", [0, 1], None, [0.2, 0.7], threshold=threshold
        )
