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

from . import drift
from .columns import Column
from .texts import K, hashes, sparse

_FREQUENT = 100
FEW = 20


class Aspect(NamedTuple):
    """One way in which two columns may differ: the largest gap of shares, and of how many rows on
    either side.
    """

    name: str
    gap: float
    n: float
    m: float


def needed(column: Column) -> bool:
    """Return whether a text column has to be compared by its shape: it has too many values to be
    listed, or they are numbers for the most part, and more than a few.
    """
    categories = column.categories
    return categories is None or (2 * column.numbers >= column.present and len(categories) > FEW)


def describe(column: Column) -> dict[str, Any]:
    """Return the shape of a settled column as plain JSON values; texts themselves aren't in it."""
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
    missing = [side["missing"] / n for side, n in zip((known, seen), rows, strict=True)]
    yield Aspect("share of missing values", abs(missing[0] - missing[1]), *rows)
    if not all(present):
        return
    numbers = [readable(side) / n for side, n in zip((known, seen), present, strict=True)]
    yield Aspect("share of numbers", abs(numbers[0] - numbers[1]), *present)
    if all(readable(side) for side in (known, seen)):
        steps = [drift.steps(side["levels"]) for side in (known, seen)]
        yield Aspect("numbers", drift.linf(*steps), steps[0].rows, steps[1].rows)
    if mostly_numbers(known) or not (known["texts"] and seen["texts"]):
        return
    for name, key in (("length of the text", "lengths"), ("number of words", "words")):
        steps = [_steps(side[key]) for side in (known, seen)]
        yield Aspect(name, drift.linf(*steps), known["texts"], seen["texts"])
    yield Aspect("most frequent values", _frequent(known, seen), known["texts"], seen["texts"])
    yield from _unseen(known["sample"], seen["sample"])


def _steps(pairs: list) -> drift.Steps:
    values, rows = np.array(pairs, float).T
    return drift.Steps(values, np.cumsum(rows))


def _frequent(known: dict, seen: dict) -> float:
    """Return the largest difference of a value's share; a value that isn't listed on a side has at
    most the share of the last one that is.
    """
    gap = 0.0
    for one, other in ((known, seen), (seen, known)):
        listed = dict(map(tuple, other["frequent"]))
        least = min(listed.values()) / other["texts"] if len(listed) == _FREQUENT else 0.0
        for value, rows in one["frequent"]:
            share = rows / one["texts"]
            there = listed[value] / other["texts"] if value in listed else min(share, least)
            gap = max(gap, share - there)
    return gap


def _unseen(known: list, seen: list) -> Iterator[Aspect]:
    """Compare the share of rows with values that the baseline lacks with the share to be expected,
    that of values which occur once in it (Good 1953).

    Of either sample only hashes that the other would hold, too, count.
    """
    if not known or not seen:
        return
    limits = [side[-1][0] if len(side) == K else np.inf for side in (known, seen)]
    known, seen = ([pair for pair in side if pair[0] <= min(limits)] for side in (known, seen))
    there = {value for value, _ in known}
    n, m = (sum(rows for _, rows in side) for side in (known, seen))
    if n and m:
        expected = sum(rows for _, rows in known if rows == 1) / n
        found = sum(rows for value, rows in seen if value not in there) / m
        yield Aspect("share of values not seen before", max(0.0, found - expected), n, m)
