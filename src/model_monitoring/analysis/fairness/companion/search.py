"""The search behind finding.py: thresholds, their effect, and fairness against accuracy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

CUTS = 256
# If most people deserve the favourable prediction, giving it to everyone would be fair and
# accurate, but too expensive. So a companion makes about as many favourable predictions as the
# model; it changes who gets them.
BUDGET = 0.05
TARGETS = np.linspace(0, 1, 51)


def grid(
    scores: np.ndarray, truth: np.ndarray, original: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List up to about 256 thresholds, with the share of rows above each and the number right."""
    distinct = np.unique(scores)
    between = (distinct[1:] + distinct[:-1]) / 2
    if len(between) > CUTS:
        between = np.quantile(between, np.linspace(0, 1, CUTS), method="nearest")
    cuts = np.unique(np.concatenate([[0.0, original], between]))
    good, bad = np.sort(scores[truth]), np.sort(scores[~truth])
    accepted = len(good) - np.searchsorted(good, cuts)
    wrong = len(bad) - np.searchsorted(bad, cuts)
    return cuts, (accepted + wrong) / len(scores), accepted + len(bad) - wrong


def affordable(rates: np.ndarray, rate: float) -> np.ndarray:
    """Tell which thresholds keep the favourable rate within 5 percentage points of `rate`.

    `rate` is that of the model itself.
    """
    return np.abs(rates - rate) <= BUDGET + 1e-12


def most_accurate(grids: list[tuple], target: float, original: float) -> list[float] | None:
    """Pick a threshold per group: most rows right, each rate within the target of the majority's.

    The majority's rate stays affordable. Among equally accurate thresholds those nearest to the
    original win, so the choice is the same every time. Returns None if no thresholds reach the
    target.
    """
    cuts, rates, right = grids[0]
    worth = right - 1e-9 * np.abs(cuts - original)
    worth[~affordable(rates, rates[cuts == original][0])] = -np.inf
    picks = [np.arange(len(cuts))]
    for group_cuts, group_rates, group_right in grids[1:]:
        low, high = np.minimum.outer(rates, group_rates), np.maximum.outer(rates, group_rates)
        value = np.where(
            low >= target * high, group_right - 1e-9 * np.abs(group_cuts - original), -np.inf
        )
        picks.append(value.argmax(axis=1))
        worth = worth + value.max(axis=1)
    best = worth.argmax()
    if worth[best] == -np.inf:
        return None
    return [
        float(cuts[best]),
        *(float(grid[0][pick[best]]) for grid, pick in zip(grids[1:], picks[1:], strict=True)),
    ]


def measure(
    scores: np.ndarray, truth: np.ndarray, sides: list, cuts: Sequence[float], names: list[str]
) -> dict:
    """Measure one choice of thresholds."""
    accepted = [scores[side] >= cut for side, cut in zip(sides, cuts, strict=True)]
    rates = np.array([one.mean() for one in accepted])
    low, high = np.minimum(rates[0], rates[1:]), np.maximum(rates[0], rates[1:])
    # If no group has favourable predictions, the groups are equal
    fairness = np.where(high > 0, low / np.where(high > 0, high, 1), 1.0).min()
    right = np.concatenate([one == truth[side] for one, side in zip(accepted, sides, strict=True)])
    point = {"fairness": float(fairness), "accuracy": float(right.mean())}
    point["favourable_rate"] = float(np.concatenate(accepted).mean())
    return point | {f"threshold {name}": cut for name, cut in zip(names, cuts, strict=False)}


def frontier_of(points: list[dict], target: float) -> pd.DataFrame:
    """Keep the points that no other point beats, the least fair first.

    The most accurate one that reaches the target is marked as chosen.
    """
    frame = pd.DataFrame(points).sort_values(
        ["fairness", "accuracy"], ascending=False, kind="stable"
    )
    frame = frame[frame["accuracy"] > frame["accuracy"].cummax().shift(fill_value=-1)].iloc[::-1]
    reached = frame["fairness"] >= target - 1e-12
    chosen = (
        frame["fairness"].where(reached).idxmin() if reached.any() else frame["fairness"].idxmax()
    )
    return frame.assign(chosen=frame.index == chosen).reset_index(drop=True)
