"""Clarify's bias monitor: is a metric further from its fair value than in the baseline?"""

from collections.abc import Iterator, Mapping

from ..metrics import METRICS


def violations(baseline: Mapping, current: Mapping) -> dict:
    """Compare two analysis.json and return the content of constraint_violations.json.

    A metric is violated if it is further from its fair value than in the baseline, on either side
    (AWS developer guide, "Bias drift violations": a baseline of 0.2 allows 0.1 but not -0.3). The
    fair value is 0, and 1 for DI. Infinity counts as further away. A metric that has no value in
    the baseline or now isn't judged.
    """
    known = dict(_values(baseline))
    found = [
        {
            "facet": facet,
            "facet_value": group,
            "metric_name": name,
            "constraint_check_type": "bias_drift_check",
            "description": f"Metric value {value} doesn't meet the baseline constraint "
            f"requirement {limit}",
        }
        for (facet, group, name), value in _values(current)
        if (limit := known.get((facet, group, name))) is not None
        and abs(value - METRICS[name].fair) > abs(limit - METRICS[name].fair)
    ]
    return {"version": "1.0", "violations": found}


def _values(analysis: Mapping) -> Iterator[tuple[tuple[str, str, str], float]]:
    """Yield (facet, group, name) and the value of each metric that has one."""
    for stage in ("pre_training_bias_metrics", "post_training_bias_metrics"):
        for facet, groups in analysis.get(stage, {}).get("facets", {}).items():
            for group in groups:
                for metric in group["metrics"]:
                    if metric["value"] is not None:
                        yield (
                            (facet, group["value_or_threshold"], metric["name"]),
                            float(metric["value"]),
                        )
