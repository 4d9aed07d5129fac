"""Each problem type has its gate; labels and predictions are compared in one type."""

import numpy as np
import pytest

from model_monitoring import datamart


def subscribe(asset, mart, **changes):
    return mart.subscriptions.add(asset(feature_columns=["x"], **changes))


def log(subscription, outputs, answers, labels):
    record = datamart.PayloadRecord(
        request={"fields": ["x"], "values": [[float(i)] for i in range(len(answers))]},
        response={"fields": outputs, "values": answers},
        scoring_id="a",
    )
    subscription.payload_logging.store([record])
    subscription.feedback_logging.store(
        [{"scoring_id": f"a-{i + 1}", "diagnosis": v} for i, v in enumerate(labels)]
    )
    subscription.quality_monitoring.enable(threshold=0.8, min_records=1)
    return subscription.quality_monitoring.run()


def test_regression(mart, asset):
    subscription = subscribe(asset, mart, problem_type="regression", probability_column=None)
    run = log(subscription, ["predicted_label"], [[1], [2.5], [3]], [1, 2, 4])
    assert run["gate"] == "r2"
    assert run["metrics"]["mean_absolute_error"] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no confusion matrix"):
        subscription.quality_monitoring.show_confusion_matrix()


def test_multiclass_with_probability_vectors(mart, asset):
    subscription = subscribe(asset, mart, label_values=["a", "b", "c"])
    answers = [
        ["a", [0.7, 0.2, 0.1]],
        ["b", [0.1, 0.8, 0.1]],
        ["c", [0.2, 0.2, 0.6]],
        ["a", [0.5, 0.4, 0.1]],
    ]
    run = log(subscription, ["predicted_label", "score"], answers, ["a", "b", "c", "b"])
    assert run["gate"] == "accuracy"
    assert run["metrics"]["accuracy"] == 0.75
    assert run["metrics"]["log_loss"] == pytest.approx(-np.log([0.7, 0.8, 0.6, 0.4]).mean())
    assert subscription.quality_monitoring.show_confusion_matrix().loc["b", "a"] == 1
    shown = subscription.payload_logging.show_table()
    assert shown["score"].tolist() == [answer[1] for answer in answers]


def test_binary_without_probabilities_falls_back_to_accuracy(mart, asset):
    subscription = subscribe(
        asset, mart, problem_type="binary", probability_column=None, positive_label="yes"
    )
    subscription.set_alerting(rule="limits")  # by chance, three rows show nothing
    run = log(subscription, ["predicted_label"], [["yes"], ["no"], ["yes"]], ["yes", "no", "no"])
    assert run["gate"] == "accuracy"
    assert mart.alerts.list(state="open")["metric"].tolist() == ["accuracy"]


def test_whole_number_labels_of_a_model_that_predicts_floats(mart, asset):
    subscription = subscribe(asset, mart, problem_type="binary", positive_label=1)
    run = log(subscription, ["score", "predicted_label"], [[0.9, 1.0], [0.2, 0.0]], [1, 0])
    assert run["metrics"]["accuracy"] == 1.0
    assert run["labels"] == [0, 1]
