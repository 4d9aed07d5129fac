"""Accuracy without labels: close where it may be believed, and doubtful where it may not."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from model_monitoring.analysis.data_quality.consistency import find_inconsistent, learn
from model_monitoring.analysis.quality import label_shift
from model_monitoring.analysis.quality.accuracy_estimate import estimate, fit


def world(n, seed, shift=0.0, spread=2.0, overconfidence=1.0):
    """Return labels, predictions and scores of a model that ranks well; its inputs may shift."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(shift, spread, n)
    labels, scores = (rng.random(n) < expit(truth)).astype(int), expit(truth * overconfidence)
    return labels, (scores >= 0.5).astype(int), scores


@pytest.mark.parametrize("overconfidence", [1.0, 3.0, 0.4])
@pytest.mark.parametrize(("shift", "spread"), [(0, 2), (0, 0.7), (1.5, 1)])
def test_it_follows_a_shift_of_the_inputs(shift, spread, overconfidence):
    inside, distance = 0, []
    for seed in range(25):
        reference = fit(*world(1500, seed, overconfidence=overconfidence))
        labels, predictions, scores = world(800, 1000 + seed, shift, spread, overconfidence)
        found, truth = estimate(reference, predictions, scores), (labels == predictions).mean()
        inside += found.ci_low <= truth <= found.ci_high
        distance.append(abs(found.accuracy - truth))
        assert found.believable, found.reasons
    assert inside >= 20 and np.mean(distance) < 0.03


def test_uncalibrated_scores_would_have_been_wrong():
    labels, predictions, scores = world(20_000, 1, overconfidence=3.0)
    found = estimate(fit(*world(20_000, 0, overconfidence=3.0)), predictions, scores)
    assert found.accuracy == pytest.approx((labels == predictions).mean(), abs=0.01)
    assert np.maximum(scores, 1 - scores).mean() > found.accuracy + 0.08


def test_multiclass_by_the_predicted_classs_probability():
    rng = np.random.default_rng(2)
    confidence, labels = rng.uniform(0.4, 1, 3000), rng.choice(["a", "b", "c"], 3000)
    predictions = np.where(rng.random(3000) < confidence, labels, "d")
    reference = fit(labels[:2000], predictions[:2000], confidence[:2000])
    found = estimate(reference, predictions[2000:], confidence[2000:])
    assert found.ci_low <= (labels == predictions)[2000:].mean() <= found.ci_high
    assert reference["positive_label"] is None


def test_text_labels_and_a_stored_reference():
    labels, predictions, scores = world(1000, 3)
    named = np.array(["B", "M"])
    reference = json.loads(
        json.dumps(fit(named[labels], named[predictions], scores, positive_label="M"))
    )
    plain = fit(labels, predictions, scores)
    assert estimate(reference, named[predictions], scores) == estimate(plain, predictions, scores)


def test_a_reference_of_the_first_version_still_estimates():
    reference, (_, predictions, scores) = fit(*world(1000, 3)), world(300, 11)
    first = {key: reference[key] for key in reference if key not in ("version", "confusion")}
    # Its p-value was of another test, of Platt's curve
    first |= {"misfit_p_value": 0.0, "log_odds": [*first["log_odds"], first["log_odds"][-1]]}
    first["counts"] = [[*side, 0] for side in first["counts"]]  # and equal scores could be apart
    assert estimate(first, predictions, scores) == estimate(reference, predictions, scores)
    with pytest.raises(ValueError, match="fit it again"):
        label_shift.estimate(first, predictions)

    assert reference["version"] == 2
    reference["misfit_p_value"] = 0.0
    assert not estimate(reference, predictions, scores).believable


def test_a_score_that_is_a_probability_is_taken_as_it_is():
    _, predictions, scores = world(3000, 12)
    found = estimate(fit(*world(3000, 13)), predictions, scores)
    assert found.accuracy == pytest.approx(np.maximum(scores, 1 - scores).mean(), abs=0.005)


def test_few_different_scores():
    rng = np.random.default_rng(14)
    scores = rng.choice([0.1, 0.4, 0.9], 2000)
    labels = (rng.random(2000) < np.select([scores < 0.2, scores < 0.5], [0.2, 0.3], 0.7)).astype(
        int
    )
    reference = fit(labels, (scores > 0.5).astype(int), scores)
    assert len(reference["log_odds"]) == 3
    found = estimate(reference, [1, 0, 1, 0], [0.9, 0.1, 0.9, 0.4])
    assert found.accuracy == pytest.approx((0.7 + 0.8 + 0.7 + 0.7) / 4, abs=0.03)
    alike = estimate(fit(labels, labels * 0 + 1, np.full(2000, 0.6)), [1] * 500, [0.6] * 500)
    assert alike.accuracy == pytest.approx(labels.mean(), abs=0.001)


def test_concept_drift_is_not_seen():
    labels, predictions, scores = world(2000, 5)
    found = estimate(fit(*world(2000, 4)), predictions, scores)
    # The same inputs with the opposite labels: only labels could show it
    flipped = ((1 - labels) == predictions).mean()
    assert found.believable and found.ci_low > flipped


def test_reasons_not_to_believe_it():
    reference = fit(*world(2000, 6, spread=1))
    _, predictions, scores = world(500, 7, shift=8)
    assert (
        "lie beyond those of the reference" in estimate(reference, predictions, scores).reasons[0]
    )

    perfect = fit([0] * 100 + [1] * 100, [0] * 100 + [1] * 100, [0.1] * 100 + [0.9] * 100)
    assert "only 0 errors" in estimate(perfect, [0, 1], [0.1, 0.9]).reasons[0]

    rng = np.random.default_rng(8)
    scores = rng.uniform(0.01, 0.99, 4000)
    # Often true only in the middle
    labels = (rng.random(4000) < np.where(abs(scores - 0.5) < 0.3, 0.9, 0.1)).astype(int)
    misfit = estimate(fit(labels, (scores > 0.5).astype(int), scores), [1, 0], [0.9, 0.2])
    assert not misfit.believable and "do not fit" in misfit.reasons[0]

    train = pd.DataFrame({"x": rng.normal(size=1000)})
    inconsistent = find_inconsistent(train.head(200) + 3, learn(train))
    doubtful = estimate(fit(*world(2000, 6)), [1, 0], [0.9, 0.2], consistency=inconsistent)
    assert (
        not doubtful.believable and "break constraints learned in training" in doubtful.reasons[0]
    )


def test_the_same_seed_gives_the_same_result():
    reference, (_, predictions, scores) = fit(*world(500, 9)), world(300, 10)
    assert estimate(reference, predictions, scores) == estimate(reference, predictions, scores)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit([0, 1] * 20, [0, 1] * 20, [0.2, 0.8] * 20), "40 labelled rows are too few"),
        (lambda: fit([0, 1], [0, 1], [0.2]), "probabilities: 1 value for 2 labels"),
        (lambda: estimate(fit(*world(200, 0)), [], []), "empty"),
        (lambda: estimate(fit(*world(200, 0)), [1], [1.5]), r"0\.\.1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
