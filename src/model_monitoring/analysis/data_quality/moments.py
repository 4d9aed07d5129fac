"""The moments of a column, added up as Spark does it."""

import math

import numpy as np


def row_by_row(numbers: np.ndarray) -> float:
    """Return the population standard deviation of numbers, shape (n,), in their order.

    The update is Spark's (CentralMomentAgg, after Welford 1962), to the last digit.
    """
    seen = average = squares = 0.0
    for value in numbers.tolist():
        seen += 1
        delta = value - average
        average += delta / seen
        squares += delta * (delta - delta / seen)
    return math.sqrt(squares / seen)
