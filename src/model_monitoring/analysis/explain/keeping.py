"""Find what can change without flipping a prediction: OpenScale's pertinent positive."""

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype

from .variants import FINE, Variants, are_numbers

# Rows that a round of unneeded needs per feature: two for the round, three to move a number part
# of the way
ROUND = 5


def unneeded(variants: Variants, background: pd.DataFrame) -> pd.DataFrame:
    """Move features to ordinary values, the cheapest first, while the prediction stays."""
    usual = {
        name: _usual(background[name], any(map(is_integer_dtype, (kind, background[name]))))
        for name, kind in variants.kinds.items()
    }
    held, stuck = {}, set()
    left = [name for name in variants.now if usual[name] != variants.now[name]]
    left = left[: variants.left // ROUND]
    while left and ROUND * len(left) <= variants.left:
        alone = variants.scores([held | {name: usual[name]} for name in left])
        stuck = {name for name, flips in zip(left, variants.flips(alone), strict=True) if flips}
        cheapest = np.argsort(-alone if variants.favourable else alone, kind="stable")
        left = [left[at] for at in cheapest]
        together = [held | {name: usual[name] for name in left[: n + 1]} for n in range(len(left))]
        flips = variants.flips(variants.scores(together))
        movable = int(flips.argmax()) if flips.any() else len(left)
        if not movable:
            break
        held, left = together[movable - 1], left[movable:]
    numbers = list(filter(variants.is_number, left))
    for name in numbers:  # move each as far as it can go
        fine = min(FINE, variants.left // len(numbers) - 1)
        steps = variants.steps(name, variants.now[name], usual[name], fine)
        flips = variants.flips(variants.scores([held | {name: value} for value in steps]))
        held[name] = steps[int(flips.argmax()) - 1 if flips.any() else -1]
    table = pd.DataFrame(
        {"feature": list(variants.now), "now": list(variants.now.values())}, dtype=object
    )
    table["could_be"] = pd.Series(
        [held.get(name, now) for name, now in variants.now.items()], dtype=object
    )
    table["needed"] = [
        name in stuck and held.get(name, now) == now for name, now in variants.now.items()
    ]
    return table


def _usual(seen: pd.Series, whole: bool):
    """Return the ordinary value of a feature: the median of numbers, else the mode, if any.

    The median of whole numbers is one that occurs.
    """
    if not are_numbers(seen):
        return next(iter(seen.mode()), None)
    return int(seen.quantile(0.5, interpolation="lower")) if whole else float(seen.median())
