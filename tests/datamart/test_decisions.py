"""Alerts are decisions: chance is weighed, and false alerts stay within their budget.

The simulations are of a metric that is measured once a day with a standard error of 1, so that its
interval reaches 1.96 to either side; its limit is 0 or more.
"""

import numpy as np
import pytest

from model_monitoring.datamart.monitoring import decisions
from model_monitoring.datamart.monitoring.decisions import Look

DAYS = 30


def look(value, day=0.0, *, lower=0.0, upper=None, reach=1.96, chance=None):
    interval = (value - reach, value + reach) if reach is not None else (None, None)
    if chance is None:
        chance = decisions.chance(value, interval, lower, upper)
    return Look(value, *interval, lower, upper, chance, (day, day + 0.9))


def opened(means, by, rng, sharing=False):
    """Return how many alerts open in a row of days, and the day of the first."""
    before, is_open, days = [], False, []
    for day, mean in enumerate(means):
        now = look(rng.normal(mean), 0.0 if sharing else float(day))
        decision = decisions.decide(now, before, by)
        if decision.opens and not is_open:
            days.append(day)
        is_open = (is_open or decision.opens) and not decision.closes
        before = [now, *before][: decisions.SPAN - 1]
    return days


def usual(monitors=5, metrics=1, **settings):
    set_to = {"rule": "chance", "false_alerts_a_month": 1.0} | settings
    return decisions.rule(set_to, monitors, metrics, DAYS)


@pytest.mark.parametrize(("monitors", "months"), [(1, 400), (5, 800)])
def test_false_alerts_stay_within_the_budget(monitors, months):
    """The metric just meets its limit, which is the worst that isn't a fault.

    Of n months with at most `allowed` false alerts each, the mean has a standard error of about
    sqrt(allowed / n): .05 and .016.
    """
    rng = np.random.default_rng(1)
    allowed = 1 / monitors
    found = sum(len(opened([0.0] * DAYS, usual(monitors), rng)) for _ in range(months)) / months
    assert 0.3 * allowed < found <= allowed + 2 * np.sqrt(allowed / months)


def test_a_budget_that_is_larger_opens_more():
    rng = np.random.default_rng(2)
    count = [
        sum(len(opened([0.0] * DAYS, usual(false_alerts_a_month=n), rng)) for _ in range(200))
        for n in (1, 4)
    ]
    assert 2 * count[0] < count[1] <= 200 * 4 / 5 * 1.25


def test_a_lasting_change_is_seen_sooner_with_two_windows_of_three():
    """Of two standard errors: half the time the first day would miss it, the third hardly."""
    rng = np.random.default_rng(3)
    first = [opened([-2.0] * DAYS, usual(), rng)[0] for _ in range(200)]
    assert np.mean(np.array(first) <= 2) > 0.6


def test_windows_that_share_rows_are_no_second_evidence():
    rng = np.random.default_rng(4)
    by = usual(1)
    apart, sharing = (
        sum(len(opened([0.0] * DAYS, by, rng, sharing=alike)) for _ in range(200)) / 200
        for alike in (False, True)
    )
    assert sharing < apart


def test_a_metric_close_to_its_limit_does_not_flap():
    """A point held against the line would open six to eight alerts a month."""
    rng = np.random.default_rng(5)
    found = [len(opened([-1.0] * DAYS, usual(), rng)) for _ in range(200)]
    assert np.mean(found) < 1.3


@pytest.mark.parametrize(
    ("value", "lower", "upper", "expected"),
    [
        (0.0, 0.0, None, 0.5),
        (-1.96, 0.0, None, 0.025),
        (1.96, 0.0, None, 0.975),
        (1.96, None, 0.0, 0.025),
        (-3.0, 0.0, None, 0.00135),
    ],
)
def test_the_chance_is_that_of_the_interval(value, lower, upper, expected):
    found = decisions.chance(value, (value - 1.96, value + 1.96), lower, upper)
    assert found == pytest.approx(expected, abs=1e-4)


def test_the_side_that_faces_the_limit_counts():
    """An area of .95 has a longer interval below than above."""
    assert decisions.chance(0.7, (0.5, 0.75), 0.8, None) == pytest.approx(
        decisions.chance(0.7, (0.65, 0.75), 0.8, None)
    )


@pytest.mark.parametrize(("value", "expected"), [(0.7, 0.0), (0.8, 1.0), (0.9, 1.0)])
def test_a_value_without_an_interval_is_a_fact(value, expected):
    assert decisions.chance(value, (None, None), 0.8, None) == expected
    assert decisions.chance(-value, (None, None), None, -0.8) == expected


def test_groups_are_corrected_for_their_number():
    """One of eight groups with p = .01 has q = .08: chance has eight attempts."""
    assert decisions.corrected([0.01, *[0.5] * 7])[0] == pytest.approx(0.08)
    assert decisions.corrected([]) == []


def test_a_budget_is_shared_by_monitors_metrics_and_runs():
    assert usual(1).alpha == pytest.approx(1 / 30)
    assert usual(5).alpha == pytest.approx(1 / 150)
    assert usual(5, metrics=2).alpha == pytest.approx(1 / 300)
    hourly = decisions.rule({"rule": "chance", "false_alerts_a_month": 1.0}, 5, 1, 720)
    assert hourly.alpha == pytest.approx(1 / 3600)


def test_by_the_rule_of_limits_every_value_outside_opens_one():
    by = decisions.rule(decisions.settings(1, "limits"), 5, 1, DAYS)
    assert decisions.decide(look(-0.001), [], by).opens
    assert decisions.decide(look(0.001), [], by).closes


def test_it_says_why():
    by = usual()
    once = decisions.decide(look(-3.0), [], by)
    assert once.because == (
        "The value -3 (95% interval -4.96 to -1.04) is outside its limit (at least 0): a model"
        " within it would give such a value in 0.14% of all windows, and a budget of 1 false alert"
        " a month allows 0.33%."
    )
    twice = decisions.decide(look(-2.0, 1.0), [look(-2.0, 0.0)], by)
    assert twice.opens
    assert "in 2 of 3 windows: a model within it would give each in at most 4.1%" in twice.because
    assert not decisions.decide(look(-2.0), [], by).opens
    clear = decisions.decide(look(3.0), [], by)
    assert (clear.closes, clear.because) == (
        True,
        "The value 3 (95% interval 1.04 to 4.96) is within its limit.",
    )
    fact = decisions.decide(look(-1.0, reach=None), [], by)
    assert fact.because == "The value -1 is outside its limit (at least 0)."


def test_an_alert_closes_when_the_value_is_within_for_a_while():
    by = usual()
    near = [look(0.5, day) for day in (2.0, 1.0, 0.0)]
    assert not decisions.decide(near[0], near[1:2], by).closes
    assert decisions.decide(near[0], near[1:], by).closes
    assert not decisions.decide(near[0], [near[1], look(-0.1, 0.0)], by).closes


@pytest.mark.parametrize("number", [0, -1, float("nan"), float("inf"), True, "1", None])
def test_a_budget_is_a_number_above_zero(number):
    with pytest.raises(ValueError, match="above 0"):
        decisions.settings(number, "chance")


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="use chance or limits"):
        decisions.settings(1, "points")
