"""The fairness report: two printed pages of HTML for the person who is accountable for a model."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..wording import counted
from .evaluation import Fairness
from .metrics import METRICS

HERE = Path(__file__).parent
CSS = (HERE / "report.css").read_text(encoding="utf-8")
WIDTH, LEFT, ROW = 760, 250, 28  # of the chart, in its own units


def render(
    found: Fairness,
    *,
    subscription: str,
    endpoint: str,
    run: Mapping,
    favourable: Sequence,
    companion: Mapping | None = None,
) -> str:
    """Return the report as one page of HTML that needs no other files and no scripts.

    Args:
        found: what the run found.
        subscription, endpoint: names for the heading.
        run: run_uid, started, window_start, window_end, labelled_rows, ignored_rows,
            perturbed_rows.
        favourable: the favourable outcomes.
        companion: of a de-biased companion: endpoint, kind, feature, validation_rows, original,
            frontier, costs, deleted_at; None if there isn't one.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined
    )
    environment.filters.update(when=_when, percent=_percent, figure=_figure)
    environment.globals.update(counted=counted)
    judged = found.groups[found.groups["role"] == "minority"]
    metrics, columns = _metrics(found.metrics)
    return environment.get_template("report.html").render(
        css=Markup(CSS),
        subscription=subscription,
        endpoint=endpoint,
        run=run,
        rows=found.rows,
        favourable=favourable,
        findings=[finding for finding in found.groups["finding"] if finding],
        judged=int((judged["warning"] == "").sum()),
        not_measured=[str(one) for one in found.not_measured],
        chart=_chart(judged),
        groups=found.groups.to_dict("records"),
        metrics=metrics,
        columns=columns,
        companion=companion,
        chosen=next((point for point in companion["frontier"] if point["chosen"]), None)
        if companion
        else None,
    )


def _chart(groups: pd.DataFrame) -> dict:
    """Place scores, intervals and thresholds in the chart."""
    values = groups[["fairness_score", "score_low", "score_high", "threshold"]].to_numpy(float)
    seen = values[np.isfinite(values)]
    low = np.floor(10 * min(0.7, *seen)) / 10
    high = min(np.ceil(10 * max(1.1, *seen)) / 10, 3.0)

    def place(value: float | None) -> float | None:
        inside = value is not None and np.isfinite(value)
        return (
            round(LEFT + (WIDTH - LEFT - 20) * (min(value, high) - low) / (high - low), 1)
            if inside
            else None
        )

    rows = [
        {
            "label": f"{row.feature}: {row.group}",
            "y": ROW * at + ROW // 2,
            "x": place(row.fairness_score),
            "low": place(row.score_low),
            "high": place(row.score_high),
            "limit": place(row.threshold),
            "biased": row.biased,
        }
        for at, row in enumerate(groups.itertuples())
    ]
    step = 0.1 if high - low <= 1 else 0.5
    ticks = [round(float(value), 1) for value in np.arange(low, high + step / 2, step)]
    ticks = [{"value": 1 if value == 1 else value, "x": place(value)} for value in ticks]
    return {
        "width": WIDTH,
        "height": ROW * len(rows) + 24,
        "left": LEFT,
        "rows": rows,
        "ticks": ticks,
    }


def _metrics(metrics: pd.DataFrame) -> tuple[list[dict], list[str]]:
    """Lay out metrics: one row each, with a cell for each group."""
    parts = [
        (f"{feature}: {group}", part)
        for (feature, group), part in metrics.groupby(["feature", "group"], sort=False)
    ]
    cells = [{row["metric"]: _cell(row) for row in part.to_dict("records")} for _, part in parts]
    rows = [
        {
            "name": name,
            "meaning": about.meaning,
            "direction": about.direction,
            "cells": [each[name] for each in cells],
        }
        for name, about in METRICS.items()
    ]
    return rows, [name for name, _ in parts]


def _cell(row: Mapping) -> dict:
    interval = (
        "" if pd.isna(row["ci_low"]) else f"({_figure(row['ci_low'])} to {_figure(row['ci_high'])})"
    )
    return {"text": _figure(row["value"]), "interval": interval, "note": row["note"]}


def _when(time: datetime | None) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if time else "–"


def _percent(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.1%}"


def _figure(value: float | None) -> str:
    if value is None or pd.isna(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.3f}"
