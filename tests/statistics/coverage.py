"""How often the intervals of quality metrics hold the true value, by simulation."""

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import binom, norm

from model_monitoring.analysis.proportions import exact
from model_monitoring.analysis.quality.evaluation import evaluate
from model_monitoring.analysis.quality.kappa import kappa

SIZES = (30, 114, 1000)
RATES = (0.05, 0.2, 0.5, 0.8, 0.95, 0.98, 0.9945, 0.9985, 0.9995)
# Area under ROC and share of positives
MODELS = ((0.85, 0.5), (0.99, 0.5), (0.9995, 0.5), (0.85, 0.05), (0.99, 0.05), (0.9995, 0.05))
# Draws, mean of the absolute value, and variance of each kind of noise
NOISE = {
    "normal": (lambda rng, n: rng.normal(size=n), np.sqrt(2 / np.pi), 1.0),
    "t3": (lambda rng, n: rng.standard_t(3, n), 2 * np.sqrt(3) / np.pi, 3.0),
}
# How often two people mean what they say (else they guess), and how often the first label is right
PEOPLE = ((0.0, 0.5), (0.6, 0.5), (0.9, 0.5), (0.98, 0.5), (0.6, 0.05), (0.9, 0.05), (0.98, 0.05))
_MANY = 400_000


def proportion(rate: float, n: int) -> tuple[float, float]:
    """Return the coverage of the interval of one proportion, without error, and its width."""
    counts = np.arange(n + 1)
    low, high = exact(counts, n)
    chance = binom.pmf(counts, n, rate)
    return chance[(low <= rate) & (rate <= high)].sum(), (chance * (high - low)).sum()


class Tally:
    """Count for each metric the intervals, those that hold the truth, and those not given."""

    def __init__(self):
        self.held, self.said, self.unsaid = (defaultdict(int) for _ in range(3))

    def add(self, name: str, low: float | None, high: float | None, truth: float) -> None:
        """Count one interval."""
        if low is None or high is None or np.isnan(low + high):
            self.unsaid[name] += 1
            return
        self.said[name] += 1
        self.held[name] += low - 1e-9 <= truth <= high + 1e-9

    def coverage(self, name: str) -> float:
        """Return the share of given intervals that hold the truth; NaN if none was given."""
        return self.held[name] / self.said[name] if self.said[name] else np.nan

    def names(self) -> list[str]:
        """Return the metrics seen, in order."""
        return list(dict.fromkeys([*self.said, *self.unsaid]))


def _scored(rng: np.random.Generator, n: int, area: float, positives: float) -> tuple:
    """Draw labels and calibrated probabilities; scores of both classes are normal."""
    gap, prior = norm.ppf(area) * np.sqrt(2), np.log(positives / (1 - positives))
    true = (rng.random(n) < positives).astype(int)
    scores = rng.normal(size=n) + gap * true
    return true, 1 / (1 + np.exp(-(gap * scores - gap**2 / 2 + prior)))


def _tally(
    problem: str,
    draw: Callable[[np.random.Generator, int], tuple],
    n: int,
    runs: int,
    seed: int,
    truth: dict[str, float] | None = None,
) -> Tally:
    """Evaluate ``runs`` windows of n rows against the truth, or what a very large window shows."""
    rng = np.random.default_rng(seed)
    if truth is None:
        large = evaluate(problem, *draw(np.random.default_rng(99), _MANY)).metrics
        truth = {name: metric.value for name, metric in large.items()}
    tally = Tally()
    for run in range(runs):
        for name, metric in evaluate(problem, *draw(rng, n), seed=run).metrics.items():
            if metric.value is not None:
                tally.add(name, metric.ci_low, metric.ci_high, truth[name])
    return tally


def binary(
    area: float, positives: float, n: int, runs: int, seed: int = 0, fewest: int = 0
) -> Tally:
    """Tally the binary metrics of a calibrated model; a row is predicted positive above 0.5.

    Windows with fewer than ``fewest`` positives are left out: the rest has too many.
    """

    def draw(rng: np.random.Generator, rows: int) -> tuple:
        true, probability = _scored(rng, rows, area, positives)
        while true.sum() < fewest:
            true, probability = _scored(rng, rows, area, positives)
        return true, (probability > 0.5).astype(int), probability

    return _tally("binary", draw, n, runs, seed)


def multiclass(right: float, shares: tuple[float, ...], n: int, runs: int, seed: int = 0) -> Tally:
    """Tally the metrics of a model that is right with one probability, else wrong at random.

    Its probabilities say so, for the predicted class and for each of the others.
    """
    classes = len(shares)

    def draw(rng: np.random.Generator, rows: int) -> tuple:
        true = rng.choice(classes, rows, p=shares)
        wrong = (true + rng.integers(1, classes, rows)) % classes
        predicted = np.where(rng.random(rows) < right, true, wrong)
        said = np.where(
            predicted[:, None] == np.arange(classes), right, (1 - right) / (classes - 1)
        )
        return true, predicted, said

    return _tally("multiclass", draw, n, runs, seed)


def agreement(meant: float, share: float, n: int, runs: int, seed: int = 0) -> Tally:
    """Tally kappa of two people who say the same unless they guess; one label has this share.

    If they guess with probability 1 - ``meant``, both by the labels' shares, ``meant`` is kappa.
    """
    rng, tally = np.random.default_rng(seed), Tally()
    for run in range(runs):
        one, guess = (rng.random((2, n)) < share).astype(int)
        other = np.where(rng.random(n) < meant, one, guess)
        found = kappa(one, other, seed=run)
        if found.value is not None:
            tally.add("kappa", found.ci_low, found.ci_high, meant)
    return tally


def regression(noise: str, n: int, runs: int, seed: int = 0) -> Tally:
    """Tally the metrics of a regression with one kind of noise."""
    errors, absolute, variance = NOISE[noise]

    def draw(rng: np.random.Generator, rows: int) -> tuple:
        predicted = rng.normal(size=rows) * 2
        return predicted + errors(rng, rows), predicted

    explained = 4 / (4 + variance)
    truth = {
        "r2": explained,
        "proportion_explained_variance": explained,
        "mean_absolute_error": absolute,
        "mean_squared_error": variance,
        "root_of_mean_squared_error": np.sqrt(variance),
    }
    return _tally("regression", draw, n, runs, seed, truth)


def cells(runs: int) -> Iterator[tuple[str, int, Tally]]:
    """Yield (cell, n, tally) of all simulated cells."""
    for n in SIZES:
        for area, positives in MODELS:
            yield f"AUC {area}, {positives:.0%} positives", n, binary(area, positives, n, runs)
        for right in (0.7, 0.99):
            for shares in ((0.6, 0.3, 0.1), (0.1,) * 10):
                name = f"{len(shares)} classes, {right:.0%} right"
                yield name, n, multiclass(right, shares, n, runs)
        for meant, share in PEOPLE:
            yield f"kappa {meant:g}, {share:.0%} of a label", n, agreement(meant, share, n, runs)
        for noise in NOISE:
            yield f"regression, {noise} noise", n, regression(noise, n, runs)
