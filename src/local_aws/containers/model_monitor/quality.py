"""Model quality in sagemaker-model-monitor-analyzer: its variables' columns, and metrics."""

import json
import math
import re
from pathlib import Path
from typing import Any

from model_monitoring.analysis.files.jobs import Result
from model_monitoring.analysis.quality.jobs import Columns, run_model_quality

# What holds the rows of an answer, before the path within a row
_ENVELOPE = re.compile(r"^(?:(?:predictions|outputs|instances)\[[\d*]*\]\.?|SageMakerOutput\.)")


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

    An index stands for a column of a CSV file without a header, or for an output of the endpoint in
    merged requests; a JSON path for the field that it leads to: `predictions[0].score`,
    `probabilities[1]`, `result.label`.

    Raises:
        ValueError: neither a prediction nor a probability is named, or a baseline's label isn't.
    """
    merged = "sagemakerMergeJson" in json.loads(environment["dataset_format"])

    unnamed = "_out" if merged else "_c"

    def name(attribute: str) -> str | None:
        path = _ENVELOPE.sub("", environment.get(attribute, "").strip()) or "0"
        place = re.fullmatch(r"\[?(\d+)\]?", path)
        if not environment.get(attribute):
            return None
        return f"{unnamed}{place[1]}" if place else re.sub(r"\[(\d+)\]", r"_\1", path)

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
