"""Write fairness results as Clarify's analysis.json, which SageMaker Studio and the SDK read."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..evaluation import Fairness
from ..metrics import METRICS


def analysis(fairness: Fairness, label: str, explanations: Mapping | None = None) -> dict:
    """Return the content of analysis.json, ready for json.dumps, without NaN or infinity.

    Args:
        fairness: what ``fairness.evaluate`` found; intersections are left out, because Clarify
            doesn't have them.
        label: the label's column.
        explanations: what ``explain.clarify_section`` returned.
    """
    document = {"version": "1.0"}
    metrics = fairness.metrics[fairness.metrics["feature"].isin(fairness.features)]
    for stage in ("post_training", "pre_training"):
        document[f"{stage}_bias_metrics"] = {
            "label": label,
            "facets": _facets(metrics[metrics["stage"] == stage]),
            "label_value_or_threshold": fairness.favourable,
        }
    return document | ({"explanations": dict(explanations)} if explanations else {})


def _facets(metrics: pd.DataFrame) -> dict[str, list]:
    """Nest the metrics of one stage by facet and group."""
    facets = {}
    for (feature, group), part in metrics.groupby(["feature", "group"], sort=False):
        listed = [_metric(row) for row in part.to_dict("records")]
        facets.setdefault(feature, []).append({"value_or_threshold": group, "metrics": listed})
    return facets


def _metric(row: dict) -> dict:
    """Write one metric; infinity is a string, because JSON lacks it."""
    value = float(row["value"])
    written = {"name": row["metric"], "description": METRICS[row["metric"]].description}
    if np.isnan(value):
        return written | {"value": None, "error": row["note"]}
    if np.isinf(value):
        return written | {"value": "Infinity" if value > 0 else "-Infinity"}
    return written | {"value": value}
