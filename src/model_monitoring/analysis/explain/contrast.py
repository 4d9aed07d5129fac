"""Explain one prediction by contrast: what would flip it, and what could change without a flip.

OpenScale has both. The pertinent negative is the smallest change that flips the prediction, here
only over features that a person can change (flipping.py). The pertinent positive is the largest
change towards ordinary values that doesn't flip it (keeping.py). Both only call the model. dice-ml
would draw many random counterfactuals instead of one smallest, and it doesn't limit the calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from .flipping import smallest_flip
from .keeping import ROUND, unneeded
from .scoring import Score
from .variants import Variants

MAX_ROWS = 3000


@dataclass(frozen=True)
class Contrast:
    """Hold the contrastive explanation of one row.

    Attributes:
        score, favourable: the model's score, and whether it reaches the threshold.
        flip: the smallest change that flips the prediction, one row per feature: feature, now,
            changed. Empty if none was found.
        flip_score: the score after that change; None if none was found.
        keep: one row per feature: feature, now, could_be (as far towards the ordinary value as all
            of these can go together without a flip) and needed (whether it could not move at all).
        scored_rows: the number of rows that the model scored.
    """

    score: float
    favourable: bool
    flip: pd.DataFrame
    flip_score: float | None
    keep: pd.DataFrame
    scored_rows: int


def contrast(
    score: Score,
    row: pd.DataFrame,
    background: pd.DataFrame,
    changeable: Sequence[str],
    *,
    protected: Sequence[str] = (),
    threshold: float = 0.5,
    max_rows: int = MAX_ROWS,
) -> Contrast:
    """Explain one row by contrast; the model scores at most ``max_rows`` rows.

    A flip changes as few features as possible, at most four. Among flips of equally many features
    it is the nearest one found: a number counts by its distance in (robust) standard deviations of
    the background, a category counts as one. All single changes are tried, on eight quantiles of a
    number and on every category, then refined. Changes of several features come from a beam search
    over the six most promising.

    Args:
        score: the probability of the favourable outcome for each row of a frame.
        row: a frame of the one row to explain.
        background: training rows; candidate values and ordinary values (medians and modes) are
            taken from them.
        changeable: features that a person can change.
        protected: features that advice must never touch.
        threshold: the lowest score at which the outcome is favourable.
        max_rows: the most rows to score; a lower limit makes the search coarser.

    Raises:
        ValueError: more than one row, unknown columns, or a protected feature listed as changeable.
    """
    if len(row) != 1:
        raise ValueError(f"contrast explains one row, not {len(row)}: give a frame of one row.")
    if touched := set(changeable) & set(protected):
        raise ValueError(
            f"{', '.join(sorted(touched))}: protected, so never advice; take it out of changeable."
        )
    if unknown := (set(changeable) - set(row)) | (set(row) - set(background)):
        raise ValueError(
            f"{', '.join(sorted(unknown))}: no such column in both the row and the background."
        )
    variants = Variants(score, row, threshold)
    # The remaining rows are for unneeded
    variants.left = max_rows - min(max_rows // 3, 2 * ROUND * len(variants.now))
    flip = smallest_flip(variants, background, changeable)
    listed = [
        {"feature": name, "now": variants.now[name], "changed": value}
        for name, value in flip.items()
    ]
    table = pd.DataFrame(listed, columns=["feature", "now", "changed"], dtype=object)
    flip_score = float(variants.scores([flip])[0]) if flip else None
    variants.left = max(0, max_rows - variants.rows)
    keep = unneeded(variants, background)
    return Contrast(variants.start, variants.favourable, table, flip_score, keep, variants.rows)
