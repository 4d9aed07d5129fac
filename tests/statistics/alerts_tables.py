"""False alerts of the decision rule alone, by simulation; writes its section of
doc/statistics.md.

    python -m tests.statistics.alerts_tables [1000]

Each metric has independent normal values in windows that share no rows. `month` follows
decisions.decide for all months at once; test_false_alerts_of_the_rule.py holds it to that.
"""

import sys

import numpy as np
from scipy.stats import norm

from model_monitoring.analysis.proportions import Z
from model_monitoring.datamart.monitoring import alerting, decisions
from tests.statistics import page

MONTHS = 1000
RUNS = {"24 a day": 720, "1 a day": 30, "1 a week": 4}
BUDGETS = (0.25, 1.0, 4.0)
LIMITS = (5, 20, 60)
MARGINS = (0.0, 0.5, 1.0)  # by how many standard errors the true values are within their limits
EARLIER = 6  # windows before the month, so that it doesn't begin without a past


def rule(limits: int, runs: int, budget: float) -> decisions.Rule:
    """Return the rule of one monitor that has all of a subscription's limits."""
    settings = {"rule": "chance", "false_alerts_a_month": budget}
    return decisions.rule(settings, 1, limits, max(alerting.USUAL_RUNS, runs))


def openings(values: np.ndarray, by: decisions.Rule) -> np.ndarray:
    """Return how many alerts each window opens in each series; shape (windows, series).

    `values` (windows, series) are standard errors outside the limit.
    """
    once, twice = (float(norm.isf(by.level(repeated))) for repeated in (False, True))
    opened = np.zeros(values.shape, bool)
    is_open = np.zeros(values.shape[1], bool)
    past = np.full((decisions.SPAN - 1, values.shape[1]), np.inf)  # no look: neither in nor out
    for window, now in enumerate(values):
        before = np.where(np.isinf(past), -np.inf, past)
        repeated = (before >= max(twice, 0.0)).any(axis=0)
        opens = (now > 0) & ((now >= once) | ((now >= twice) & repeated))
        closes = (now <= -Z) | ((now <= 0) & (past <= 0).all(axis=0))
        opened[window] = opens & ~is_open
        is_open = (is_open | opens) & ~closes
        past = np.stack([now, past[0]])
    return opened


def false_alerts(limits: int, runs: int, budget: float, margin: float, months: int) -> float:
    """Return the mean number of false alerts a month."""
    rng = np.random.default_rng(limits)
    count, part = 0, max(1, 20_000_000 // ((runs + EARLIER) * limits))
    for begin in range(0, months, part):
        series = min(part, months - begin) * limits
        values = rng.standard_normal((runs + EARLIER, series), np.float32) - np.float32(margin)
        count += openings(values, rule(limits, runs, budget))[EARLIER:].sum()
    return count / months


def section(months: int) -> str:
    """Return the section with its table."""
    error = f"{np.sqrt(1 / months):.2f} of 1 and {np.sqrt(4 / months):.2f} of 4"
    text = f"""## False alerts of the rule

How many false alerts a month [the rule](data-mart.md#when-an-alert-opens) opens, of metrics whose
windows vary by chance alone: {months:,} simulated months a cell, so that one standard error is
{error}. Three numbers stand for 5, 20 and 60 metrics with a limit.
`python -m tests.statistics.alerts_tables` writes the table.

At the limit, all true values just meet their limits. That is the worst clean case, and the budget
is made for it: it is spent whole there. A true value that is half a standard error of its window
within the limit, or one, leaves little to chance. That is why clean months usually open no alert at
all.

| runs | false alerts a month | at the limit | 0.5 standard errors within | 1 within |
|---|---|---|---|---|
"""
    for name, runs in RUNS.items():
        for budget in BUDGETS:
            cells = [
                " / ".join(f"{false_alerts(n, runs, budget, margin, months):.2f}" for n in LIMITS)
                for margin in MARGINS
            ]
            text += f"| {name} | {budget:g} | {' | '.join(cells)} |\n"
    said = [norm.isf(rule(20, 4, 1.0).level(repeated=False))]
    said.append(norm.isf(1 / (20 * 4) / 2))
    return f"""{text}
A weekly run spends about an eighth, since a monitor is taken to run daily until it runs more often.
That costs power: at a budget of 1 and 20 limits, a value has to be {said[0]:.1f} standard errors
outside its limit to open an alert at once; if only weekly runs were reckoned with, {said[1]:.1f}.
"""


if __name__ == "__main__":
    page.write("alerts", section(int(sys.argv[1]) if len(sys.argv) > 1 else MONTHS))
