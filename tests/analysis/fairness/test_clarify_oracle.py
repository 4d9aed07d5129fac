"""All of Clarify's metrics equal those of AWS's library, in ordinary and degenerate windows."""

import warnings

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.analysis.fairness.metrics import METRICS

clarify = pytest.importorskip(
    "smclarify.bias.metrics", reason="smclarify is a development-only oracle"
)


def oracle(rows, facet, label, prediction, strata):
    """Return smclarify's results by name; the message of an exception if it refuses."""
    found = {}
    for metric in (*clarify.PRETRAINING_METRICS, *clarify.POSTTRAINING_METRICS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found[metric.__name__] = clarify.call_metric(
                    metric, df=rows, feature=facet.astype(int), sensitive_facet_index=facet, label=label,
                    positive_label_index=label, predicted_label=prediction,
                    positive_predicted_label_index=prediction, group_variable=strata,
                )  # fmt: skip
        except ValueError as error:
            found[metric.__name__] = str(error)
    return found


def window(seed, n, *, label_rate=0.6, agree=0.8, share=0.3):
    """Rows, facet, labels, predictions and strata drawn at random."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.normal(size=(n, 3)).round(2), columns=list("abc"))
    facet = pd.Series(rng.random(n) < share)
    label = pd.Series(rng.random(n) < label_rate - 0.2 * facet)
    prediction = pd.Series(
        np.where(rng.random(n) < agree, label, rng.random(n) < label_rate).astype(bool)
    )
    return rows, facet, label, prediction, pd.Series(rng.integers(0, 4, n))


def ours(rows, facet, label, prediction, strata):
    feature = Feature("facet", minority=["d"])
    result = evaluate(
        rows.assign(facet=np.where(facet, "d", "a")), [feature], favourable=[1], labels=label.astype(int),
        predictions=prediction.astype(int), group_variable=strata,
    )  # fmt: skip
    return result.metrics.set_index("metric")


def assert_equal(found, expected):
    assert set(found.index) == set(expected) == set(METRICS)
    for name, value in expected.items():
        if isinstance(value, str):
            assert np.isnan(found.loc[name, "value"]) and found.loc[name, "note"], name
        else:
            assert found.loc[name, "value"] == pytest.approx(value, rel=1e-12, abs=1e-12), name


@pytest.mark.parametrize("n", [12, 25, 60, 400])
@pytest.mark.parametrize("seed", range(10))
def test_random_windows(n, seed):
    case = window(seed, n)
    assert_equal(ours(*case), oracle(*case))


@pytest.mark.parametrize(
    "change",
    [
        dict(agree=1),
        dict(agree=0),
        dict(label_rate=2),
        dict(label_rate=1.19, agree=1),
        dict(share=0.05),
    ],
    ids=["always right", "guessing", "all favourable", "nearly all favourable", "tiny group"],
)
@pytest.mark.parametrize("seed", range(5))
def test_degenerate_windows(change, seed):
    case = window(seed, 30, **change)
    assert_equal(ours(*case), oracle(*case))


def test_infinite_treatment_equality():
    """The group has wrong rejections but no wrong acceptance: fn/fp is infinite."""
    facet = pd.Series([True] * 4 + [False] * 6)
    label = pd.Series([True, True, False, False, True, True, True, False, False, False])
    prediction = pd.Series([False, True, False, False, True, True, False, True, False, False])
    case = (pd.DataFrame({"a": range(10)}), facet, label, prediction, pd.Series([0] * 10))
    assert oracle(*case)["TE"] == np.inf
    assert_equal(ours(*case), oracle(*case))


@pytest.mark.parametrize("everyone", [True, False])
def test_absent_group(everyone):
    rows, _, *rest = window(0, 30)
    facet = pd.Series([everyone] * 30)
    found, expected = ours(rows, facet, *rest), oracle(rows, facet, *rest)
    # smclarify returns 0 for the disparity of an absent group; we return no value
    expected |= {name: "empty" for name in ("CDDL", "CDDPL")}
    assert_equal(found, expected)
    wanted = "Negated facet set is empty" if everyone else "Facet set is empty"
    assert set(found.loc[["AD", "CI", "DI", "KL", "CDDL", "FT"], "note"]) == {wanted}


def test_aif360_agrees_if_its_definition_is_the_same(credit):
    """Its differences are group minus reference, and its entropy is per person with alpha 2."""
    sklearn_metrics = pytest.importorskip(
        "aif360.sklearn.metrics", reason="aif360 is a development-only oracle"
    )
    result = evaluate(
        credit.rows, [Feature("sex", ["male"], ["female"])], favourable=["good"], labels=credit.labels,
        predictions=credit.predictions, flip=False,
    )  # fmt: skip
    ours = result.metrics.set_index("metric")["value"]
    index = pd.MultiIndex.from_arrays([(credit.rows["sex"] == "male").astype(int)], names=["sex"])
    label = pd.Series((credit.labels == "good").to_numpy().astype(int), index=index)
    prediction = pd.Series((np.array(credit.predictions) == "good").astype(int), index=index)
    asked = dict(prot_attr="sex", priv_group=1, pos_label=1)
    assert -ours["DPPL"] == pytest.approx(
        sklearn_metrics.statistical_parity_difference(label, prediction, **asked)
    )
    assert ours["DI"] == pytest.approx(
        sklearn_metrics.disparate_impact_ratio(label, prediction, **asked)
    )
    assert -ours["RD"] == pytest.approx(
        sklearn_metrics.equal_opportunity_difference(label, prediction, **asked)
    )
    assert ours["GE"] == pytest.approx(
        sklearn_metrics.generalized_entropy_error(label, prediction, alpha=2, pos_label=1)
    )


def test_credit_data(credit):
    rows = credit.rows.select_dtypes("number").drop(columns="age").reset_index(drop=True)
    facet = (credit.rows["age"] <= 25).reset_index(drop=True)
    label = (credit.labels == "good").reset_index(drop=True)
    prediction = pd.Series(credit.predictions) == "good"
    strata = credit.rows["housing"].reset_index(drop=True)
    assert_equal(
        ours(rows, facet, label, prediction, strata), oracle(rows, facet, label, prediction, strata)
    )
