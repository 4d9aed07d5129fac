"""What each mode flags, AWS's printed figures, and the table beside them."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import false_discovery_control, wasserstein_distance

from model_monitoring.analysis.data_quality import constraints, drift
from model_monitoring.analysis.data_quality.comparison import compare
from model_monitoring.analysis.data_quality.kll import Sketch
from model_monitoring.analysis.data_quality.statistics import profile


def table(reference, current, **options):
    return compare(reference, current, **options).set_index("feature")


def column(values):
    return profile({"x": np.asarray(values, float)})


def rules(**distribution):
    document = constraints.suggest(column([1.0]))
    document["monitoring_config"]["distribution_constraints"] |= distribution
    return document


def test_a_distance_published_by_aws():
    # 1,002 distinct values among 1,009 rows of a feature, compared with 67,124 distinct ones in the
    # baseline.
    assert drift.robust(1001 / 1002 - 832 / 67124, 1002, 67124) == 0.9293200129316993


def test_both_modes_agree_if_no_value_repeats():
    x = np.arange(4000) * 7919 % 10007 / 10
    sketches = Sketch(), Sketch()
    sketches[0].update(x)
    sketches[1].update(x[:1500] * 1.05 + 3)
    for mode in ("aws", "exact"):
        first, second = (drift.steps(s.levels, mode) for s in sketches)
        assert (first.rows, second.rows) == (4000, 1500)
        assert drift.linf(first, second) == pytest.approx(0.0518333333333334, abs=1e-15)


def test_a_feature_stuck_at_a_constant_is_drift_in_exact_but_not_in_aws():
    rng = np.random.default_rng(0)
    baseline, stuck = column(rng.normal(size=3000)), column([0.3] * 800)
    exact, aws = table(baseline, stuck).loc["x"], table(baseline, stuck, mode="aws").loc["x"]
    assert exact["drifted"] and exact["distance"] > 0.5
    assert not aws["drifted"] and aws["distance"] == 0


def test_awss_rank_map_keeps_the_weight_of_the_highest_level():
    found = drift.steps([[1.0, 2.0], [1.0, 3.0]], "aws")
    assert found.values.tolist() == [1, 2, 3] and found.ranks.tolist() == [2, 3, 5]
    assert drift.steps([[1.0, 2.0], [1.0, 3.0]]).ranks.tolist() == [3, 4, 6]


def test_the_correction_and_the_methods():
    a, b = column(np.arange(400) / 400), column(np.arange(100) / 100 + 0.3)
    robust, simple = (
        table(a, b).loc["x"],
        table(a, b, rules=rules(comparison_method="Simple")).loc["x"],
    )
    assert simple["distance"] == simple["linf"] == pytest.approx(0.3, abs=0.01)
    assert robust["distance"] == pytest.approx(simple["linf"] - 1.8 * np.sqrt(500 / 40_000))
    assert not table(a, b, rules=rules(comparison_threshold=0.2)).loc["x", "drifted"]
    assert not table(a, b, rules=rules(perform_comparison="Disabled")).loc["x", "drifted"]


def test_a_hundred_unchanged_features_raise_no_false_alarm():
    rng = np.random.default_rng(2)
    reference, window = (pd.DataFrame(rng.normal(size=(n, 300))).add_prefix("f") for n in (400, 60))
    simple = rules(comparison_method="Simple")
    found = compare(reference, window, rules=simple)
    assert (found["linf"] > 0.1).sum() > 100 and found["drifted"].sum() <= 3
    assert compare(reference, window, rules=simple, mode="aws")["drifted"].sum() > 100
    assert found["q_value"].to_numpy() == pytest.approx(false_discovery_control(found["p_value"]))


def test_frames_profiles_and_files_agree():
    rng = np.random.default_rng(3)
    a = pd.DataFrame({"x": rng.normal(size=30_000), "c": rng.choice(list("ab"), 30_000)})
    b = pd.DataFrame(
        {"x": rng.normal(0.4, 1, 20_000), "c": rng.choice(list("ab"), 20_000, p=[0.8, 0.2])}
    )
    exact = table(a, b)
    for found in (
        table(profile(a), profile(b)),
        table(profile(a).statistics(), profile(b)),
        table(a, profile(b)),
    ):
        assert found["linf"].to_numpy() == pytest.approx(exact["linf"].to_numpy(), abs=0.004)
        assert found["drifted"].tolist() == [True, True]
    assert exact.loc["x", "linf"] == drift.ks_distance(a["x"], b["x"])


def test_names_and_gaps_of_frames():
    a, b = (
        pd.DataFrame({0: [1, 2, None], 1: ["1", "", "2"]}),
        pd.DataFrame({0: [1.0, 3.0], 1: ["5", "6"]}),
    )
    a[0], b[0] = a[0].astype("Int64"), b[0].astype("Int64")
    assert table(a, b)["linf"].tolist() == [0.5, 1.0]
    assert compare(a[[]], b).empty
    assert table(pd.DataFrame({"x": ["a"]}), pd.DataFrame({"x": [1]}))["q_value"].isna().all()


def test_distances_beside_the_test():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=2000), rng.normal(0.5, 1.5, 1500)
    row = table(column(a), column(b)).loc["x"]
    cells = [-np.inf, *np.quantile(a, np.arange(1, 10) / 10, method="inverted_cdf"), np.inf]
    p, q = (np.histogram(v, np.nextafter(cells, np.inf))[0] for v in (a, b))
    smooth_p, smooth_q = (p + 0.5) / (p + 0.5).sum(), (q + 0.5) / (q + 0.5).sum()
    assert row["psi"] == pytest.approx(np.sum((smooth_p - smooth_q) * np.log(smooth_p / smooth_q)))
    assert row["jensen_shannon"] == pytest.approx(jensenshannon(p, q, base=2))
    assert row["wasserstein"] == pytest.approx(wasserstein_distance(a, b) / a.std())
    same = table(column(a), column(a)).loc["x"]
    assert (same["psi"], same["jensen_shannon"], same["wasserstein"], same["linf"]) == (0, 0, 0, 0)


def test_few_values_are_compared_value_by_value():
    row = table(column([0, 0, 1] * 200), column([2.0] * 100)).loc["x"]
    assert row["jensen_shannon"] == 1 and row["psi"] > 5
    constant = table(column([1.0] * 100), column([0.5] * 100)).loc["x"]
    assert (
        constant["drifted"]
        and constant["jensen_shannon"] == 1
        and constant["wasserstein"] == np.inf
    )


def test_a_note_says_what_cannot_be_compared():
    a = pd.DataFrame({"whole": [1, 2], "gone": [1.0, 2.0], "id": ["a", "b"], "only_here": [1, 2]})
    b = pd.DataFrame({"whole": [1.5, 2.0], "gone": [None, None], "id": ["c", None]})
    many = pd.DataFrame({"id": [f"u{i}" for i in range(200)]})
    found = table(a, b, mode="aws")
    assert "only_here" not in found.index
    assert found.loc["whole", "note"] == "not compared: Integral in the baseline, Fractional now"
    assert found.loc["gone", "note"] == "not compared: Fractional in the baseline, Unknown now"
    assert table(a, many, mode="aws").loc["id", "note"].startswith("not compared: too many")
    assert not found["drifted"][["whole", "gone"]].any()
    exact = table(a, b)
    assert exact.loc["gone", "note"] == "not compared: the window has no value in it"
    assert exact.loc["whole", "linf"] == 0.5 and table(a, many).loc["id", "linf"] == 1.0


def test_a_prediction_drifts_like_any_column():
    rng = np.random.default_rng(5)
    scores = (
        pd.DataFrame({"score": rng.beta(2, 5, 3000)}),
        pd.DataFrame({"score": rng.beta(4, 3, 500)}),
    )
    assert table(*scores).loc["score", "drifted"]


def test_a_baseline_without_sketches_is_refused():
    old = {
        "features": [
            {"name": "x", "inferred_type": "Fractional", "numerical_statistics": {"mean": 1.0}}
        ]
    }
    with pytest.raises(ValueError, match="'x' has no KLL sketch"):
        compare(old, column([1.0]))
