"""What a run finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from model_monitoring.analysis.not_measured import NotMeasured, count


@dataclass(frozen=True)
class Measurement:
    """One value of one metric; `slice` is the part of the rows it is of, or empty for all.

    `limits` are those of this slice, if they differ from its metric's. A `partial` value lacks
    something that is usually measured: it may open an alert, but closes none. `chance` is the
    probability that a model within its limits gives such a value; None: take it from the interval.
    `method` says how the interval was computed, or why there is none; the run's details keep it.
    """

    metric: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    slice: str = ""
    limits: tuple[float | None, float | None] | None = None
    partial: bool = False
    chance: float | None = None
    method: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a monitor found in a window; if it measured nothing, `skipped` says why.

    `limits` are those of `enable`, unless a run applies others. `not_measured` is what the monitor
    could not look at; the run's details keep it.
    """

    records: int
    window: tuple[datetime | None, datetime | None] = (None, None)
    measurements: Sequence[Measurement] = ()
    details: dict = field(default_factory=dict)
    skipped: str | None = None
    limits: dict[str, tuple[float | None, float | None]] | None = None
    not_measured: Sequence[NotMeasured] = ()


def left_out(run: Mapping) -> str:
    """Count in words what a run's details say was not measured; empty if nothing."""
    found = [NotMeasured(**one) for one in run.get("not_measured", ())]
    return f"not measured: {count(found)}" if found else ""


def refuse_erased(run: Mapping) -> None:
    """Raise ValueError if a run's details were erased with rows that it read."""
    if run.get("erased"):
        raise ValueError(
            f"Run {run['run_uid']} has only its measurements left: rows that it read were erased,"
            " and its details with them. Run the monitor again to get details of the remaining"
            " rows."
        )
