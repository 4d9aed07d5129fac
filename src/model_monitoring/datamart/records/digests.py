"""Digests of rows and records, which tell a repetition from a conflict."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from model_monitoring.datamart.postgres.columns import Column, Values

ROWS_AT_ONCE = 10_000  # few enough for the processor's caches


def digest(columns: Sequence[tuple[Column, Values]]) -> np.ndarray:
    """Return a 64-bit digest of each row, which depends on the names and values of its columns.

    It doesn't depend on their order or on the types of numbers. A missing value counts as an absent
    column, so a repetition is still recognized after the model gained a column.
    """
    total = np.zeros(len(columns[0][1].data), dtype=np.uint64)
    for begin in range(0, len(total), ROWS_AT_ONCE):
        rows = slice(begin, begin + ROWS_AT_ONCE)
        for group in (True, False):  # first all numbers, then all strings
            chosen = [
                (column, values)
                for column, values in columns
                if (values.data.dtype == object) == group
            ]
            if chosen:
                names = tuple(column.name for column, _ in chosen)
                total[rows] += _digest(names, [values.take(rows) for _, values in chosen])
    return total


def _digest(names: tuple[str, ...], columns: Sequence[Values]) -> np.ndarray:
    """Add up the hashes of columns of one kind, each multiplied by an odd number of its own."""
    data = np.stack([values.data for values in columns])
    data = data if data.dtype == object else data.astype(np.float64) + 0.0  # -0.0 is 0.0
    hashed = pd.util.hash_array(data.ravel()).reshape(data.shape)
    for row, values in zip(hashed, columns, strict=True):
        if values.missing is not None:
            row[values.missing] = 0
    return (hashed * _odd_numbers(names)[:, None]).sum(axis=0)


@lru_cache
def _odd_numbers(names: tuple[str, ...]) -> np.ndarray:
    digests = [hashlib.sha256(name.encode()).digest()[:8] for name in names]
    return np.array([int.from_bytes(digest, "big") | 1 for digest in digests], dtype=np.uint64)
