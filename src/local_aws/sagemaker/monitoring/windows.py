"""When a monitoring schedule runs, and which hours of captured data a run reads."""

import re
from datetime import datetime, timedelta
from typing import Any

from local_aws.wire.errors import validation_error

NOW = "NOW"
_CRON = re.compile(
    r"cron\(0 (?:(?P<hourly>\*)|(?P<hour>\d{1,2})(?:/(?P<every>\d{1,2}))?) \? \* \* \*\)"
)
_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?"
)
_DAILY = "cron(0 0 ? * * *)"


def expression_of(config: dict[str, Any]) -> str:
    """Return a MonitoringScheduleConfig's expression; without one it is daily, as in the SDK."""
    return config.get("ScheduleConfig", {}).get("ScheduleExpression", _DAILY)


def cadence(expression: str) -> timedelta | None:
    """Return the time between two runs; None for NOW.

    Raises:
        AwsError: ValidationException for an expression that Model Monitor doesn't support; it
            supports hourly, daily and every so many hours.
    """
    if expression == NOW:
        return None
    match = _CRON.fullmatch(expression)
    if match and match["hourly"]:
        return timedelta(hours=1)
    every = int(match["every"] or 24) if match else 0
    if not match or int(match["hour"]) > 23 or not 1 <= every <= 24:
        raise validation_error(
            f"Schedule expression {expression!r} is not supported: use NOW, cron(0 * ? * * *), "
            "cron(0 [00-23] ? * * *) or cron(0 [00-23]/[01-24] ? * * *)."
        )
    return timedelta(hours=every)


def check_config(config: dict[str, Any]) -> None:
    """Check a MonitoringScheduleConfig's schedule; raises ValidationException."""
    expression = expression_of(config)
    cadence(expression)
    ends = [
        config.get("ScheduleConfig", {}).get(f"DataAnalysis{end}Time") for end in ("Start", "End")
    ]
    if expression == NOW and not all(ends):
        raise validation_error(
            "A schedule of expression NOW needs DataAnalysisStartTime and DataAnalysisEndTime."
        )
    if expression != NOW and any(ends):
        raise validation_error(
            "DataAnalysisStartTime and DataAnalysisEndTime are for the schedule expression NOW."
        )
    for end in filter(None, ends):
        offset(end)


def longest_run(expression: str, monitoring_type: str) -> int | None:
    """Return the most seconds that a run may take by AWS's rule; None for NOW.

    An hourly quality run may take half of its hour. (API reference, MonitoringStoppingCondition.)
    """
    apart = cadence(expression)
    if apart is None:
        return None
    hourly_quality = apart == timedelta(hours=1) and monitoring_type == "ModelQuality"
    return int(apart.total_seconds()) // (2 if hourly_quality else 1)


def offset(text: str) -> timedelta:
    """Read a duration of days, hours and minutes, such as -PT1H; raises ValidationException."""
    match = _DURATION.fullmatch(text)
    if not match or not any(match[part] for part in ("days", "hours", "minutes")):
        raise validation_error(f"{text!r} isn't a duration such as -PT1H or -P1D.")
    size = timedelta(**{part: int(match[part] or 0) for part in ("days", "hours", "minutes")})
    return -size if match["sign"] else size


def window(
    config: dict[str, Any], endpoint_input: dict[str, Any], scheduled: datetime
) -> tuple[datetime, datetime]:
    """Return the first and last moment of the data of a run that is scheduled for a time.

    By default it is the time since the run before; otherwise the endpoint input's offsets, or those
    of NOW, set it.

    Raises:
        AwsError: ValidationException if it ends before it begins.
    """
    expression = expression_of(config)
    if expression == NOW:
        asked = [config["ScheduleConfig"][f"DataAnalysis{end}Time"] for end in ("Start", "End")]
        ends = [scheduled + offset(one) for one in asked]
    else:
        start, end = (endpoint_input.get(f"{end}TimeOffset") for end in ("Start", "End"))
        ends = [
            scheduled + (offset(start) if start else -cadence(expression)),
            scheduled + (offset(end) if end else timedelta()),
        ]
    if ends[0] >= ends[1]:
        raise validation_error(
            f"The window of data ends at {ends[1]}, before it begins at {ends[0]}."
        )
    return ends[0], ends[1]


def hours(start: datetime, end: datetime) -> list[datetime]:
    """List the hours of a window: captured data has one folder per hour."""
    first = start.replace(minute=0, second=0, microsecond=0)
    count = -(-(end - first) // timedelta(hours=1))
    return [first + timedelta(hours=number) for number in range(count)]
