"""What a monitor could not measure, and why: a part of its result, so that nothing is left out in
silence.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from .wording import counted


class NotMeasured(NamedTuple):
    """Name one column, metric, group or number of rows that a monitor could not measure.

    ``rows`` says how many rows it is about, if not all. ``lasting`` marks what no other window will
    bring back: what the baseline lacks, or what was never asked for.
    """

    kind: Literal["column", "metric", "group", "rows"]
    name: str
    reason: str
    rows: int | None = None
    lasting: bool = False

    def __str__(self) -> str:
        about = "" if self.rows is None else f"{counted(self.rows, 'row')} of "
        return f"{about}{self.name} not measured: {self.reason}"


def count(found: Iterable[NotMeasured]) -> str:
    """Count what was not measured in words, such as ``2 columns, 1 row``; empty if there is none.

    >>> count([NotMeasured("column", "age", "no value"), NotMeasured("rows", "age", "text", 7)])
    '1 column, 7 rows'
    """
    totals: dict[str, int] = {}
    for one in found:
        kind = one.kind.removesuffix("s")
        totals[kind] = totals.get(kind, 0) + (one.rows or 1 if kind == "row" else 1)
    return ", ".join(counted(n, kind) for kind, n in totals.items())
