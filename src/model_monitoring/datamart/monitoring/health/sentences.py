"""What is wrong with a monitor, and what to do, in words.

Each function returns a sentence that alerts keep, so it quotes nothing that a run has read, and the
rest.
"""

from collections.abc import Mapping

from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.monitoring.health.rhythm import in_words

Said = tuple[str, str]
ESTIMATED = "drift_magnitude"  # has no value if the estimate isn't believable
RUNS = "It runs, but"
SCHEDULE = "Call run(), or run all monitors on a schedule with model-monitoring run."


def outside(alerts: int) -> str:
    """Say what to do about unresolved alerts."""
    what = counted(alerts, "alert is unresolved", "alerts are unresolved")
    return f"{what}: find the cause, and acknowledge what somebody looks after."


def failing(runs: int, error: str | None) -> Said:
    """Say that the last runs failed."""
    which = "The last run" if runs == 1 else f"The last {runs} runs"
    return f"{which} failed.", f"{_quoted(error)} Mend the cause, and run it again."


def no_baseline(reason: str | None) -> Said:
    """Say that there is nothing to compare with: of the deployed version, or of the new types."""
    said = "It measures nothing: it has no baseline for the deployed version of the model."
    return said, f"{_quoted(reason)} Call enable() with the training data of this version."


def no_rows(reason: str | None) -> Said:
    """Say that rows have stopped to arrive, or are too few."""
    said = f"{RUNS} has measured nothing for longer than usual."
    return said, f"{_quoted(reason)} See whether rows, or their labels, still arrive."


def lacking(past: Mapping) -> Said:
    """Say which of the last measurements don't count, and why."""
    left, metrics = past["left_out"] or [], past["lacking"]
    about = [one for one in left if one["name"] in metrics] or left
    why = "".join(f" {one['name']}: {_ended(one['reason'])}" for one in about[:1])
    if metrics and not (past["doubts"] and metrics == [ESTIMATED]):
        said = f"{RUNS} {' and '.join(metrics)} had no value, and nothing watches the limit."
        return said, f"See the last run.{why}"
    if past["doubts"]:
        said = f"{RUNS} its estimate of the accuracy isn't believable."
        advice = "Get labels, or call enable() with more scored rows."
        return said, f"{_ended('; '.join(past['doubts']))} {advice}"
    return f"{RUNS} nothing that it measured had a value.", f"See the last run.{why}"


def first_rows(reason: str | None) -> Said:
    """Say what a new monitor waits for."""
    return "It waits for its first rows.", _quoted(reason)


def first_run() -> Said:
    """Say that the first run of a monitor hasn't ended."""
    return "Its first run is under way.", ""


def not_yet() -> Said:
    """Say that a new monitor hasn't run."""
    return "It hasn't run yet.", SCHEDULE


def never(age: float) -> Said:
    """Say that a monitor has never run."""
    return f"It has never run in the {in_words(age)} since it was enabled.", SCHEDULE


def stale(quiet: float) -> Said:
    """Say that a monitor no longer runs."""
    advice = "See whether its schedule (model-monitoring run) still runs, or disable it."
    return f"It last ran {in_words(quiet)} ago, which is longer than usual.", advice


def old(monitor: str, age: float) -> Said:
    """Say that a monitor measures the same old rows, or labels, again and again."""
    what, came = ("label", "came") if monitor == "quality" else ("row", "was scored")
    said = (
        f"{RUNS} the newest {what} that it measures {came} {in_words(age)} ago, which is"
        " longer than usual."
    )
    return said, f"See whether {what}s still arrive."


def late(quiet: float) -> str:
    """Add that a monitor doesn't even run."""
    return f" It hasn't run for {in_words(quiet)} either."


def recovered(state: str, silent: str | None) -> str:
    """Say why an alert is closed, by what the monitor is now."""
    if silent:
        return f"It is {silent} now."
    return {"off": "It was switched off.", "waiting": "It is new."}.get(state, "It measures again.")


def _quoted(said: str | None) -> str:
    """Quote a run's own words; with erased rows, they are erased too."""
    return f"It said: {_ended(said)}" if said else "The run's own words were erased."


def _ended(said: str) -> str:
    said = said.strip()
    return said if said.endswith((".", "…", "!", "?")) else f"{said}."
