"""Attributions of a callable equal those of exactly known models, and add up to the score."""

import itertools
import math
import time

import numpy as np
import pandas as pd
import pytest
import xgboost

from model_monitoring.analysis.explain.attribution import (
    attribute,
    background,
    global_attributions,
    linear,
    tree,
)


@pytest.fixture(scope="module")
def booster(credit):
    """An XGBoost model over one number per feature, as SageMaker's image receives it."""
    words = {
        name: sorted(credit.train[name].unique())
        for name in credit.train.select_dtypes(exclude="number")
    }

    def encode(rows):
        columns = [
            rows[name].map(words[name].index) if name in words else rows[name]
            for name in credit.features
        ]
        return np.column_stack(columns).astype(float)

    train = xgboost.DMatrix(encode(credit.train), label=credit.train_labels == "good")
    model = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 4, "eta": 0.1, "nthread": 1}, train, 60
    )

    def score(rows):
        return model.predict(xgboost.DMatrix(encode(rows)))

    return model, encode, score


def log_odds(probability):
    return np.log(probability / (1 - probability))


def test_linear_model_from_its_scores_only(credit):
    """KernelSHAP is exact for a linear game, so both agree to rounding.

    One-hot columns add up to their feature.
    """
    encoder, model = credit.model[0], credit.model[1]
    base_rows, rows = background(credit.score, credit.train), credit.rows.head(5)
    by_length = sorted(credit.features, key=len, reverse=True)
    full = [name.split("__")[1] for name in encoder.get_feature_names_out()]
    names = [
        next(feature for feature in by_length if column.startswith(feature)) for column in full
    ]
    exact = linear(
        model.coef_[0],
        model.intercept_[0],
        encoder.transform(rows),
        encoder.transform(base_rows),
        names,
    )
    sampled = attribute(credit.score, rows, base_rows)
    assert set(exact.values) == set(credit.features)
    np.testing.assert_allclose(sampled.values, exact.values[credit.features], atol=1e-6)
    assert sampled.base == pytest.approx(exact.base)
    np.testing.assert_allclose(sampled.outputs, log_odds(credit.score(rows)), atol=1e-6)
    np.testing.assert_allclose(exact.outputs, log_odds(credit.score(rows)), atol=1e-9)


def test_trees_from_their_scores_only(credit, booster):
    model, encode, score = booster
    base_rows, rows = background(score, credit.train), credit.rows.head(20)
    exact = tree(model, encode(rows), encode(base_rows), credit.features)
    sampled = attribute(score, rows, base_rows)
    assert list(exact.values) == credit.features
    assert sampled.base == pytest.approx(exact.base, abs=1e-5)
    np.testing.assert_allclose(exact.outputs, log_odds(score(rows)), atol=1e-4)
    np.testing.assert_allclose(sampled.outputs, log_odds(score(rows)), atol=1e-4)
    error = np.abs(sampled.values.to_numpy() - exact.values.to_numpy())
    assert error.max() < 0.12  # of contributions up to 1.5
    assert (
        np.corrcoef(sampled.values.to_numpy().ravel(), exact.values.to_numpy().ravel())[0, 1]
        > 0.995
    )
    ranking = [global_attributions(one.values).index[:3].tolist() for one in (sampled, exact)]
    assert ranking[0] == ranking[1]


def test_shapley_values_by_their_definition():
    """Four features with interactions and two background rows: every coalition by hand."""
    rows = pd.DataFrame({"a": [1.0], "b": ["x"], "c": [3], "d": [True]})
    other = pd.DataFrame({"a": [0.0, 2.0], "b": ["y", "x"], "c": [1, 0], "d": [False, True]})

    def score(frame):
        return (
            frame["a"].to_numpy() * (frame["b"] == "x").to_numpy()
            + frame["c"].to_numpy() * frame["d"].to_numpy()
        )

    def value(coalition):
        mixed = other.copy()
        for name in coalition:
            mixed[name] = rows[name].iloc[0]
        return score(mixed).mean()

    expected = {}
    for name in rows:
        rest = [one for one in rows if one != name]
        expected[name] = sum(
            math.factorial(size)
            * math.factorial(3 - size)
            / 24
            * (value((*held, name)) - value(held))
            for size in range(4)
            for held in itertools.combinations(rest, size)
        )
    found = attribute(score, rows, other, link="identity")
    assert found.values.iloc[0].to_dict() == pytest.approx(expected)
    assert found.base == pytest.approx(value(()))


def test_one_explanation_scores_fewer_than_3000_rows_in_batches_and_under_2_seconds(credit):
    base_rows, row = background(credit.score, credit.train), credit.rows.head(1)
    attribute(credit.score, row, base_rows, samples=50)  # so that shap is imported
    sizes = []

    def score(rows):
        sizes.append(len(rows))
        return credit.score(rows)

    start = time.process_time()  # not affected by other work on the machine
    found = attribute(score, row, base_rows)
    assert time.process_time() - start < 2
    assert found.scored_rows == sum(sizes) < 3000
    assert len(sizes) <= 4


def test_many_explanations_share_batches_and_equal_single_ones(credit):
    base_rows, rows = background(credit.score, credit.train, 5), credit.rows.head(60)
    sizes = []

    def score(frame):
        sizes.append(len(frame))
        return credit.score(frame)

    together = attribute(score, rows, base_rows, samples=100)
    assert max(sizes) == 5000 and len(sizes) <= sum(sizes) / 5000 + 3
    alone = attribute(score, rows.iloc[[7]], base_rows, samples=100)
    np.testing.assert_allclose(together.values.iloc[[7]], alone.values, atol=1e-9)
    assert together.values.index.equals(rows.index)


def test_the_same_seed_gives_the_same_explanation_and_leaves_numpy_alone(credit, booster):
    _, _, score = booster
    base_rows, rows = background(score, credit.train, 3), credit.rows.head(2)
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    once = attribute(score, rows, base_rows, samples=60)
    assert np.random.random() == expected
    again = attribute(score, rows, base_rows, samples=60)
    other = attribute(score, rows, base_rows, samples=60, seed=1)
    pd.testing.assert_frame_equal(once.values, again.values)
    assert not once.values.equals(other.values)


def test_the_background_scores_like_the_average(credit):
    base_rows = background(credit.score, credit.train)
    assert len(base_rows) == 10
    average = log_odds(credit.score(credit.train)).mean()
    assert log_odds(credit.score(base_rows)).mean() == pytest.approx(average, abs=0.15)
    assert len(background(credit.score, credit.train.head(3))) == 3


def test_models_without_probabilities(credit):
    base_rows, rows = credit.train.head(3), credit.rows.head(2)

    def labels(frame):
        return (credit.score(frame) >= 0.5).astype(float)

    with pytest.raises(ValueError, match="link='identity'"):
        attribute(labels, rows, base_rows)
    with pytest.raises(ValueError, match="link='identity'"):
        attribute(lambda frame: frame["age"].to_numpy(), rows, base_rows)
    found = attribute(labels, rows, base_rows, link="identity")
    np.testing.assert_allclose(found.outputs, labels(rows))


def test_scores_of_0_and_1_stay_finite():
    rows, other = (
        pd.DataFrame({"a": [1.0], "b": [1.0]}),
        pd.DataFrame({"a": [0.0, 0.2], "b": [0.0, 0.3]}),
    )
    found = attribute(lambda frame: np.where(frame["a"] == 1, 1.0, 0.3), rows, other)
    assert np.isfinite(found.values.to_numpy()).all()


@pytest.mark.parametrize(
    ("rows", "other"),
    [
        (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]})),
        (pd.DataFrame({"a": []}), pd.DataFrame({"a": [1.0]})),
        (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": []})),
    ],
)
def test_bad_input_is_refused(rows, other):
    with pytest.raises(ValueError, match=r"same columns in the same order|is empty: it needs"):
        attribute(lambda frame: frame["a"], rows, other)


def test_too_few_samples_are_refused(credit):
    with pytest.raises(ValueError, match="samples is 39; 20 features need 40 or more"):
        attribute(credit.score, credit.rows.head(1), credit.train.head(2), samples=39)


def test_a_model_that_returns_too_few_scores_is_refused(credit):
    with pytest.raises(ValueError, match="one number per row"):
        attribute(lambda frame: [0.5], credit.rows.head(2), credit.train.head(2))
