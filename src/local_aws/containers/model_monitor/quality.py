"""Model quality in sagemaker-model-monitor-analyzer: its variables' columns, and metrics."""

import json
import math
from pathlib import Path
from typing import Any

from model_monitoring.analysis.files.jobs import Result
from model_monitoring.analysis.quality.jobs import Columns, run_model_quality


def analyse(
    source: Path, baseline: Path | None, output: Path, environment: dict[str, str], header: bool
) -> Result:
    """Measure labelled predictions, or compare them with a baseline.

    Raises:
        ValueError: a variable is missing; also see model_monitoring.analysis.quality.jobs.
    """
    problem = environment.get("problem_type")
    if not problem:
        raise ValueError("The environment variable problem_type is missing.")
    columns = find_columns(environment)
    return run_model_quality(
        source, output, problem, columns, baseline=baseline, header=header, mode="aws"
    )


def find_columns(environment: dict[str, str]) -> Columns:
    """Name the columns that the attributes refer to.

    An index refers to a column of a CSV file without a header, or to an output of the endpoint in
    merged requests. For a JSON path, the last part is the name.

    Raises:
        ValueError: neither a prediction nor a probability is named, or a baseline's label isn't.
    """
    merged = "sagemakerMergeJson" in json.loads(environment["dataset_format"])

    def name(attribute: str) -> str | None:
        value = environment.get(attribute, "")
        if value.isdigit():
            return f"_out{value}" if merged else f"_c{value}"
        return value.rpartition(".")[2].partition("[")[0] or None

    prediction, probability = name("inference_attribute"), name("probability_attribute")
    label = "_label" if merged else name("ground_truth_attribute")
    if not label or not (prediction or probability):
        raise ValueError(
            "Name the columns: ground_truth_attribute, and inference_attribute or "
            "probability_attribute."
        )
    threshold = float(environment.get("probability_threshold_attribute", 0.5))
    return Columns(label, prediction, probability, threshold=threshold)


def metrics(result: Result) -> list[dict[str, Any]]:
    """Return a run's numbers as PutMetricData's MetricData, named as in statistics.json."""
    measured = next(value for name, value in result.statistics.items() if name.endswith("_metrics"))
    values = {name: entry.get("value") for name, entry in measured.items()}
    return [
        {"MetricName": name, "Value": float(value)}
        for name, value in values.items()
        if isinstance(value, int | float) and math.isfinite(value)
    ]
