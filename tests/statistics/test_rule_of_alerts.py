"""The rule of alerts spends a subscription's false alerts where values just meet their limits.

Here a cell has 300 months (3,000 with LONG=1): one standard error is .06 of 1 (.02). Real data
marts, whose values lie within their limits, open fewer: test_false_alerts.py.
"""

import os

import numpy as np
import pytest
from scipy.stats import norm

from model_monitoring.analysis.proportions import Z
from model_monitoring.datamart.monitoring import decisions
from model_monitoring.datamart.monitoring.decisions import Look
from tests.statistics import alerts_tables

MONTHS = 3000 if os.environ.get("LONG") else 300


def test_all_months_at_once_are_decided_as_one_by_one():
    rng = np.random.default_rng(0)
    by = alerts_tables.rule(5, 30, 4.0)
    values = rng.normal(0.5, 1.2, (400, 5))
    found = alerts_tables.openings(values, by)
    assert 20 < found.sum() < 500
    for number, series in enumerate(values.T):
        before, is_open, opened = [], False, []
        for hour, value in enumerate(series):
            window = (hour, hour + 1)
            now = Look(value, value - Z, value + Z, None, 0.0, norm.sf(value), window)
            decision = decisions.decide(now, before, by)
            opened.append(decision.opens and not is_open)
            is_open = (is_open or decision.opens) and not decision.closes
            before = [now, *before][: decisions.SPAN - 1]
        assert opened == found[:, number].tolist()


@pytest.mark.parametrize("budget", alerts_tables.BUDGETS)
@pytest.mark.parametrize("limits", alerts_tables.LIMITS)
def test_a_month_at_the_limits_spends_the_budget(limits, budget):
    spent = alerts_tables.false_alerts(limits, 30, budget, 0.0, MONTHS)
    assert 0.6 * budget < spent + 3 * np.sqrt(budget / MONTHS)
    assert spent < 1.1 * budget + 3 * np.sqrt(budget / MONTHS)


def test_hourly_runs_and_values_within_their_limits():
    months = MONTHS // 3
    assert alerts_tables.false_alerts(20, 720, 1.0, 0.0, months) < 1.1 + 3 / np.sqrt(months)
    assert alerts_tables.false_alerts(20, 30, 1.0, 0.5, MONTHS) < 0.3
    assert alerts_tables.false_alerts(20, 30, 1.0, 1.0, MONTHS) < 0.1
