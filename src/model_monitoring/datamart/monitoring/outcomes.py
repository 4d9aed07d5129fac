"""What a run finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Measurement:
    """One value of one metric; `slice` names the part it is of, and is empty for the whole.

    `limits` are those of this slice, where they aren't its metric's.
    """

    metric: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    slice: str = ""
    limits: tuple[float | None, float | None] | None = None


@dataclass(frozen=True)
class Outcome:
    """What a monitor found in a window; with `skipped`, why it measured nothing.

    `limits` are those of `enable`, unless a run has reason to apply others.
    """

    records: int
    window: tuple[datetime | None, datetime | None] = (None, None)
    measurements: Sequence[Measurement] = ()
    details: dict = field(default_factory=dict)
    skipped: str | None = None
    limits: dict[str, tuple[float | None, float | None]] | None = None


def refuse_erased(run: Mapping) -> None:
    """Raise ValueError where a run's details are asked for that went with erased rows."""
    if run.get("erased"):
        raise ValueError(
            f"Run {run['run_uid']} keeps its measurements only: data that it read was erased, and"
            " its details with it. Run the monitor again for details of what is there now."
        )
