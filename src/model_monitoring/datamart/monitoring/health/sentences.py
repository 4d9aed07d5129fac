"""What is wrong with a monitor, and what to do, in words."""

from collections.abc import Mapping

from model_monitoring.datamart.monitoring.health.rhythm import in_words

SCHEDULE = "call run(), or run all monitors on a schedule with model-monitoring run."


def outside(alerts: int) -> str:
    """Say what to do about unresolved alerts."""
    what = "1 alert is unresolved" if alerts == 1 else f"{alerts} alerts are unresolved"
    return f"{what}: see the alerts, find the cause, and acknowledge them."


def failing(runs: int, error: str | None) -> str:
    """Say that the last runs failed."""
    which = "The last run" if runs == 1 else f"The last {runs} runs"
    return f"{which} failed: {_ended(error)} Mend the cause, and run it again."


def no_baseline() -> str:
    """Say that the deployed version of the model is another than the baselines'."""
    return (
        "It has no baseline for the deployed version of the model, and measures nothing: call"
        " enable() with this version's training data."
    )


def no_rows(reason: str | None) -> str:
    """Say that rows have stopped to arrive, or are too few."""
    return (
        f"It runs, but has measured nothing for longer than usual: {_ended(reason)} See whether"
        " rows, or their labels, still arrive."
    )


def lacking(past: Mapping) -> str:
    """Say which of the last measurements don't count, and why."""
    left = past["left_out"] or []
    metrics = past["lacking"]
    if metrics:
        about = [one for one in left if one["name"] in metrics] or left
        why = f" ({about[0]['name']}: {about[0]['reason']})" if about else ""
        return (
            f"It runs, but {' and '.join(metrics)} had no value, and nothing watches the limit"
            f"{why}. See the last run."
        )
    if past["doubts"]:
        return (
            f"It runs, but its estimate isn't believable: {_ended('; '.join(past['doubts']))} Get"
            " labels, or call enable() with more scored rows."
        )
    return "It runs, but nothing that it measured had a value. See the last run."


def first_rows(reason: str | None) -> str:
    """Say what a new monitor waits for."""
    return f"It waits for its first rows: {_ended(reason)}"


def first_run() -> str:
    """Say that the first run of a monitor hasn't ended."""
    return "Its first run is under way."


def not_yet() -> str:
    """Say that a new monitor hasn't run."""
    return f"It hasn't run yet: {SCHEDULE}"


def never(age: float) -> str:
    """Say that a monitor has never run."""
    return f"It has never run in the {in_words(age)} since it was enabled: {SCHEDULE}"


def stale(quiet: float) -> str:
    """Say that a monitor no longer runs."""
    return (
        f"It last ran {in_words(quiet)} ago, longer than usual: see whether its schedule"
        " (model-monitoring run) still runs, or disable it."
    )


def late(quiet: float) -> str:
    """Add that a monitor doesn't even run."""
    return f" It hasn't run for {in_words(quiet)} either."


def _ended(said: str | None) -> str:
    """Quote a reason as the end of a sentence; with erased rows, it is erased too."""
    said = (said or "the reason was erased").strip()
    return said if said.endswith((".", "…", "!", "?")) else f"{said}."
