"""How long a monitor may be silent, from how often it ran before."""

from collections.abc import Sequence
from itertools import pairwise

from model_monitoring.analysis.wording import counted

HOUR = 3600.0
DAY = 24 * HOUR
UNKNOWN = 2 * DAY  # allowed before there is a rhythm
TOGETHER = HOUR / 6  # runs that begin within ten minutes, such as a second try, are one occasion
FEW = 10  # gaps; with fewer, a rhythm of less than a day may be that of somebody who tries things


def allowed(starts: Sequence[float], others_before: bool = False) -> float:
    """Return the longest silence, in seconds, that is usual for runs with these starts.

    That is the usual gap and two more, but at most two days more; a run a day may miss a weekend,
    and a run a week is missed after nine days. Gaps that occurred twice, such as weekends, are
    usual too. `others_before` says that `starts`, in seconds, aren't all there are.
    """
    occasions: list[float] = []
    for start in sorted(starts):
        if not occasions or start - occasions[-1] >= TOGETHER:
            occasions.append(start)
    gaps = sorted(after - before for before, after in pairwise(occasions))
    if not gaps:
        return UNKNOWN
    usual = gaps[(len(gaps) - 1) // 2]
    second_longest = gaps[max(0, len(gaps) - 2)]
    silence = max(usual + min(2 * usual, 2 * DAY), 1.25 * second_longest)
    is_known = len(gaps) >= FEW and (others_before or occasions[-1] - occasions[0] >= DAY)
    return silence if is_known else max(silence, UNKNOWN)


def in_words(seconds: float) -> str:
    """Write a length of time in its largest unit: "3 hours", "60 days"."""
    for unit, length in (("day", DAY), ("hour", HOUR), ("minute", 60.0)):
        if seconds >= 2 * length or (seconds >= length and unit != "day"):
            break
    count = max(1, round(seconds / length))
    return counted(count, unit)
