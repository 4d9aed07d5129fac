"""How numbers, times and limits are written on a page."""

from datetime import UTC, datetime

from model_monitoring.datamart.monitoring.health.sentences import RUNS


def number(value: object) -> str:
    """Write a number with four significant digits, None as a dash, other values as they are."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,d}"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def when(time: datetime | None) -> str:
    """Write a time in UTC, to the minute."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if time else "–"


def limits(row: dict) -> str:
    """Write the limits of a measurement or alert."""
    parts = []
    if row["lower_limit"] is not None:
        parts.append(f"≥ {number(row['lower_limit'])}")
    if row["upper_limit"] is not None:
        parts.append(f"≤ {number(row['upper_limit'])}")
    return ", ".join(parts) or "–"


def silence(alert: dict) -> str:
    """Write how large the problem behind an alert on a monitor's health is."""
    count = round(alert["value"])
    unit = "day" if alert["slice"] == "stale" else "run"
    what = {"failing": "failed", "blind": "measured nothing that counts", "stale": "without a run"}
    if alert["slice"] == "stale" and (alert["opened_because"] or "").startswith(RUNS):
        return f"{count:,d} {'day' if count == 1 else 'days'} without anything new"
    return f"{count:,d} {unit}{'' if count == 1 else 's'} {what[alert['slice']]}"


def words(name: str) -> str:
    """Write an identifier in words."""
    return name.replace("_", " ")


def columns(row: dict) -> list[str]:
    """Order the columns of a table from a run's details, because jsonb keeps no order."""
    return sorted(row, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


FIRST = ("feature", "feature_name", "name", "drifted", "real", "matters", "effect", "visible")
FIRST += ("distance", "threshold", "p_value", "q_value")
FILTERS = {one.__name__: one for one in (number, when, limits, silence, words, columns)}
