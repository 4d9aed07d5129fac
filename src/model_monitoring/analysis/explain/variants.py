"""Score variants of one row: the row with some of its values changed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype

from .scoring import Score

FINE = 16


def are_numbers(kind) -> bool:
    """Tell whether a column, or its type, is of numbers: booleans have no values in between."""
    return is_numeric_dtype(kind) and not is_bool_dtype(kind)


class Variants:
    """Score variants of one row, and count them.

    ``left`` is the number of rows that may still be scored; callers must not let it fall below 0.
    """

    def __init__(self, score: Score, row: pd.DataFrame, threshold: float):
        self._score, self.threshold, self.rows, self.left = score, threshold, 0, 0
        self.kinds, self.now = row.dtypes, row.to_dict("records")[0]
        self.start = float(self.scores([{}])[0])
        self.favourable = self.start >= threshold

    def scores(self, changes: Sequence[dict]) -> np.ndarray:
        """Score the row after each change, a dict of new values by feature; shape (changes,)."""
        self.rows += len(changes)
        self.left -= len(changes)
        varied = pd.DataFrame([self.now | one for one in changes]).astype(self.kinds)
        return np.asarray(self._score(varied), float)

    def flips(self, scores: np.ndarray) -> np.ndarray:
        """Tell which scores are on the other side of the threshold."""
        return (scores >= self.threshold) != self.favourable

    def is_number(self, name: str) -> bool:
        """Tell whether the row has a number for this feature."""
        return are_numbers(self.kinds[name]) and pd.notna(self.now[name])

    def steps(self, name: str, near, far, fine: int = FINE) -> list:
        """List values from ``near`` to ``far`` in ``fine`` steps, both included.

        The values of an integer feature are whole numbers, each listed once.
        """
        values = np.linspace(near, far, fine + 1)
        if is_integer_dtype(self.kinds[name]):
            values = np.round(values).astype(int)
        return list(dict.fromkeys(values.tolist()))
