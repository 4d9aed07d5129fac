"""The quantile sketch in Model Monitor's statistics.json: KLL as Amazon's deequ builds it.

Level h holds values that each represent 2**h rows. Karnin, Lang & Liberty (2016) describe the
sketch. deequ's variant (QuantileNonSample, k = 2048, c = 0.64) is deterministic: the same rows in
the same order give the same arrays. So the arrays in the files of AWS can be reproduced item for
item.
"""

import math

import numpy as np

K = 2048
C = 0.64
# The number of values that a level (0 at the bottom) holds before it counts as full; a value of
# level 63 would represent 2**63 rows.
CAPACITY = tuple(2 * (math.ceil(K * C**level / 2) + 1) for level in range(64))
_NONE = np.empty(0)


class Sketch:
    """Summarise a stream of floats.

    The result is the same however the stream is split into updates.

    Attributes:
        levels: one array of values per level, in deequ's stored order.
        compactions: the number of times that each level was compacted, which decides which half of
            the sorted values moves up.
    """

    def __init__(self, levels: list | None = None, compactions: list[int] | None = None):
        self.levels = [np.asarray(level, float) for level in levels or [[]]]
        self.compactions = list(compactions or [0] * len(self.levels))
        self._recount()

    def _recount(self) -> None:
        self._room = sum(CAPACITY[: len(self.levels)])
        self._size = sum(map(len, self.levels))

    def update(self, values: np.ndarray) -> None:
        """Add finite floats, shape (n,), in row order."""
        start = 0
        while start < len(values):
            # deequ adds one value at a time and condenses as soon as the sketch holds more than it
            # has room for. Until then a value only joins level 0, so all values up to that point
            # can join at once.
            run = values[start : start + max(1, self._room - self._size + 1)]
            self.levels[0] = np.concatenate([self.levels[0], run])
            self._size += len(run)
            start += len(run)
            if self._size > self._room:
                self._condense()

    def _condense(self) -> None:
        """Compact the lowest full level into the one above."""
        full = 0
        while len(self.levels[full]) < CAPACITY[full]:
            full += 1
        if full + 1 == len(self.levels):
            self.levels.append(_NONE)
            self.compactions.append(0)
            self._room += CAPACITY[full + 1]
        values = self.levels[full]
        even = len(values) // 2 * 2
        # The offset starts at 0 and flips before every second compaction: 0, 1, 1, 0, 0, 1, 1, ...
        offset = (self.compactions[full] + 1) // 2 % 2
        self.compactions[full] += 1
        self.levels[full] = values[even:].copy() if even < len(values) else _NONE
        values[:even].sort()
        promoted = values[offset:even:2]
        self.levels[full + 1] = np.concatenate([self.levels[full + 1], promoted])
        self._size -= even - len(promoted)

    def merge(self, other: "Sketch") -> None:
        """Add the rows of another sketch to this one, as deequ does when Spark joins partitions."""
        for h, level in enumerate(other.levels):
            if h == len(self.levels):
                self.levels.append(_NONE)
                self.compactions.append(0)
            self.levels[h] = np.concatenate([self.levels[h], level])
        self._recount()
        while self._size >= self._room:
            self._condense()


def weighted_values(levels: list) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of a sketch, sorted, and the rows that each of them represents.

    A value may occur more than once.
    """
    values = np.concatenate([np.asarray(level, float) for level in levels])
    weights = np.repeat(2.0 ** np.arange(len(levels)), [len(level) for level in levels])
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def buckets(levels: list, low: float, high: float) -> list[dict[str, float]]:
    """Count rows in ten equal bins from ``low`` to ``high``, as deequ's KLLSketch reports them.

    Ranks come from the sketch, so counts are approximate once it has more than one level. A
    constant column gives ten identical bins, of which only the last counts.
    """
    values, weights = weighted_values(levels)
    ranks = np.concatenate([[0.0], np.cumsum(weights)])
    edges = [low + (high - low) * i / 10 for i in range(11)]
    below = ranks[np.searchsorted(values, edges, side="left")]
    below[10] = ranks[np.searchsorted(values, edges[10], side="right")]
    if low == high:
        below[:10] = 0
    return [
        {
            "lower_bound": edges[i],
            "upper_bound": edges[i + 1],
            "count": float(below[i + 1] - below[i]),
        }
        for i in range(10)
    ]
