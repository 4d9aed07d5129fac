"""What a run finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from model_monitoring.analysis.not_measured import NotMeasured, count


@dataclass(frozen=True)
class Measurement:
    """One value of one metric; `slice` names the part it is of, and is empty for the whole.

    `limits` are those of this slice, where they aren't its metric's. A `partial` value is of what
    could be measured, and something usual couldn't: it may open an alert, and closes none.
    """

    metric: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    slice: str = ""
    limits: tuple[float | None, float | None] | None = None
    partial: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a monitor found in a window; with `skipped`, why it measured nothing.

    `limits` are those of `enable`, unless a run has reason to apply others. `not_measured` is what
    the monitor could not look at; the run's details keep it.
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
    """Raise ValueError where a run's details are asked for that went with erased rows."""
    if run.get("erased"):
        raise ValueError(
            f"Run {run['run_uid']} keeps its measurements only: data that it read was erased, and"
            " its details with it. Run the monitor again for details of what is there now."
        )
