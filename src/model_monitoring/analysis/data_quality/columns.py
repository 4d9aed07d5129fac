"""The statistics of one column.

They are counts by kind, moments, a quantile sketch, distinct values and categories.
"""

import copy
import math
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from .celltypes import LARGE, Cells, are_large, cells, texts, value_counts
from .distinct import DistinctCounter
from .drift import Mode
from .kll import Sketch
from .moments import row_by_row
from .texts import Texts

# deequ lists the categories of a column of up to 120 distinct values (the threshold of its
# low-cardinality histogram).
LOW_CARDINALITY = 120
_BLOCK = 16_384


class Column:
    """Accumulate one column.

    The result is the same however its rows are split into updates, and columns can be merged.
    Numbers are processed in blocks of a fixed size, counted from the first number of the column,
    and the rest waits. So floating-point sums don't depend on how the rows are split.
    """

    def __init__(self, name: str, awaited: Collection[str] = (), is_text: bool = False):
        """Start an empty column; rows of the ``awaited`` strings are counted in any case.

        The cells of a column that ``is_text`` are strings even if they look like numbers.
        """
        self.name = name
        self._read = texts if is_text else cells
        self.missing = self.integral = self.fractional = self.boolean = self.text = 0
        self.whole = 0  # numbers without a fraction, however written: 61.0 is one
        self.awaited = dict.fromkeys(awaited, 0)
        self.low, self.high, self.total = math.inf, -math.inf, 0.0
        # Relative to the first number, so that squares keep their precision
        self._shift = self._sum = self._squares = 0.0
        self._waiting = np.empty(0)
        self.sketch, self.distinct = Sketch(), DistinctCounter()
        self.texts = Texts()
        # Rows per number as written; None once there are too many numbers to be categories
        self._written: dict[str, int] | None = {}

    @property
    def numbers(self) -> int:
        """Return the number of cells that are numbers."""
        return self.integral + self.fractional

    @property
    def present(self) -> int:
        """Return the number of cells that aren't missing."""
        return self.numbers + self.boolean + self.text

    @property
    def completeness(self) -> float:
        """Return the share of cells that aren't missing."""
        rows = self.present + self.missing
        return self.present / rows if rows else 0.0

    @property
    def inferred_type(self) -> str:
        """Return Integral, Fractional, String or Unknown by deequ's rule.

        A Boolean column is a String column.
        """
        if not self.present:
            return "Unknown"
        if self.text or self.boolean:
            return "String"
        return "Fractional" if self.fractional else "Integral"

    def share_of(self, kind: str, mode: Mode) -> float:
        """Return the share of present cells of a settled column that fit an inferred type; in mode
        aws, of those that are exactly of it (deequ's hasDataType).
        """
        counts = (self.whole, self.numbers, self.present)
        if mode == "aws":
            counts = (self.integral, self.fractional, self.text + self.boolean)
        return counts[("Integral", "Fractional", "String").index(kind)] / self.present

    @property
    def categories(self) -> dict[str, int] | None:
        """Return rows per category of a String column, None if it has more than 120 categories."""
        if self._written is None:
            return None
        counts = self.listed
        return counts if len(counts) <= LOW_CARDINALITY else None

    @property
    def listed(self) -> dict[str, int]:
        """Return rows per value of a String column: of all while they are few, else of some."""
        counts = dict(self.texts.counts)
        for value, count in (self._written or {}).items():
            counts[value] = counts.get(value, 0) + count
        return counts

    def rows_of(self, value: str) -> int:
        """Return how many cells hold this text; exact for an awaited one, and for any of few."""
        if value in self.awaited:
            return self.awaited[value]
        return self.texts.counts.get(value, 0) + (self._written or {}).get(value, 0)

    def add(self, values) -> None:
        """Add cells in row order: an Arrow array, pandas series or numpy array."""
        found = self._read(values)
        self.missing += found.missing
        self.integral += found.integral
        self.fractional += found.fractional
        self.boolean += found.boolean
        self.text += len(found.texts) - found.boolean
        if self.awaited:
            self._count_awaited(found)
        if are_large(found.numbers):  # _absorb leaves them out
            self.distinct.add_large(found.numbers, found.written)
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
        """Count numbers as they were written, while they can still be categories."""
        written = found.numbers if found.written is None else found.written
        # For most columns the first thousand values are enough to give up
        for part in (written[:1000], written[1000:]):
            self._add_written(value_counts(part, found.integral))
            if self._written is None:
                return

    def _add_written(self, counts: Iterable[tuple[str, int]]) -> None:
        """Add rows per written number, or give up if there are too many to be categories."""
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

    def _absorb(self, block: np.ndarray) -> None:
        """Process a block of numbers."""
        if not len(block):
            return
        if self.low > self.high:
            self._shift = float(block[0])
        low, high = float(block.min()), float(block.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        whole = np.count_nonzero(block == np.floor(block)) if self.fractional else len(block)
        self.whole += int(whole)
        # statistics() raises an error if numbers are too large
        with np.errstate(over="ignore", invalid="ignore"):
            # AWS adds the rows up one by one; doing the same gives the same last digit.
            self.total = float(np.add.accumulate(np.concatenate([[self.total], block]))[-1])
            centred = block - self._shift
            self._sum += float(centred.sum())
            centred *= centred
            self._squares += float(centred.sum())
        self.sketch.update(block)
        large = max(high, -low) >= LARGE  # those are counted already
        self.distinct.add_numbers(block[np.abs(block) < LARGE] if large else block)

    def settled(self) -> "Column":
        """Return this column with no numbers waiting: a copy, unless none are."""
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

        While the sketch still holds all numbers in row order, it equals that of AWS to the last
        digit. Beyond that it agrees to about 12 digits.
        """
        if len(self.sketch.levels) == 1:
            return row_by_row(self.sketch.levels[0])
        return math.sqrt(max(0.0, self._squares - self._sum**2 / self.numbers) / self.numbers)

    def merge(self, other: "Column") -> None:
        """Add the cells of another column, as if its rows followed."""
        self._absorb(self._waiting)
        self._waiting = np.empty(0)
        other = other.settled()
        if other.numbers:
            if not self.numbers:
                self._shift = other._shift
            # Re-centre the sums of the other column (Chan, Golub & LeVeque 1979)
            move = other._shift - self._shift
            self._squares += other._squares + 2 * move * other._sum + other.numbers * move**2
            self._sum += other._sum + other.numbers * move
        for count in ("missing", "integral", "fractional", "whole", "boolean", "text", "total"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.sketch.merge(other.sketch)
        self.distinct.merge(other.distinct)
        self.texts.merge(other.texts)
        self.awaited = {value: rows + other.rows_of(value) for value, rows in self.awaited.items()}
        if self._written is not None and other._written is not None:
            self._add_written(other._written.items())
        else:
            self._written = None

    def to_dict(self) -> dict[str, Any]:
        """Return the whole state as plain JSON values."""
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
        # Written before these were counted
        state = {"whole": state["integral"], "awaited": {}} | state
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
