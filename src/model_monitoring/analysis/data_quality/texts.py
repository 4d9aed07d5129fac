"""What the texts of one column look like, in bounded memory and whatever the order of the rows.

A column of names, notes or ids has too many values to count each. Its shape is kept instead: how
long texts are, in how many words, which values are frequent, and a sample of values with all their
rows: those with the 1,024 smallest hashes, on whose share of the values two data sets can be
compared (coordinated sampling; Brewer 1972, Beyer et al. 2007).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from . import amounts
from .kll import Sketch

K = 1024
_MOST = 10_000  # values counted; past it, the rarer half is forgotten
_LONGEST, _MOST_WORDS = 1000, 200  # beyond it, texts are told apart no more


class Texts:
    """Accumulate the texts of a column; mergeable.

    Attributes:
        counts: rows per text; complete up to 10,000 different ones, beyond that of the frequent
            ones.
        amounts: a sketch of the numbers that some of the texts say, see amounts.py.
        amount: how many texts say one.
        has_shape: False if some texts come from a version that kept nothing but counts.
    """

    def __init__(self):
        self.counts: dict[str, int] = {}
        self.lengths = np.zeros(_LONGEST + 1, np.int64)
        self.words = np.zeros(_MOST_WORDS + 1, np.int64)
        self.hashes, self.rows = np.empty(0, np.uint64), np.empty(0, np.int64)
        self.amounts, self.amount = Sketch(), 0
        self.has_shape = True

    def add(self, texts: pa.StringArray) -> np.ndarray:
        """Add texts in row order; return the hashes of the different ones."""
        counted = pc.value_counts(texts)
        different = counted.field("values")
        values, rows = different.to_pylist(), counted.field("counts").to_numpy()
        hashed = hashes(values)
        self._sample(hashed, rows)
        self._count(zip(values, rows.tolist(), strict=True))
        for kept, sizes in (
            (self.lengths, pc.utf8_length(different)),
            (self.words, pc.count_substring_regex(different, r"\S+")),
        ):
            sizes = np.minimum(sizes.to_numpy(), len(kept) - 1)
            kept += np.bincount(sizes, rows, len(kept)).astype(np.int64)
        if pc.any(pc.match_substring_regex(different, amounts.PATTERN)).as_py():
            found = amounts.find(texts)
            self.amount += len(found)
            self.amounts.update(found)
        return hashed

    def _count(self, counts: Iterable[tuple[str, int]]) -> None:
        for value, rows in counts:
            self.counts[value] = self.counts.get(value, 0) + rows
        if len(self.counts) > _MOST:
            rows = np.fromiter(self.counts.values(), np.int64, len(self.counts))
            frequent = np.argsort(-rows, kind="stable")[: _MOST // 2]
            values = list(self.counts)
            self.counts = {values[at]: int(rows[at]) for at in frequent.tolist()}

    def _sample(self, hashes: np.ndarray, rows: np.ndarray) -> None:
        """Keep all rows of the values with the smallest hashes."""
        if len(self.hashes) == K:
            small = hashes <= self.hashes[-1]
            hashes, rows = hashes[small], rows[small]
        if not len(hashes):
            return
        hashes, where = np.unique(np.concatenate([self.hashes, hashes]), return_inverse=True)
        rows = np.bincount(where, np.concatenate([self.rows, rows])).astype(np.int64)
        self.hashes, self.rows = hashes[:K], rows[:K]

    def merge(self, other: "Texts") -> None:
        """Add another column's texts."""
        self._count(other.counts.items())
        self._sample(other.hashes, other.rows)
        self.lengths += other.lengths
        self.words += other.words
        self.amounts.merge(other.amounts)
        self.amount += other.amount
        self.has_shape &= other.has_shape

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        if not self.has_shape:
            return self.counts
        return {
            "counts": self.counts,
            "lengths": sparse(self.lengths),
            "words": sparse(self.words),
            "sample": [self.hashes.tolist(), self.rows.tolist()],
            "amounts": [level.tolist() for level in self.amounts.levels],
            "compactions": self.amounts.compactions,
            "amount": self.amount,
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> "Texts":
        """Return the texts that ``to_dict`` described."""
        texts = cls()
        if not isinstance(state.get("lengths"), list):  # written before there was more than counts
            texts.counts = dict(state)
            texts.has_shape = not state
            return texts
        texts.counts, texts.amount = dict(state["counts"]), state["amount"]
        for kept, pairs in ((texts.lengths, state["lengths"]), (texts.words, state["words"])):
            for size, rows in pairs:
                kept[size] = rows
        texts.hashes = np.array(state["sample"][0], np.uint64)
        texts.rows = np.array(state["sample"][1], np.int64)
        texts.amounts = Sketch(state["amounts"], state["compactions"])
        return texts


def hashes(values: list[str]) -> np.ndarray:
    """Return a 64-bit hash of each text, the same on every machine."""
    return pd.util.hash_array(np.array(values, dtype=object), categorize=False)


def sparse(counts: np.ndarray) -> list[list[int]]:
    """Return [position, rows] of whatever has rows."""
    where = np.flatnonzero(counts)
    return [list(pair) for pair in zip(where.tolist(), counts[where].tolist(), strict=True)]
