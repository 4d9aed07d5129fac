"""Drift of columns of text with too many values to compare one by one, and of columns that mix
numbers with text.

Their shape is compared instead: the numbers in it (those too that are written as amounts), how long
texts are and of how many words, how frequent the frequent values are, and the shares of numbers, of
missing cells and of values that the baseline has not seen.
"""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import categories, drift, ranks, tolerance
from .columns import Column
from .texts import K, hashes, sparse

_FREQUENT = 100
FEW = 20


class Aspect(NamedTuple):
    """One way in which two columns may differ: the largest gap of shares, of how many rows on
    either side, and how likely chance alone explains it.
    """

    name: str
    gap: float
    n: float
    m: float
    chance: float


def needed(column: Column) -> bool:
    """Return whether a text column has to be compared by its shape: it has too many values to be
    listed, or they are numbers for the most part, and more than a few.
    """
    categories = column.categories
    return categories is None or (2 * column.numbers >= column.present and len(categories) > FEW)


def describe(column: Column) -> dict[str, Any] | None:
    """Return the shape of a settled column as plain JSON values; texts themselves aren't in it.

    None if some of its texts come from a version that kept no shape.
    """
    if not column.texts.has_shape:
        return None
    texts, numbers = column.texts, column.sketch
    if texts.amount:
        numbers = copy.deepcopy(numbers)
        numbers.merge(texts.amounts)
    frequent = sorted(texts.counts.items(), key=lambda pair: -pair[1])[:_FREQUENT]
    hashed = hashes([value for value, _ in frequent]).tolist() if frequent else []
    return {
        "missing": column.missing,
        "texts": column.text + column.boolean,
        "numbers": column.numbers,
        "amounts": texts.amount,
        "levels": [level.tolist() for level in numbers.levels],
        "lengths": sparse(texts.lengths),
        "words": sparse(texts.words),
        "frequent": [[h, rows] for h, (_, rows) in zip(hashed, frequent, strict=True)],
        "sample": [[h, n] for h, n in zip(texts.hashes.tolist(), texts.rows.tolist(), strict=True)],
    }


def of_numbers(feature: dict[str, Any]) -> dict[str, Any]:
    """Return the shape of a numeric feature of a statistics.json."""
    found = feature["numerical_statistics"]
    return {
        "missing": found["common"]["num_missing"],
        "texts": 0,
        "numbers": found["common"]["num_present"],
        "amounts": 0,
        "levels": found["distribution"]["kll"]["sketch"]["data"],
        **{key: [] for key in ("lengths", "words", "frequent", "sample")},
    }


def readable(shape: dict[str, Any]) -> int:
    """Return how many cells are numbers or amounts."""
    return shape["numbers"] + shape["amounts"]


def mostly_numbers(shape: dict[str, Any]) -> bool:
    """Return whether at least half of the cells that are present are numbers or amounts."""
    return 2 * readable(shape) >= shape["numbers"] + shape["texts"]


def aspects(known: dict[str, Any], seen: dict[str, Any]) -> Iterator[Aspect]:
    """Compare two shapes, the baseline's first; a side without cells gives nothing."""
    present = [side["numbers"] + side["texts"] for side in (known, seen)]
    rows = [here + side["missing"] for here, side in zip(present, (known, seen), strict=True)]
    yield _shares("share of missing values", [side["missing"] for side in (known, seen)], rows)
    if not all(present):
        return
    yield _shares("share of numbers", [readable(side) for side in (known, seen)], present)
    if all(readable(side) for side in (known, seen)):
        steps = [drift.steps(side["levels"]) for side in (known, seen)]
        exact = len(known["levels"]) == 1, len(seen["levels"]) == 1
        yield _distributions("numbers", *steps, exact)
    if mostly_numbers(known) or not (known["texts"] and seen["texts"]):
        return
    for name, key in (("length of the text", "lengths"), ("number of words", "words")):
        yield _distributions(name, _steps(known[key]), _steps(seen[key]), (True, True))
    yield _frequent(known, seen)
    yield from _unseen(known, seen)


def _shares(name: str, counts: list[int], rows: list[int]) -> Aspect:
    shares = [count / n for count, n in zip(counts, rows, strict=True)]
    then, now = ({"yes": count, "no": n - count} for count, n in zip(counts, rows, strict=True))
    chance = float(np.nan_to_num(categories.p_value(then, now), nan=1.0))
    return Aspect(name, abs(shares[0] - shares[1]), *rows, chance)


def _distributions(
    name: str, first: drift.Steps, second: drift.Steps, exact: tuple[bool, bool]
) -> Aspect:
    gap = drift.linf(first, second)
    chance = ranks.p_value(first, second, gap, exact)
    return Aspect(name, gap, first.rows, second.rows, chance)


def _steps(pairs: list) -> drift.Steps:
    values, rows = np.array(pairs, float).T
    return drift.Steps(values, np.cumsum(rows))


def _frequent(known: dict, seen: dict) -> Aspect:
    """Compare rows per value: of the values that are frequent on a side, and of the sampled ones.

    A value that isn't listed on a side has at most as many rows as the last one that is.
    """
    gap, chances = 0.0, [1.0]
    for one, other in ((known, seen), (seen, known)):
        listed = dict(map(tuple, other["frequent"]))
        least = min(listed.values()) / other["texts"] if len(listed) == _FREQUENT else 0.0
        for value, rows in one["frequent"]:
            share = rows / one["texts"]
            there = listed[value] / other["texts"] if value in listed else min(share, least)
            gap = max(gap, share - there)
            chances.append(
                tolerance.above(there * other["texts"], other["texts"], rows, one["texts"])
            )
    few = [dict(pairs) for pairs in _sampled(known, seen)]
    sampled = float(np.nan_to_num(categories.p_value(*few), nan=1.0))
    # Two looks, the first at each side's list
    chance = min(1.0, 2 * min(min(chances) * len(chances), sampled))
    return Aspect("most frequent values", gap, known["texts"], seen["texts"], chance)


def _sampled(known: dict, seen: dict) -> list[list]:
    """Return [hash, rows] of either sample, only of hashes that the other would hold, too."""
    samples = known["sample"], seen["sample"]
    limit = min(side[-1][0] if len(side) == K else np.inf for side in samples)
    return [[pair for pair in side if pair[0] <= limit] for side in samples]


def _unseen(known: dict, seen: dict) -> Iterator[Aspect]:
    """Compare the share of rows with values that the baseline lacks with the share to be expected,
    that of values which occur once in it (Good 1953).
    """
    then, now = (dict(pairs) for pairs in _sampled(known, seen))
    n, m = sum(then.values()), sum(now.values())
    if n and m:
        expected = sum(rows for rows in then.values() if rows == 1) / n
        found = sum(rows for value, rows in now.items() if value not in then) / m
        gap = max(0.0, found - expected)
        yield Aspect("share of values not seen before", gap, n, m, tolerance.unseen(then, now))
