"""Charts: everything is drawn in its place, and no finite value breaks them."""

import math
import re
from datetime import UTC, datetime, timedelta

import pytest

from model_monitoring.console.charts import line_chart, sparkline

START = datetime(2026, 1, 1, tzinfo=UTC)


def points(*values, **more):
    return [
        {"ts": START + timedelta(hours=i), "value": value} | more for i, value in enumerate(values)
    ]


def spots(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.e+-]+) ([\d.e+-]+)", path)]


def test_points_are_where_their_time_and_value_put_them():
    chart = line_chart(points(0.0, 5.0, 10.0))
    assert chart.y_labels == ["10", "7.5", "5", "2.5", "0"]
    assert chart.x_labels == ["2026-01-01 00:00", "2026-01-01 02:00"]
    assert spots(chart.line) == [(0, 100), (50, 50), (100, 0)]


def test_the_scale_includes_the_limits():
    chart = line_chart(points(0.95, 0.9, lower_limit=0.5, upper_limit=None))
    assert float(chart.y_labels[-1]) <= 0.5
    top, bottom = float(chart.y_labels[0]), float(chart.y_labels[-1])
    assert chart.limits == [pytest.approx(100 * (top - 0.5) / (top - bottom), abs=0.01)]


def test_a_gap_is_not_drawn_over_and_a_single_point_is_visible():
    chart = line_chart(points(1.0, None, 2.0, 3.0))
    assert chart.line.count("M") == 2
    assert len(spots(chart.dots)) == 3
    many = line_chart(points(*[1.0] * 70, None, 2.0, None, *[1.0] * 70))
    assert len(spots(many.dots)) == 1  # between two gaps


def test_outside_and_new_versions_are_marked():
    found = points(1.0, 2.0, 3.0)
    found[1]["outside"] = True
    for version, point in zip((1, 1, 2), found, strict=True):
        point["version"] = version
    chart = line_chart(found)
    assert [x for x, _ in spots(chart.outside)] == [50]
    assert chart.changes == [100]


def test_the_band_runs_along_the_top_and_back_along_the_bottom():
    found = points(1.0, 2.0)
    for point in found:
        point |= {"low": point["value"] - 1, "high": point["value"] + 1}
    chart = line_chart(found)
    assert [x for x, _ in spots(chart.band)] == [0, 100, 100, 0]
    assert chart.band.endswith("z")


def test_nothing_to_draw():
    assert line_chart([]) is None
    assert line_chart(points(None, None)) is None
    assert line_chart(points(math.nan)) is None
    assert sparkline([], 0.5, None) is None
    assert sparkline([1.0], 0.5, None) is None


@pytest.mark.parametrize(
    "values",
    [(0.0, 0.0), (1e-300, 2e-300), (1e300, -1e300), (1.7e308, -1.7e308), (1e16, 1e16 + 2),
     (5, 5), (-1, -1), (0.1, 0.3), (math.inf, 1.0), (math.nan, 1.0), (1e-9, 1e9)],
)  # fmt: skip
def test_any_numbers_stay_inside(values):
    chart = line_chart(points(*values))
    if chart:
        assert 2 <= len(chart.y_labels) <= 12
        assert all(
            -0.01 <= y <= 100.01 and 0 <= x <= 100 for x, y in spots(chart.line + chart.dots)
        )
    small = sparkline(values, None, None)
    if small:
        assert all(-0.01 <= y <= 100.01 for _, y in spots(small.line))


def test_a_sparkline_keeps_the_limit_in_view():
    chart = sparkline([0.9, 0.95, 0.85], 0.8, None)
    assert chart.limits[0] > max(y for _, y in spots(chart.line))  # below the values, on the screen
    assert spots(chart.dots) == [(100, spots(chart.line)[-1][1])]
