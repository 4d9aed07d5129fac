"""EventBridge Scheduler's expressions: cron(...), rate(...) and at(...).

(EventBridge Scheduler user guide, "Schedule types".)
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from aws_croniter import AwsCroniter

_FORM = re.compile(r"(cron|rate|at)\((.*)\)")
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)s?")


def check(expression: str, zone: str = "UTC") -> None:
    """Refuse an invalid expression or time zone; raises ValueError."""
    next_time(expression, datetime.now(UTC), zone, datetime.now(UTC))


def next_time(expression: str, after: datetime, zone: str, start: datetime) -> datetime | None:
    """Return when a schedule is due next, UTC; None if never again.

    Args:
        expression: cron and at are read in the time zone.
        after: the moment after which to look, with a zone.
        zone: an IANA name.
        start: the start of a rate: it is due then, and after each interval.

    Raises:
        ValueError: the expression or the zone isn't valid.
    """
    match = _FORM.fullmatch(expression)
    if not match:
        raise ValueError(
            f"Schedule expression {expression!r} isn't cron(...), rate(...) or at(...)."
        )
    kind, text = match.groups()
    try:
        place = ZoneInfo(zone)
        if kind == "rate":
            return _next_of_rate(text, after, start)
        if kind == "at":
            moment = (
                datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=place).astimezone(UTC)
            )
            return moment if moment > after else None
        # cron follows the local clock of the zone
        clock = after.astimezone(place).replace(tzinfo=UTC)
        (found,) = _cron(text).get_next(clock)
        return found and found.replace(tzinfo=place).astimezone(UTC)
    except (ValueError, KeyError, OSError) as error:  # KeyError: an unknown zone
        raise ValueError(
            f"Schedule expression {expression!r} in time zone {zone!r} can't be read: {error}"
        ) from None


def _next_of_rate(text: str, after: datetime, start: datetime) -> datetime:
    """Return the next time of a rate such as `5 minutes`."""
    match = _RATE.fullmatch(text)
    if not match:
        raise ValueError("a rate is a whole number and minutes, hours or days")
    interval = timedelta(**{f"{match[2]}s": int(match[1])})
    return start if start > after else start + ((after - start) // interval + 1) * interval


@lru_cache(maxsize=256)
def _cron(text: str) -> AwsCroniter:
    """Parse a cron expression's six fields."""
    return AwsCroniter(text)
