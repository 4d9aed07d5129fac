"""What one column's cells add up to: counts by kind, moments, quantile sketch, distinct values,
categories.
"""

import copy
import math
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .celltypes import INTEGRAL, LARGE, Cells, are_large, cells, count_whole, value_counts
from .distinct import DistinctCounter
from .drift import Mode
from .kll import Sketch
from .texts import Texts

# deequ lists a column's categories up to 120 distinct values (its low-cardinality histogram
# threshold).
LOW_CARDINALITY = 120
_BLOCK = 16_384


class Column:
    """Accumulate one column; equal for any way of cutting its rows into updates, and mergeable.

    Numbers are worked off in blocks of a fixed size counted from the column's first number, and the
    rest waits, so that floating-point sums do not depend on the cuts.
    """

    def __init__(self, name: str, awaited: Collection[str] = ()):
        """Start an empty column; rows of the ``awaited`` texts are counted whatever else comes."""
        self.name = name
        self.missing = self.integral = self.fractional = self.boolean = self.text = 0
        self.whole = 0  # of the fractional ones: 61.0 is a whole number written with a point
        self.awaited = dict.fromkeys(awaited, 0)
        self.low, self.high, self.total = math.inf, -math.inf, 0.0
        # Around the first number, so that squares keep their precision
        self._shift = self._sum = self._squares = 0.0
        self._waiting = np.empty(0)
        self.sketch, self.distinct = Sketch(), DistinctCounter()
        self.texts = Texts()
        # Numbers as written; None once there are too many to be categories
        self._written: dict[str, int] | None = {}

    @property
    def numbers(self) -> int:
        """Return how many cells are numbers."""
        return self.integral + self.fractional

    @property
    def present(self) -> int:
        """Return how many cells are not missing."""
        return self.numbers + self.boolean + self.text

    @property
    def completeness(self) -> float:
        """Return the share of cells that are not missing."""
        rows = self.present + self.missing
        return self.present / rows if rows else 0.0

    @property
    def inferred_type(self) -> str:
        """Return Integral, Fractional, String or Unknown by deequ's rule; a Boolean column is a
        String one.
        """
        if not self.present:
            return "Unknown"
        if self.text or self.boolean:
            return "String"
        return "Fractional" if self.fractional else "Integral"

    def share_of(self, kind: str, mode: Mode) -> float:
        """Return the share of present cells that fit an inferred type; in mode aws, of those that
        are exactly of it (deequ's hasDataType).
        """
        exactly = {
            "Integral": self.integral,
            "Fractional": self.fractional,
            "String": self.text + self.boolean,
        }
        fits = {
            "Integral": self.integral + self.whole,
            "Fractional": self.numbers,
            "String": self.present,
        }
        return (exactly if mode == "aws" else fits)[kind] / self.present

    @property
    def categories(self) -> dict[str, int] | None:
        """Return rows per category of a String column, None if it has more than 120 categories."""
        if self._written is None:
            return None
        counts = dict(self.texts.counts)
        for value, count in self._written.items():
            counts[value] = counts.get(value, 0) + count
        return counts if len(counts) <= LOW_CARDINALITY else None

    def rows_of(self, value: str) -> int:
        """Return how many cells hold this text; exact for an awaited one, and for any of few."""
        if value in self.awaited:
            return self.awaited[value]
        return self.texts.counts.get(value, 0) + (self._written or {}).get(value, 0)

    def add(self, values) -> None:
        """Add cells in row order: an Arrow array, pandas series or numpy array."""
        found = cells(values)
        self.missing += found.missing
        self.integral += found.integral
        self.fractional += found.fractional
        self.boolean += found.boolean
        self.text += len(found.texts) - found.boolean
        if found.fractional:
            self.whole += count_whole(found)
        if self.awaited:
            self._count_awaited(found)
        if are_large(found.numbers):
            self._count_large(found)
        if self._written is not None and len(found.numbers):
            self._count_written(found)
        for start in range(0, len(found.texts), _BLOCK):
            self.distinct.add_hashes(self.texts.add(found.texts[start : start + _BLOCK]))
        waiting = (
            np.concatenate([self._waiting, found.numbers]) if len(self._waiting) else found.numbers
        )
        whole = len(waiting) // _BLOCK * _BLOCK
        for start in range(0, whole, _BLOCK):
            self._absorb(waiting[start : start + _BLOCK])
        self._waiting = waiting[whole:].copy()

    def _count_written(self, found: Cells) -> None:
        """Count numbers as they were written, as long as they may turn out to be categories."""
        written = found.numbers if found.written is None else found.written
        # A look at the first thousand spares most columns the rest
        for part in (written[:1000], written[1000:]):
            self._add_written(value_counts(part, found.integral))
            if self._written is None:
                return

    def _add_written(self, counts: Iterable[tuple[str, int]]) -> None:
        """Add rows per written number, or give up once there are too many to be categories."""
        for value, count in counts:
            self._written[value] = self._written.get(value, 0) + count
            if len(self._written) > LOW_CARDINALITY:
                self._written = None
                return

    def _count_awaited(self, found: Cells) -> None:
        for part in (found.texts, found.numbers if found.written is None else found.written):
            for value, count in value_counts(part, found.integral):
                if value in self.awaited:
                    self.awaited[value] += count

    def _count_large(self, found: Cells) -> None:
        """Count different numbers that a double doesn't tell apart; _absorb leaves them out."""
        large = np.abs(found.numbers) >= LARGE
        if found.written is not None:
            written = found.written.filter(pa.array(large))
            whole = pc.match_substring_regex(written, INTEGRAL)
            self.distinct.add_whole(written.filter(whole))
            large[large] = ~whole.to_numpy(zero_copy_only=False)
        self.distinct.add_numbers(found.numbers[large])

    def _absorb(self, block: np.ndarray) -> None:
        """Work off a block of numbers."""
        if not len(block):
            return
        if self.low > self.high:
            self._shift = float(block[0])
        low, high = float(block.min()), float(block.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        # Statistics() says it when numbers are too large
        with np.errstate(over="ignore", invalid="ignore"):
            # AWS adds the rows up one by one, and so do we, to the same last digit.
            self.total = float(np.add.accumulate(np.concatenate([[self.total], block]))[-1])
            centred = block - self._shift
            self._sum += float(centred.sum())
            centred *= centred
            self._squares += float(centred.sum())
        self.sketch.update(block)
        large = max(high, -low) >= LARGE  # those are counted already
        self.distinct.add_numbers(block[np.abs(block) < LARGE] if large else block)

    def settled(self) -> "Column":
        """Return this column with no number left waiting: a copy, unless there is nothing to do."""
        if not len(self._waiting):
            return self
        column = copy.deepcopy(self)
        column._absorb(column._waiting)
        column._waiting = np.empty(0)
        return column

    @property
    def mean(self) -> float:
        """Return the mean of the numbers of a settled column."""
        return self.total / self.numbers

    @property
    def std_dev(self) -> float:
        """Return the population standard deviation of the numbers of a settled column.

        While the sketch still holds every number in row order, Spark's own row-by-row update
        (CentralMomentAgg, after Welford 1962) is replayed and the result equals AWS's to the last
        digit; beyond that, to about 12 digits.
        """
        if len(self.sketch.levels) == 1:
            seen = average = squares = 0.0
            for value in self.sketch.levels[0].tolist():
                seen += 1
                delta = value - average
                average += delta / seen
                squares += delta * (delta - delta / seen)
            return math.sqrt(squares / self.numbers)
        return math.sqrt(max(0.0, self._squares - self._sum**2 / self.numbers) / self.numbers)

    def merge(self, other: "Column") -> None:
        """Add another column's cells, as if its rows followed."""
        self._absorb(self._waiting)
        self._waiting = np.empty(0)
        other = other.settled()
        if other.numbers:
            if not self.numbers:
                self._shift = other._shift
            # Re-centre the other's sums (Chan, Golub & LeVeque 1979)
            move = other._shift - self._shift
            self._squares += other._squares + 2 * move * other._sum + other.numbers * move**2
            self._sum += other._sum + other.numbers * move
        for count in ("missing", "integral", "fractional", "whole", "boolean", "text", "total"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.sketch.merge(other.sketch)
        self.distinct.merge(other.distinct)
        self.texts.merge(other.texts)
        self.awaited = {
            value: rows + other.rows_of(value) for value, rows in self.awaited.items()
        }
        if self._written is not None and other._written is not None:
            self._add_written(other._written.items())
        else:
            self._written = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        column = self.settled()
        return {
            **{key: getattr(column, key) for key in _PLAIN},
            "low": column.low if column.numbers else None,
            "high": column.high if column.numbers else None,
            "levels": [level.tolist() for level in column.sketch.levels],
            "compactions": column.sketch.compactions,
            "distinct": column.distinct.hashes.tolist(),
            "texts": column.texts.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> "Column":
        """Return the column that ``to_dict`` described."""
        column = cls(state["name"])
        state = {"whole": 0, "awaited": {}} | state  # written before these were counted
        for key in _PLAIN:
            setattr(column, key, state[key])
        column.texts = Texts.from_dict(state["texts"])
        if state["low"] is not None:
            column.low, column.high = state["low"], state["high"]
        column.sketch = Sketch(state["levels"], state["compactions"])
        column.distinct = DistinctCounter(state["distinct"])
        return column


_PLAIN = ("name", "missing", "integral", "fractional", "whole", "boolean", "text", "total")
_PLAIN += ("awaited", "_shift", "_sum", "_squares", "_written")
