"""Accuracy without labels against simulated truth; writes its section of doc/statistics.md.

    python -m tests.statistics.accuracy_tables

A world says how often a score is true. References and windows are drawn from it; windows without
shift, or with one of two covariate shifts. Beside our estimate stands confidence-based performance
estimation as NannyML 0.13 does it, on the same draws.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from unittest import mock

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedShuffleSplit

from model_monitoring.analysis.quality import accuracy_estimate, calibration
from tests.statistics import page

WINDOWS, REFERENCES = (50, 300, 1000), (455, 5000)
SHIFTS = {"none": (0, 1), "up": (0.6, 0.8), "narrow": (0, 0.4)}  # of the mean (in sd), of the sd
FAMILIES = {
    "calibrated": ("scores as they should be", "strong", "rare"),
    "logistic": ("overconfident", "underconfident"),
    "misfit": ("steep below", "steep above", "noisy labels", "steps", "power", "ceiling"),
    "not monotone": ("false when sure", "dip"),
}


class World(NamedTuple):
    """Say how often a row is true, and its score, for a standard normal z times sd plus mean."""

    chance: Callable[[np.ndarray], np.ndarray]
    score: Callable[[np.ndarray], np.ndarray] = expit
    mean: float = 0.0
    sd: float = 2.0


WORLDS = {
    "scores as they should be": World(expit),
    "strong": World(expit, sd=5.0),
    "rare": World(expit, mean=-3.0, sd=1.5),
    "overconfident": World(expit, lambda z: expit(3 * z)),
    "underconfident": World(expit, lambda z: expit(0.5 * z + 0.7)),
    "steep below": World(lambda z: expit(np.where(z < 0, 3 * z, 0.4 * z))),
    "steep above": World(lambda z: expit(np.where(z < 0, 0.4 * z, 3 * z))),
    "noisy labels": World(lambda z: 0.12 + 0.76 * expit(3 * z)),
    "steps": World(lambda z: 0.05 + 0.27 * (z > -1) + 0.27 * (z > 0.4) + 0.36 * (z > 1.5)),
    "power": World(lambda z: expit(z) ** 3),
    "ceiling": World(lambda z: np.minimum(expit(2 * z), 0.7)),
    "false when sure": World(lambda z: np.where(abs(z) > 3, 0.5, expit(z))),
    "dip": World(lambda z: np.clip(expit(z) - 0.5 * np.exp(-2 * (z - 2) ** 2), 0.01, 0.99)),
}


class Draw(NamedTuple):
    """Hold one window: ours and CBPE's error, and what the true accuracy should have been."""

    world: str
    reference: int
    window: int
    shift: str
    error: float  # against the labels drawn
    bias: float  # against their chances
    covered: bool
    width: float
    believable: bool
    cbpe: float


def rows(world: World, n: int, rng: np.random.Generator, shift=(0, 1)) -> tuple[np.ndarray, ...]:
    """Draw labels, predictions, scores, and each row's chance to be right."""
    z = rng.normal(world.mean + shift[0] * world.sd, world.sd * shift[1], n)
    chance, score = world.chance(z), world.score(z)
    said = (score >= 0.5).astype(int)
    return (rng.random(n) < chance).astype(int), said, score, np.where(said, chance, 1 - chance)


def simulate(names, references, draws: int, seed: int = 0) -> Iterator[Draw]:
    """Draw references, and for each one window of each size and shift."""
    for number, name in enumerate(names):
        for size in references:
            for draw in range(draws):
                rng = np.random.default_rng([seed, number, size, draw])
                yield from _windows(name, size, rng)


def _windows(name: str, size: int, rng: np.random.Generator) -> Iterator[Draw]:
    world = WORLDS[name]
    labels, said, scores, _ = rows(world, size, rng)
    peer = cbpe(labels, scores)
    with mock.patch.object(accuracy_estimate.calibration, "learn", _once(calibration.learn)):
        reference = accuracy_estimate.fit(labels, said, scores)
        for shift, by in SHIFTS.items():
            for window in WINDOWS:
                labels, said, scores, right = rows(world, window, rng, by)
                found = accuracy_estimate.estimate(reference, said, scores)
                truth, calibrated = (labels == said).mean(), peer(scores)
                yield Draw(
                    name,
                    size,
                    window,
                    shift,
                    found.accuracy - truth,
                    found.accuracy - right.mean(),
                    found.ci_low - 1e-9 <= truth <= found.ci_high + 1e-9,
                    found.ci_high - found.ci_low,
                    found.believable,
                    np.where(said, calibrated, 1 - calibrated).mean() - truth,
                )


def _once(learn: Callable) -> Callable:
    """Calibrate a reference once for all of its windows."""
    kept = []

    def remembered(x: np.ndarray, counts: np.ndarray) -> calibration.Curves:
        if not kept:
            kept.append(learn(x, counts))
        return kept[0]

    return remembered


def cbpe(labels: np.ndarray, scores: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Calibrate as NannyML 0.13 does: isotonic, unless that makes the calibration error larger."""
    curve = IsotonicRegression(out_of_bounds="clip")
    if roc_auc_score(labels, scores) > 0.999:
        return lambda scores: scores
    parts = []
    split = StratifiedShuffleSplit(n_splits=10, test_size=0.1, random_state=42)
    for train, test in split.split(scores, labels):
        curve.fit(scores[train], labels[train])
        parts.append((labels[test], scores[test], curve.predict(scores[test])))
    truth, before, after = map(np.concatenate, zip(*parts, strict=True))
    if _calibration_error(truth, before) <= _calibration_error(truth, after):
        return lambda scores: scores
    return curve.fit(scores, labels).predict


def _calibration_error(truth: np.ndarray, scores: np.ndarray) -> float:
    order = np.argsort(scores)
    parts = np.array_split(truth[order] - scores[order], 10)
    return sum(abs(part.sum()) for part in parts) / len(truth)


def table(draws: list[Draw]) -> str:
    """Return the table of the page, one line a family and reference."""
    lines = [
        "| how scores and truth are related | reference | bias: mean / largest of a shift | "
        "coverage, windows of 50 / 300 / 1,000 | mean error | CBPE's | doubted |",
        "|---|---|---|---|---|---|---|",
    ]
    for family, names in FAMILIES.items():
        for size in REFERENCES:
            here = [one for one in draws if one.world in names and one.reference == size]
            cells = {(one.world, one.shift) for one in here}
            biases = [
                np.mean([one.bias for one in here if (one.world, one.shift) == cell])
                for cell in cells
            ]
            bias = f"{np.mean(biases):+.3f} / {max(biases, key=abs):+.3f}"
            covered = [np.mean([one.covered for one in here if one.window == n]) for n in WINDOWS]
            means = np.mean([(abs(o.error), abs(o.cbpe), not o.believable) for o in here], axis=0)
            lines.append(
                f"| {family}: {', '.join(names)} | {size:,} | {bias} | "
                f"{' / '.join(f'{share:.3f}' for share in covered)} | "
                f"{means[0]:.4f} | {means[1]:.4f} | {means[2]:.2f} |"
            )
    return "\n".join(lines)


def section(draws: int) -> str:
    """Return the section of the page, measured anew."""
    return f"""## Accuracy without labels

{draws} references of each relation and size, and for each of them a window of each size without
shift and with two covariate shifts. `tests/statistics/accuracy_tables.py` has the relations and
writes this table. One standard error is about 0.002 for a mean bias (0.006 for the largest one, at
455 rows), 0.01 for a coverage, and the mean errors are of the same draws. CBPE is confidence-based
performance estimation as NannyML 0.13 does it. "Doubted" is the share of windows with `believable`
False: it should be 1 where the relation isn't monotone, and else 0.

{table(list(simulate(WORLDS, REFERENCES, draws)))}
"""


if __name__ == "__main__":
    page.write("accuracy", section(20))
