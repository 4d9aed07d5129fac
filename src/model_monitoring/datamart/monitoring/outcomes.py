"""What a run finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Measurement:
    """One value of one metric; `slice` is the part of the rows it is of, or empty for all.

    `limits` are those of this slice, if they differ from its metric's.
    """

    metric: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    slice: str = ""
    limits: tuple[float | None, float | None] | None = None


@dataclass(frozen=True)
class Outcome:
    """What a monitor found in a window; if it measured nothing, `skipped` says why.

    `limits` are those of `enable`, unless a run applies others.
    """

    records: int
    window: tuple[datetime | None, datetime | None] = (None, None)
    measurements: Sequence[Measurement] = ()
    details: dict = field(default_factory=dict)
    skipped: str | None = None
    limits: dict[str, tuple[float | None, float | None]] | None = None


def refuse_erased(run: Mapping) -> None:
    """Raise ValueError if a run's details were erased with rows that it read."""
    if run.get("erased"):
        raise ValueError(
            f"Run {run['run_uid']} has only its measurements left: rows that it read were erased,"
            " and its details with them. Run the monitor again to get details of the remaining"
            " rows."
        )
