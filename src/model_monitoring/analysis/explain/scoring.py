"""Call the model that is explained, and check what it returns."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..wording import counted

Score = Callable[[pd.DataFrame], Sequence[float]]
BATCH = 5_000


def call(score: Score, rows: pd.DataFrame) -> np.ndarray:
    """Score rows, and check that there is one number per row."""
    scores = np.asarray(score(rows), float)
    if scores.shape != (len(rows),):
        raise ValueError(
            f"score returned an array of shape {scores.shape} for {counted(len(rows), 'row')}; "
            "it must return one number per row."
        )
    return scores


def coalitions(
    score: Score, rows: pd.DataFrame, background: pd.DataFrame, masks: np.ndarray, progress
) -> np.ndarray:
    """Score each row under each coalition, filled up from each background row.

    A coalition is a line of ``masks`` (m, features): the row's values where it is true, those of
    the background row elsewhere. The result has the shape (m, rows, background rows).
    """
    together = pd.concat([rows, background], ignore_index=True)
    columns = {name: together[name].array for name in together}
    shape = (len(masks), len(rows), len(background))
    scores = np.empty(np.prod(shape))
    hidden = not progress or scores.size <= BATCH
    for start in tqdm(range(0, scores.size, BATCH), disable=hidden, desc="explaining"):
        cells = np.arange(start, min(start + BATCH, scores.size))
        mask, row, other = np.unravel_index(cells, shape)
        picks = [np.where(masks[mask, at], row, len(rows) + other) for at in range(len(columns))]
        mixed = {
            name: column.take(pick)
            for (name, column), pick in zip(columns.items(), picks, strict=True)
        }
        scores[cells] = call(score, pd.DataFrame(mixed))
    return scores.reshape(shape)


def log_odds(scores: np.ndarray) -> np.ndarray:
    """Turn probabilities into log-odds, clipped to a millionth from 0 and 1."""
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(
            "The model's scores aren't probabilities; explain it with link='identity'."
        )
    kept = np.clip(scores, 1e-6, 1 - 1e-6)
    return np.log(kept / (1 - kept))
