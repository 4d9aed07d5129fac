"""Drift on simulated columns: false alarms at the stated rate, and power beside peers.

By default a small part is drawn, in about ten seconds; LONG=1 draws the whole. The limits leave
three standard errors, which each test states.
"""

import os

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from model_monitoring.analysis.data_quality import constraints, effects, power, ranks, violations
from model_monitoring.analysis.data_quality.comparison import compare
from model_monitoring.analysis.data_quality.statistics import profile
from tests.statistics import drift_tables
from tests.statistics.drift_tables import CELLS, CLEAN, draw, normal, seen

LONG = os.environ.get("LONG") == "1"
NUMBERS = {name: kind for name, kind in CLEAN.items() if "categories" not in name}


@pytest.mark.parametrize("rows", (50, 300, 1000, 10_000) if LONG else (50, 300))
@pytest.mark.parametrize("kind", CLEAN)
def test_false_alarms_of_one_column(kind, rows):
    """One standard error is 0.005 of 0.05 (0.02 to 0.03 in the small part), and 0.002 of 0.01."""
    times = 2000 if LONG else 60 if "categories" in kind else 120
    found = draw(CLEAN[kind], CLEAN[kind], rows, times, np.random.default_rng(rows), False)
    p_values = np.array([-one.ours for one in found])
    for level in (0.05, 0.01, *([drift_tables.ALPHA] if LONG else ())):
        error = np.sqrt(level / times)
        assert np.mean(p_values <= level) <= level + 3.3 * error
    if rows >= 300 and kind in ("normal", "lognormal, rounded"):
        assert np.mean(p_values <= 0.05) >= 0.03 - (0 if LONG else 0.03)


@pytest.mark.parametrize("part", [("SPREAD", 0.9), ("TAILS", 0.9)])
def test_every_part_of_the_test_needs_its_share(part, monkeypatch):
    """A weight that isn't paid for by the others raises the false alarms; so they add up to 1."""
    total = ranks.LOCATION + ranks.SPREAD + ranks.TAILS + ranks.SHAPE
    assert total == pytest.approx(1)
    monkeypatch.setattr(ranks, *part)
    found = draw(normal, normal, 300, 300, np.random.default_rng(0), False)
    assert np.mean([-one.ours <= 0.05 for one in found]) > 0.06  # one standard error is 0.016


EXPECTED = {  # at 300 and at 1,000 rows; 10,000 rows see everything
    "mean + 0.1 sd": (0.07, 0.36),
    "mean + 0.2 sd": (0.55, 0.99),
    "mean + 0.5 sd": (1, 1),
    "variance x 1.5": (0.86, 1),
    "5% of rows + 3 sd": (0.58, 0.99),
    "one of 10 categories + 5 points": (0.12, 0.74),
    "zeros 80 to 70%": (0.68, 0.99),
}


@pytest.mark.parametrize("cell", CELLS)
def test_power(cell):
    """One standard error is at most 0.05, 0.016 with LONG=1."""
    times = 1000 if LONG else 60
    for rows, expected in zip((300, 1000), EXPECTED[cell], strict=True):
        if LONG or rows == 1000 or expected in (0.86, 0.58):
            share = seen(draw(*CELLS[cell], rows, times, np.random.default_rng(7), False))
            error = np.sqrt(max(expected * (1 - expected), 0.005) / times)
            assert share >= expected - 0.03 - 3 * error, (rows, share)


@pytest.mark.parametrize("cell", CELLS)
def test_ten_thousand_rows_see_it_all(cell):
    assert (
        seen(draw(*CELLS[cell], 10_000, 200 if LONG else 4, np.random.default_rng(8), False)) > 0.97
    )


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="takes minutes: LONG=1 runs it")
def test_no_peer_sees_much_more():
    """One standard error of a share is at most 0.016, 0.022 of 10,000 rows; thresholds add about as
    much.
    """
    rng, cells = np.random.default_rng(9), []
    for rows in drift_tables.WINDOWS:
        times = 500 if rows == 10_000 else 1000
        limits = drift_tables.thresholds(rows, 4 * times, rng)
        cells += [shares for _, *shares in drift_tables.power(rows, times, rng, limits)]
    for ours, *theirs in cells:
        assert ours >= 0.9 * max(theirs) - 0.03
    means = np.mean(cells, axis=0)
    assert means[0] == means.max()


@pytest.mark.parametrize(("window", "features"), [(50, 1), (50, 30), (1000, 30)])
def test_the_smallest_visible_shift_is_seen_half_the_time(window, features):
    """One standard error is 0.046, 0.011 with LONG=1."""
    times = 2000 if LONG else 120
    shift = power.visible_shift(5000, window, features)
    found = draw(
        normal,
        lambda rng, rows: normal(rng, rows, shift),
        window,
        times,
        np.random.default_rng(2),
        False,
    )
    share = np.mean([-one.ours <= 0.05 / features for one in found])
    assert share == pytest.approx(0.5, abs=0.03 + 3.3 * 0.5 / np.sqrt(times))


def test_what_is_visible_in_words():
    assert power.visible_shift(5000, 50, 30) == pytest.approx(0.455, abs=0.005)
    assert power.visible_shift(10**7, 10**7) == pytest.approx(0.0501, abs=0.001)  # 2% of the rows
    assert power.visible_share(5000, 300) == pytest.approx(0.058, abs=0.001)
    for wrong in ((0, 50), (50, 0), (50, 50, 0), (50, 50, 1, 0.0)):
        with pytest.raises(ValueError, match="must be"):
            power.visible_shift(*wrong)


def frame(rng, rows):
    """Draw clean rows of every kind: two per cent missing, rare categories, odd cells."""
    columns = {f"n{i}": normal(rng, rows) for i in range(4)}
    columns |= {name: kind(rng, rows) for name, kind in NUMBERS.items()}
    columns["missing"] = np.where(rng.random(rows) < 0.02, np.nan, rng.normal(size=rows))
    weights = 1 / np.arange(1, 101) ** 2
    rare = rng.choice(100, rows, p=weights / weights.sum())
    columns["rare"] = np.array([f"r{i}" for i in rare], object)
    columns["ids"] = np.array([f"shop {i:03}" for i in rng.integers(0, 1000, rows)], object)
    return pd.DataFrame(columns)


@pytest.mark.parametrize("rows", (50, 300, 1000) if LONG else (50, 300))
def test_clean_windows_alarm_at_the_stated_rate(rows):
    """All checks together: 5 of 100 windows. A standard error is 0.011, or 0.08 (small part)."""
    rng, times, alarms = np.random.default_rng(rows), 400 if LONG else 8, 0
    for _ in range(max(1, times // 30)):  # a baseline is a sample, too
        reference = profile(frame(rng, 2000))
        rules, known = constraints.suggest(reference), reference.statistics("exact")
        for _ in range(min(30, times)):
            found, drift = violations.check(profile(frame(rng, rows)), rules, known)
            alarms += bool(found) or bool(drift["drifted"].any())
    share = effects.ALPHA
    assert alarms / times <= share + 3 * np.sqrt(share / times)


def test_breaks_are_seen_beside_chance():
    rng = np.random.default_rng(5)
    reference = profile(frame(rng, 2000))
    rules, known = constraints.suggest(reference), reference.statistics("exact")
    window = frame(rng, 300)
    window.loc[:25, "missing"] = np.nan
    window.loc[:20, "rare"] = "new"
    found = violations.examine(profile(window.drop(columns="n3")), rules, known)
    kinds = [(one["feature_name"], one["constraint_check_type"]) for one in found.violations]
    assert ("missing", "completeness_check") in kinds and (
        "rare",
        "categorical_values_check",
    ) in kinds
    assert found.chances[kinds.index(("Missing columns", "missing_column_check"))] == 0
    assert all(0 <= chance <= 0.05 for chance in found.chances)


def test_a_thousand_categories_are_compared():
    rng = np.random.default_rng(6)
    then, clean = (pd.DataFrame({"x": draw_ids(rng, rows)}) for rows in (5000, 1000))
    now = clean.copy()
    now.loc[:80, "x"] = "shop 007"
    one, other = compare(then, clean).iloc[0], compare(then, now).iloc[0]
    assert one["p_value"] > 0.01 and not one["drifted"]
    assert other["drifted"] and other["note"].endswith("most frequent values")


def draw_ids(rng, rows):
    return np.array([f"shop {i:03}" for i in rng.integers(0, 1000, rows)], object)


def test_real_and_matters_are_told_apart():
    rng = np.random.default_rng(7)
    then, now = rng.normal(size=200_000), rng.normal(0.02, 1, 200_000)
    row = compare(pd.DataFrame({"x": then}), pd.DataFrame({"x": now})).iloc[0]
    assert row["real"] and not row["matters"] and not row["drifted"]
    assert (
        row["effect_low"] <= row["effect"] <= row["effect_high"] < row["effect_threshold"] == 0.02
    )
    few = compare(pd.DataFrame({"x": then[:500]}), pd.DataFrame({"x": then[500:550]})).iloc[0]
    assert few["matters"] and not few["real"] and not few["drifted"]
    assert few["visible"] == pytest.approx(power.visible_shift(500, 50))


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5])
def test_the_interval_covers_the_gap(shift):
    """One standard error is 0.015, 0.005 with LONG=1."""
    rng, times, held = np.random.default_rng(8), 2000 if LONG else 200, 0
    truth = 2 * norm.cdf(shift / 2) - 1
    for _ in range(times):
        one = drift_tables.compare(rng.normal(size=1000), rng.normal(shift, 1, 300), False, False)
        interval = effects.of_steps(one.gap, 1000, 300)
        held += interval.low <= truth <= interval.high
    assert held / times >= 0.95 - 3 * np.sqrt(0.05 / times)
