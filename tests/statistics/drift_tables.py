"""Drift on simulated columns: false alarms, and power beside peers; writes its section of
doc/statistics.md.

    python -m tests.statistics.drift_tables [1000]

A window of 30 features has one that drifts. It is reported if its p-value is at most 0.05 / 30
(Benjamini & Hochberg with one false hypothesis). Each peer gets, on the same draws, the threshold
at which the same share of clean columns of all kinds would be reported as by ours.
"""

import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy import stats

from model_monitoring.analysis.data_quality import categories, divergence, drift, effects, ranks
from tests.statistics import page

FEATURES, REFERENCE = 30, 5000
ALPHA = effects.ALPHA / FEATURES
WINDOWS = (300, 1000, 10_000)
PEERS = ("scipy", "Wasserstein / JS", "JS")


def normal(rng, rows, mean=0.0, variance=1.0):
    """Draw a normal column."""
    return rng.normal(mean, variance**0.5, rows)


def mixed(rng, rows):
    """Draw a normal column of which 5% lie three standard deviations higher."""
    return rng.normal(size=rows) + 3 * (rng.random(rows) < 0.05)


def zeros(rng, rows, share=0.8):
    """Draw a column of zeros and exponential numbers."""
    return np.where(rng.random(rows) < share, 0.0, rng.exponential(size=rows))


def ten(rng, rows, first=0.1):
    """Draw one of ten categories."""
    return rng.choice(10, rows, p=[first, *[(1 - first) / 9] * 9])


def count(rng, rows):
    """Draw small whole numbers."""
    return rng.poisson(0.3, rows).astype(float)


def flag(rng, rows):
    """Draw a number that is 0 but for one row in a hundred."""
    return (rng.random(rows) < 0.01).astype(float)


def skewed(rng, rows):
    """Draw a lognormal column, rounded."""
    return np.exp(rng.normal(size=rows)).round(1)


def many(rng, rows):
    """Draw one of 120 categories, some of them rare."""
    weights = 1 / np.arange(1, 121)
    return rng.choice(120, rows, p=weights / weights.sum())


CLEAN = {
    "normal": normal,
    "lognormal, rounded": skewed,
    "80% zeros": zeros,
    "counts": count,
    "1% ones": flag,
    "10 categories": ten,
    "120 categories": many,
}
CATEGORIES = (ten, many)
KINDS = (normal, zeros, ten)
CELLS: dict[str, tuple[Callable, Callable]] = {
    "mean + 0.1 sd": (normal, lambda rng, rows: normal(rng, rows, 0.1)),
    "mean + 0.2 sd": (normal, lambda rng, rows: normal(rng, rows, 0.2)),
    "mean + 0.5 sd": (normal, lambda rng, rows: normal(rng, rows, 0.5)),
    "variance x 1.5": (normal, lambda rng, rows: normal(rng, rows, variance=1.5)),
    "5% of rows + 3 sd": (normal, mixed),
    "one of 10 categories + 5 points": (ten, lambda rng, rows: ten(rng, rows, 0.15)),
    "zeros 80 to 70%": (zeros, lambda rng, rows: zeros(rng, rows, 0.7)),
}


class Found(NamedTuple):
    """Hold how odd a window looks to ours and to the peers, larger for odder; and the effect."""

    ours: float
    peers: tuple[float, ...]
    gap: float


def compare(reference: np.ndarray, window: np.ndarray, is_category: bool, peers=True) -> Found:
    """Compare two columns by our rule and by the peers' measures.

    The peers are scipy's KS and chi-squared tests (with Holm's correction the smallest p-value has
    to be as small as here); Wasserstein's distance over the standard deviation for numbers and the
    Jensen-Shannon distance for categories, which Evidently takes by default above 1,000 rows; and
    the Jensen-Shannon distance for both, NannyML's default.
    """
    sides = [drift.Steps(*_steps(side)) for side in (reference, window)]
    sizes = len(reference), len(window)
    if is_category:
        then, now = (
            dict(zip(map(str, side.values), np.diff(side.ranks, prepend=0), strict=True))
            for side in sides
        )
        p_value, gap = categories.p_value(then, now), categories.linf(then, now)
    else:
        gap = drift.linf(*sides)
        p_value = ranks.p_value(*sides, gap, (True, True))
    if not peers:
        return Found(-p_value, (), gap)
    if is_category:
        cells = divergence.paired_counts(then, now)
        table = np.array([cells[0], cells[1]])
        chi = stats.chi2_contingency(table[:, table.any(axis=0)], correction=False).pvalue
        js = divergence.jensen_shannon(*cells)
        return Found(-p_value, (-chi, js, js), gap)
    js = divergence.jensen_shannon(*divergence.shares(*sides))
    moved = divergence.wasserstein(*sides, float(reference.std()))
    return Found(-p_value, (-drift.ks_p_value(gap, *sizes), moved, js), gap)


def _steps(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    different, rows = np.unique(values, return_counts=True)
    return different.astype(float), np.cumsum(rows).astype(float)


def draw(kind: Callable, change: Callable, rows: int, times: int, rng, peers=True) -> list[Found]:
    """Compare references of a kind with windows that a change was made to."""
    is_category = kind in CATEGORIES
    return [
        compare(kind(rng, REFERENCE), change(rng, rows), is_category, peers) for _ in range(times)
    ]


def seen(found: list[Found]) -> float:
    """Return the share of windows that our rule reports: real, and it matters."""
    return float(np.mean([-one.ours <= ALPHA and one.gap >= effects.MATTERS for one in found]))


def thresholds(rows: int, times: int, rng) -> tuple[float, ...]:
    """Return each peer's threshold: of clean columns it reports as many as ours does."""
    clean = [one for kind in KINDS for one in draw(kind, kind, rows, times, rng)]
    allowed = max(1, sum(-one.ours <= ALPHA for one in clean))
    odd = np.sort([one.peers for one in clean], axis=0)
    return tuple(odd[-allowed])


def power(rows: int, times: int, rng, limits: tuple[float, ...]) -> Iterator[tuple]:
    """Yield each cell's name and the shares of windows reported: ours, then each peer's."""
    for name, (kind, change) in CELLS.items():
        found = draw(kind, change, rows, times, rng)
        theirs = np.mean([np.array(one.peers) >= limits for one in found], axis=0)
        yield name, seen(found), *map(float, theirs)


def tables(times: int = 1000) -> str:
    """Return the section: false alarms of ours, and power beside the peers'."""
    rng = np.random.default_rng(0)
    lines = [
        "## Drift",
        "",
        "Each column is compared with a reference of 5,000 rows as one of 30 features. Of 100",
        "clean windows five may have a false alarm, so a p-value has to be at most 0.00167.",
        "",
        "False alarms: the share of clean columns with a p-value of at most 0.05 (the tail at",
        f"0.00167 is in the tests); one standard error is {np.sqrt(0.05 * 0.95 / times):.3f}.",
        "Rare values can't reach 0.05 exactly, and tests of few distinct values stay below it.",
        "",
        "| rows of the window | 50 | 300 | 1,000 | 10,000 |",
        "|---|---|---|---|---|",
    ]
    for name, kind in CLEAN.items():
        found = [draw(kind, kind, rows, times, rng, False) for rows in (50, *WINDOWS)]
        rates = [f"{np.mean([-one.ours <= 0.05 for one in some]):.3f}" for some in found]
        lines.append(f"| {name} | {' | '.join(rates)} |")
    lines += [
        "",
        "Power: the share of windows in which the column that drifts is reported (real, and at",
        "least 2% of the rows). Each peer has the threshold at which as many clean columns are",
        "reported as by ours: KS and chi-squared of scipy, corrected by Holm; Evidently's default",
        "measures (Wasserstein over the standard deviation, Jensen-Shannon for categories); and",
        "NannyML's (Jensen-Shannon, here over deciles). The measures are computed here, not by the",
        f"packages. One standard error is at most {np.sqrt(0.25 / times):.3f}; peers' thresholds",
        "have an error, too.",
        "",
        "| drift | rows | ours | scipy | Evidently's | NannyML's |",
        "|---|---|---|---|---|---|",
    ]
    means = []
    for rows in WINDOWS:
        limits = thresholds(rows, 4 * times, rng)
        for name, *shares in power(rows, times, rng, limits):
            means.append(shares)
            lines.append(f"| {name} | {rows:,} | " + " | ".join(f"{s:.2f}" for s in shares) + " |")
    lines.append("| mean | | " + " | ".join(f"{s:.2f}" for s in np.mean(means, axis=0)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    page.write("drift", tables(int(sys.argv[1]) if sys.argv[1:] else 1000))
