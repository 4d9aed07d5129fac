"""Label shift: shares and accuracy where only the shares of the labels have changed."""

import json

import numpy as np
import pytest

from model_monitoring.analysis import accuracy_estimate, label_shift

CLASSES = np.array(["cat", "dog", "owl"])
RECALLS = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.05, 0.15, 0.8]])


def world(n, shares, seed, recalls=RECALLS):
    """Draw labels of these shares, and predictions by the recalls."""
    rng = np.random.default_rng(seed)
    true = rng.choice(len(shares), n, p=shares)
    said = (rng.random(n)[:, None] > recalls[true].cumsum(axis=1)).sum(axis=1)
    return CLASSES[true], CLASSES[said]


def reference(n=1000, shares=(0.5, 0.3, 0.2), seed=0, recalls=RECALLS):
    sides = [np.searchsorted(CLASSES, side) for side in world(n, shares, seed, recalls)]
    return {"confusion": label_shift.confusion(CLASSES.tolist(), *sides)}


def test_shares_of_the_labels_and_the_accuracy_are_found():
    known, shares = world(20_000, (0.5, 0.3, 0.2), 0), (0.1, 0.3, 0.6)
    known = json.loads(json.dumps(accuracy_estimate.fit(*known, np.full(20_000, 0.8))))
    labels, predictions = world(20_000, shares, 1)
    found = label_shift.estimate(known, predictions)
    assert [one.label for one in found.labels] == CLASSES.tolist()
    assert [one.share for one in found.labels] == pytest.approx(shares, abs=0.02)
    assert found.accuracy == pytest.approx((labels == predictions).mean(), abs=0.01)
    # The share of the predictions isn't that of the labels
    assert abs((predictions == "owl").mean() - 0.6) > 0.05


@pytest.mark.parametrize("shares", [(0.1, 0.3, 0.6), (0.0, 0.5, 0.5)])
def test_the_intervals_hold_the_windows_own_shares_and_accuracy(shares):
    inside = []
    for seed in range(100):
        found = label_shift.estimate(
            reference(455, seed=seed), (window := world(300, shares, 1000 + seed))[1]
        )
        labels, predictions = window
        truth = [(labels == one.label).mean() for one in found.labels]
        inside.append(
            [one.ci_low <= t <= one.ci_high for one, t in zip(found.labels, truth, strict=True)]
            + [found.ci_low <= (labels == predictions).mean() <= found.ci_high]
        )
        assert all(0 <= one.ci_low <= one.share <= one.ci_high <= 1 for one in found.labels)
        assert 0 <= found.ci_low <= found.accuracy <= found.ci_high <= 1
    # 95% of 100 windows, less three standard errors
    assert np.mean(inside, axis=0) == pytest.approx(1, abs=0.12)


def test_positive_and_negative_of_a_binary_model():
    rng = np.random.default_rng(0)
    labels = (rng.random(4000) < 0.2).astype(int)
    predictions = np.where(rng.random(4000) < 0.9, labels, 1 - labels)
    known = accuracy_estimate.fit(labels, predictions, np.where(predictions, 0.7, 0.1))
    truth = (rng.random(4000) < 0.6).astype(int)
    found = label_shift.estimate(known, np.where(rng.random(4000) < 0.9, truth, 1 - truth))
    assert found.labels[1].label == 1
    assert found.labels[1].ci_low < truth.mean() < found.labels[1].ci_high
    assert found.labels[1].share == pytest.approx(0.6, abs=0.03)


BLIND = np.array([[0.8, 0.1, 0.1], [0.45, 0.45, 0.1], [0.44, 0.44, 0.12]])


@pytest.mark.parametrize(
    ("known", "predictions", "reason"),
    [
        (lambda: reference(1000, (0.7, 0.295, 0.005)), ["cat"], "rows of the label 'owl'; 10 of"),
        (lambda: reference(recalls=BLIND), ["cat"], "hardly tell its classes apart"),
        (reference, ["cow"], "lacks the predicted label 'cow'"),
        (reference, [1], "mix strings and numbers"),
        (reference, [], "predictions is empty"),
        # Each class is called cat at least now and then, none more often than eight times in ten
        (reference, ["cat"] * 500, "more than the shares has changed"),
        (lambda: {"positive_label": 1}, [1], "of an earlier version: fit it again"),
        (lambda: {"confusion": None}, [1], "more than 50 classes"),
    ],
)
def test_it_refuses_with_its_reason(known, predictions, reason):
    with pytest.raises(ValueError, match=reason):
        label_shift.estimate(known(), predictions)


def test_a_reference_of_many_classes_has_no_confusion_matrix():
    names = np.arange(200) % 60
    assert accuracy_estimate.fit(names, names, np.full(200, 0.9))["confusion"] is None
