"""Whether a monitor still watches, judged from its runs. Times are in seconds."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from model_monitoring.datamart.monitoring.health import sentences
from model_monitoring.datamart.monitoring.health.history import LACKING, MEASURED, RECENT
from model_monitoring.datamart.monitoring.health.rhythm import DAY, UNKNOWN, allowed

FIRST_DAYS = 7 * DAY  # that a new monitor may wait for its first rows


class Verdict(NamedTuple):
    """A state, when it began, its size (failed or blind runs, days of silence), and why.

    `said` is a sentence, and what else to say and do.
    """

    state: str
    since: float
    size: float = 0.0
    said: tuple[str, str] = ("", "")


def is_suspicious(row: Mapping) -> bool:
    """Return whether it matters when the monitor measured something before."""
    if row["measured"] is None or row["kind"] not in ("skipped", "finished"):
        return False
    return not row["counts"] or row["ended"] - row["measured"].timestamp() > UNKNOWN


def judge(
    row: Mapping,
    past: Mapping | None,
    streak: Callable[[str], tuple[int, float]],
    arrivals: Callable[[], Sequence[float]],
) -> Verdict:
    """Return whether a monitor is failing, blind, stale, waiting or fresh.

    `row` is from `history.read`. `past` is from `history.earlier`, if the monitor is suspicious.
    `streak` returns how many of the last runs are of a kind, and when the first of them began;
    `arrivals` when the newest rows or labels came that the runs measured.
    """
    now, first = row["now"].timestamp(), row["enabled_at"].timestamp()
    starts = row["starts"]
    if not starts:
        age = now - first
        if age <= UNKNOWN:
            return Verdict("waiting", first, said=sentences.not_yet())
        return Verdict("stale", first, age / DAY, sentences.never(age))
    first = min(first, row["first"].timestamp())
    quiet = now - starts[0]
    usual = allowed(starts, len(starts) == RECENT)
    is_late = quiet > usual
    found = _unseeing(row, first, past, streak)
    if found and found.state in ("failing", "blind"):
        also = sentences.late(quiet) if is_late else ""
        return found._replace(said=(found.said[0], found.said[1] + also))
    if is_late:
        return Verdict("stale", starts[0], quiet / DAY, sentences.stale(quiet))
    if found:
        return found
    if row["newest"] is not None and now - row["newest"] > max(usual, UNKNOWN):
        age = now - row["newest"]
        known = [came for came in arrivals() if came <= row["newest"]]  # later ones were erased
        if age > allowed(known, len(known) == RECENT):
            said = sentences.old(row["monitor"], age)
            return Verdict("stale", row["newest"], age / DAY, said)
    return Verdict("fresh", row["measured"].timestamp() if row["measured"] else starts[0])


def _unseeing(row: Mapping, first: float, past: Mapping | None, streak: Callable) -> Verdict | None:
    """Return whether the last runs failed or measured nothing that counts; None if neither."""
    kind = row["kind"]
    if kind is None:
        return Verdict("waiting", first, said=sentences.first_run())
    if kind in ("failed", "no baseline"):
        runs, since = streak(kind)
        if kind == "failed":
            return Verdict("failing", since, runs, sentences.failing(runs, row["reason"]))
        return Verdict("blind", since, runs, sentences.no_baseline(row["reason"]))
    if row["measured"] is None:
        if row["ended"] - first <= FIRST_DAYS:
            return Verdict("waiting", first, said=sentences.first_rows(row["reason"]))
        runs, since = streak(kind)
        return Verdict("blind", since, runs, sentences.no_rows(row["reason"]))
    return past and _uncounted(row, first, past)


def _uncounted(row: Mapping, first: float, past: Mapping) -> Verdict | None:
    """Judge a monitor that measured something before, but perhaps nothing that counts since."""
    last = row["ended"]
    measured = list(zip(past["starts"], past["counts"], strict=True))
    good = [start for start, counts in measured if counts]
    lacking = list(takewhile(lambda run: not run[1], measured))
    reason = sentences.lacking(past) if lacking else sentences.no_rows(row["reason"])
    if good:
        is_all = len(measured) < (MEASURED if row["counts"] else LACKING)
        usual = allowed([*good, first] if is_all else good)
        if last - good[0] <= max(UNKNOWN, usual):
            return None
    elif _lacks_rows(past) and last - first <= FIRST_DAYS:
        return Verdict("waiting", first, said=sentences.first_rows(past["left_out"][0]["reason"]))
    since = lacking[-1][0] if lacking else past["since"]
    if len(lacking) == LACKING and row["known_blind"]:  # it began even earlier
        since = min(since, row["known_blind"].timestamp())
    return Verdict("blind", since, sum(start >= since for start in row["starts"]), reason)


def _lacks_rows(past: Mapping) -> bool:
    """Return whether all that a run couldn't measure are groups of too few rows."""
    left = past["left_out"] or []
    return bool(left) and not past["doubts"] and all(one["kind"] == "group" for one in left)
