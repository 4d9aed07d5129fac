"""CloudWatch alarms on metrics: they change their state here, but don't carry out their actions."""

import operator
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local_aws.kept import state

_OPERATORS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_WITHOUT_DATA = {"breaching": "ALARM", "notBreaching": "OK", "missing": "INSUFFICIENT_DATA"}


def evaluate(_: datetime, now: datetime) -> None:
    """Set each alarm on a metric's statistic to the state that its data imply."""
    for backend in list(cloudwatch_backends[state.ACCOUNT].values()):
        for alarm in list(backend.alarms.values()):
            if (
                not alarm.metric_name
                or not alarm.statistic
                or alarm.comparison_operator not in _OPERATORS
            ):
                continue  # on an expression, a percentile or an anomaly band
            found, reason = _state(backend, alarm, now)
            if found and found != alarm.state_value:
                backend.set_alarm_state(alarm.name, reason, "{}", found)


def _state(backend: Any, alarm: Any, now: datetime) -> tuple[str | None, str]:
    """Return the state of an alarm and the reason; None to leave it as it is.

    As on AWS, the range of data is longer than the evaluation periods, here by one, because metrics
    arrive late.
    """
    period, count = int(alarm.period), int(alarm.evaluation_periods)
    this = datetime.fromtimestamp(now.timestamp() // period * period, UTC).replace(tzinfo=None)
    values = []
    for number in range(count, -1, -1):
        start = this - number * timedelta(seconds=period)
        points = backend.get_metric_statistics(
            alarm.namespace,
            alarm.metric_name,
            start,
            start + timedelta(seconds=period),
            period,
            [alarm.statistic],
            [{"Name": one.name, "Value": one.value} for one in alarm.dimensions],
        )
        values += [float(point.get_statistics_for_type(alarm.statistic)) for point in points[:1]]
    values = values[-count:]
    if not values:
        found = _WITHOUT_DATA.get(alarm.treat_missing_data or "missing")
        return found, "Insufficient Data: no datapoints were received for the evaluation range."
    compare, threshold = _OPERATORS[alarm.comparison_operator], float(alarm.threshold)
    breaching = sum(compare(value, threshold) for value in values)
    needed = int(alarm.datapoints_to_alarm or count)
    words = f"Threshold Crossed: {breaching} of the last {len(values)} datapoints {values} were "
    return (
        "ALARM" if breaching >= needed else "OK",
        f"{words}{alarm.comparison_operator} ({threshold}).",
    )
