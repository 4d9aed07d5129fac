"""Line charts as paths on a square of 100 by 100, which templates put into an inline SVG.

Labels are in HTML beside the drawing: the drawing stretches with the page, but text must not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from model_monitoring.console.formats import number, when

FEW = 60  # up to this number of points, each is a dot on the line


@dataclass(frozen=True)
class Chart:
    """What a template draws. Paths are the `d` of an SVG path; labels go from the top and left."""

    line: str
    dots: str
    band: str
    outside: str
    limits: list[float]  # their heights
    changes: list[float]  # where another version of the model came into use
    y_labels: list[str]
    x_labels: list[str]
    says: str  # what the drawing shows, for those who can't see it


def line_chart(points: Sequence[dict], value: str = "value") -> Chart | None:
    """Draw points with `ts` and a value; return None if none of them has a value.

    `low`, `high`, `outside`, `version` and limits are drawn too, if the points have them.
    """
    if not any(_known(point[value]) for point in points):
        return None
    limits = [points[-1].get(name) for name in ("lower_limit", "upper_limit")]
    limits = [limit for limit in limits if _known(limit)]
    heights = [
        point[name]
        for point in points
        for name in (value, "low", "high")
        if _known(point.get(name))
    ]
    ticks = _ticks([*heights, *limits])
    if not ticks:
        return None
    first, last = points[0]["ts"], points[-1]["ts"]
    span = (last - first).total_seconds()

    def x(point: dict) -> float:
        return round(100 * (point["ts"] - first).total_seconds() / span, 2) if span else 50.0

    def y(height: float) -> float:
        return round(100 * (ticks[-1] - height) / (ticks[-1] - ticks[0]), 2)

    drawn = [[(x(p), y(p[value])) for p in stretch] for stretch in _stretches(points, value)]
    bands = [
        [(x(p), y(p["low"]), y(p["high"])) for p in stretch]
        for stretch in _stretches(points, "low")
    ]
    # A value between two gaps has no line, so it is a dot in any case.
    dotted = [stretch for stretch in drawn if len(points) <= FEW or len(stretch) == 1]
    outside = [p for p in points if p.get("outside") and _known(p[value])]
    versions = [point for point in points if point.get("version") is not None]
    changed = [b for a, b in pairwise(versions) if a["version"] != b["version"]]
    return Chart(
        line="".join(_path(stretch) for stretch in drawn),
        dots="".join(_path([spot]) for stretch in dotted for spot in stretch),
        band="".join(_outline(band) for band in bands),
        outside="".join(_path([(x(p), y(p[value]))]) for p in outside),
        limits=[y(limit) for limit in limits],
        changes=[x(point) for point in changed],
        y_labels=[number(tick) for tick in reversed(ticks)],
        x_labels=[when(first), when(last)] if span else [when(first)],
        says=_in_words([point[value] for point in points if _known(point[value])]),
    )


def sparkline(
    values: Sequence[float | None], lower: float | None, upper: float | None
) -> Chart | None:
    """Draw values at equal distances, without labels; None if there are fewer than two."""
    known = [value for value in values if _known(value)]
    limits = [limit for limit in (lower, upper) if _known(limit)]
    ticks = _ticks([*known, *limits])
    if len(known) < 2 or not ticks:
        return None
    heights = [100 * (ticks[-1] - value) / (ticks[-1] - ticks[0]) for value in (*known, *limits)]
    spots = [
        (round(100 * i / (len(known) - 1), 2), round(height, 2))
        for i, height in enumerate(heights[: len(known)])
    ]
    return Chart(
        line=_path(spots),
        dots=_path(spots[-1:]),
        band="",
        outside="",
        limits=[round(height, 2) for height in heights[len(known) :]],
        changes=[],
        y_labels=[],
        x_labels=[],
        says=_in_words(known),
    )


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _in_words(values: Sequence[float]) -> str:
    lowest, highest = number(min(values)), number(max(values))
    count = "1 value" if len(values) == 1 else f"{len(values)} values"
    return f"{count} from {lowest} to {highest}, the last {number(values[-1])}"


def _stretches(points: Sequence[dict], name: str) -> list[list[dict]]:
    """Split points at those without a value, so that no line is drawn over a gap."""
    runs = groupby(points, lambda point: _known(point.get(name)))
    return [list(stretch) for known, stretch in runs if known]


def _path(spots: Sequence[tuple[float, float]]) -> str:
    """Join spots by a line; h0 makes a single spot visible, as a dot."""
    (x, y), *others = spots
    return f"M{x} {y}h0" + "".join(f"L{x} {y}" for x, y in others)


def _outline(band: Sequence[tuple[float, float, float]]) -> str:
    """Enclose a band of places with their low and high: along the top, back along the bottom."""
    top = [(place, high) for place, _, high in band]
    bottom = [(place, low) for place, low, _ in band[::-1]]
    return _path(top + bottom) + "z"


def _ticks(values: Sequence[float]) -> list[float]:
    """Choose four to eight round numbers, evenly spaced, that enclose the values.

    There are none without a value, or if the range of the values exceeds what a number can hold.
    """
    if not values:
        return []
    low, high = min(values), max(values)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - (abs(low) / 10 or 1), high + (abs(high) / 10 or 1)
    if not math.isfinite(high - low):
        return []
    least = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(least))
    steps = (power * factor for factor in (1, 2, 2.5, 5))
    step = next((step for step in steps if step >= least), power * 10)
    start = math.floor(low / step)
    return [(start + i) * step for i in range(math.ceil(high / step) - start + 1)]
