"""Find the smallest change that flips a prediction: OpenScale's pertinent negative."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from .variants import FINE, Variants, are_numbers

STEPS = 8
BEAM = 6
REFINED = 4
MAX_CHANGES = 4


def smallest_flip(variants: Variants, background: pd.DataFrame, changeable: Sequence[str]) -> dict:
    """Try one change, then two and more at once, until one flips; empty if none does."""
    single = [
        {name: value}
        for name in changeable
        for value in _candidates(background[name], variants.now[name])
    ]
    distance = _distance(variants.now, background)
    beam = [{}]
    for _ in range(MAX_CHANGES):
        grown = [held | one for held in beam for one in single if not set(one) & set(held)]
        grown = list({tuple(sorted(change.items(), key=str)): change for change in grown}.values())
        grown = grown[: max(0, variants.left - 2 * REFINED * (FINE + 1))]
        if not grown:
            break
        scores = variants.scores(grown)
        flips = variants.flips(scores)
        if flips.any():
            flipping = [one for one, flip in zip(grown, flips, strict=True) if flip]
            nearest = {}  # of each set of changed features, only the nearest flip is refined
            for change in sorted(flipping, key=distance):
                nearest.setdefault(tuple(change), change)
            refined = [_refine(variants, one) for one in list(nearest.values())[:REFINED]]
            return min(refined, key=distance)
        progress = (scores - variants.start) * (-1 if variants.favourable else 1)
        beam = [grown[at] for at in np.argsort(-progress, kind="stable")[:BEAM]]
    return {}


def _candidates(seen: pd.Series, now) -> list:
    """List other values of a feature: all categories, or eight quantiles of a number."""
    if are_numbers(seen):
        seen = seen.quantile(np.linspace(0, 1, STEPS), interpolation="nearest")
    return [value for value in seen.dropna().drop_duplicates().tolist() if value != now]


def _distance(now: dict, background: pd.DataFrame) -> Callable[[dict], float]:
    """Return a function that measures a change: numbers by their scale, anything else as one."""
    numbers = background.select_dtypes("number")
    # The median absolute deviation; 1.4826 makes it the standard deviation of a normal variable
    scale = (numbers - numbers.median()).abs().median() * 1.4826
    scale = scale.where(scale > 0, numbers.std()).replace(0, 1).fillna(1)
    return lambda change: sum(
        abs(value - now[name]) / scale[name] if name in scale and pd.notna(now[name]) else 1.0
        for name, value in change.items()
    )


def _refine(variants: Variants, change: dict) -> dict:
    """Move each changed number back towards its present value while the row stays flipped."""
    for name in [name for name in change if variants.is_number(name)]:
        near, far = variants.now[name], change[name]
        for _ in range(2):
            steps = variants.steps(name, near, far)
            if len(steps) > variants.left:
                return change
            flips = variants.flips(variants.scores([change | {name: value} for value in steps]))
            first = max(1, int(flips.argmax()) if flips.any() else len(steps) - 1)
            near, far = steps[first - 1], steps[first]
        change = change | {name: far}
    return change
