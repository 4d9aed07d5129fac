"""Clarify's flip test: does the model treat a group like its nearest neighbours in another?"""

import numpy as np
import pandas as pd
from sklearn.neighbors import KNeighborsClassifier

from ..wording import counted

PAIRS = 250_000_000
SIDE = 100_000
NEIGHBOURS = 5


def flip_test(
    features: pd.DataFrame,
    group: np.ndarray,
    reference: np.ndarray,
    favourable: np.ndarray,
    rng: np.random.Generator,
) -> tuple[float, tuple[int, int, int], str]:
    """Compute FT: of the group, the share that its neighbours' outcomes would flip down, minus up.

    The reference outcome of each member of the group is a vote of its nearest neighbours in the
    reference group (5, or 1 if the reference has fewer than 10 rows). At most 250 million pairs are
    compared, and 100,000 rows per side, drawn at random; two groups of 15,811 rows are compared
    whole. Rows with a missing value are left out. Numbers are used as they are, as in Clarify.
    Strings, which Clarify refuses, become one column per category.

    Args:
        features: n rows without the protected attribute.
        group, reference: which rows belong to each of the two, bool (n,).
        favourable: which rows have a favourable prediction, bool (n,).
        rng: draws the sample.

    Returns:
        The value (NaN if a side is empty, or no feature is left); how many of the group's rows get
        more than their neighbours, less, and how many there are; and a note about the sample.
    """
    if features.shape[1] == 0:
        return np.nan, (0, 0, 0), "No feature is left to find similar rows by"
    kept = [np.flatnonzero(side) for side in (group, reference)]
    limit = min(SIDE, PAIRS // max(1, min(*map(len, kept), int(PAIRS**0.5))))
    kept = [
        np.sort(rng.choice(side, limit, replace=False)) if len(side) > limit else side
        for side in kept
    ]
    kept = [side[features.iloc[side].notna().all(axis=1)] for side in kept]
    if not all(map(len, kept)):
        incomplete = group.any() and reference.any()
        return np.nan, (0, 0, 0), "Every row of a group misses a feature" if incomplete else ""
    note = ""
    if any(
        len(now) < np.count_nonzero(side)
        for now, side in zip(kept, (group, reference), strict=True)
    ):
        note = f"on {counted(len(kept[0]), 'row')} of the group and {len(kept[1])} of its reference"
    table = pd.get_dummies(features.iloc[np.concatenate(kept)], dtype=float).to_numpy(float)
    members, others = table[: len(kept[0])], table[len(kept[0]) :]
    neighbours = KNeighborsClassifier(NEIGHBOURS if len(others) > 9 else 1).fit(
        others, favourable[kept[1]]
    )
    flips = favourable[kept[0]].astype(int) - neighbours.predict(members).astype(int)
    more, less = int((flips > 0).sum()), int((flips < 0).sum())
    return float(flips.mean()), (more, less, len(flips)), note
