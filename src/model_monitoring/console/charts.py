"""Line charts as geometry: paths on a square of 100 by 100, which templates put into an inline SVG
of any shape.

Text stands beside the drawing, in HTML: the drawing stretches with the page, and text must not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from model_monitoring.console.formats import number, when

FEW = 60  # points, up to which each is a dot on the line


@dataclass(frozen=True)
class Chart:
    """Paths (the `d` of an SVG path), heights of limits, places of model changes, labels from the
    top and the left.
    """

    line: str
    dots: str
    band: str
    outside: str
    limits: list[float]
    changes: list[float]
    y_labels: list[str]
    x_labels: list[str]


def line_chart(points: Sequence[dict], value: str = "value") -> Chart | None:
    """Draw points with `ts` and a value, and with `low`, `high`, `outside`, `version` and limits
    where they have them.

    None where no point has a value.
    """
    limits = [
        points[-1][name]
        for name in ("lower_limit", "upper_limit")
        if points and _known(points[-1].get(name))
    ]
    heights = [
        point[name]
        for point in points
        for name in (value, "low", "high")
        if _known(point.get(name))
    ]
    ticks = _ticks([*heights, *limits]) if any(_known(point[value]) for point in points) else []
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
    versions = [point for point in points if point.get("version") is not None]
    return Chart(
        line="".join(_path(stretch) for stretch in drawn),
        dots="".join(
            _path([spot])
            for stretch in drawn
            for spot in stretch
            if len(points) <= FEW or len(stretch) == 1
        ),
        band="".join(
            _path([(a, h) for a, _, h in band] + [(a, w) for a, w, _ in band[::-1]]) + "z"
            for band in bands
        ),
        outside="".join(
            _path([(x(p), y(p[value]))]) for p in points if p.get("outside") and _known(p[value])
        ),
        limits=[y(limit) for limit in limits],
        changes=[
            x(after)
            for before, after in pairwise(versions)
            if before["version"] != after["version"]
        ],
        y_labels=[number(tick) for tick in reversed(ticks)],
        x_labels=[when(first), when(last)] if span else [when(first)],
    )


def sparkline(
    values: Sequence[float | None], lower: float | None, upper: float | None
) -> Chart | None:
    """Draw values at equal distances, without labels; None where there are fewer than two."""
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
    )


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _stretches(points: Sequence[dict], name: str) -> list[list[dict]]:
    """Split points where they lack a value: a gap must not be drawn over."""
    return [
        list(stretch)
        for known, stretch in groupby(points, lambda point: _known(point.get(name)))
        if known
    ]


def _path(spots: Sequence[tuple[float, float]]) -> str:
    """Join spots by a line; h0 makes a single one visible, as a dot."""
    (x, y), *others = spots
    return f"M{x} {y}h0" + "".join(f"L{x} {y}" for x, y in others)


def _ticks(values: Sequence[float]) -> list[float]:
    """Choose four to eight round numbers, evenly spaced, that enclose the values; none where no
    scale holds them.
    """
    if not values:
        return []
    low, high = min(values), max(values)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - (abs(low) / 10 or 1), high + (abs(high) / 10 or 1)
    if not math.isfinite(high - low):
        return []
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(
        (power * factor for factor in (1, 2, 2.5, 5) if power * factor >= (high - low) / 4),
        power * 10,
    )
    start = math.floor(low / step)
    return [(start + i) * step for i in range(math.ceil(high / step) - start + 1)]
