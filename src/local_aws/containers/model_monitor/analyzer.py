"""The image sagemaker-model-monitor-analyzer: baselines and monitoring runs.

Its environment variables:

- `dataset_source`: the folder of the data: a data set for a baseline, captured or merged requests
for a run
- `dataset_format`: JSON with one key: csv (with header), json, parquet, sagemakerCaptureJson or
sagemakerMergeJson
- `output_path`: the folder for statistics.json, constraints.json and, for a run,
constraint_violations.json
- `baseline_constraints`, `baseline_statistics`: files; with constraints the job is a run, else it
suggests a baseline
- `analysis_type`: MODEL_QUALITY, with problem_type and the attribute variables; else data quality
- `publish_cloudwatch_metrics`: if Enabled, a run's metrics are left where SageMaker reads them

The analysis is model_monitoring.analysis in mode `aws`. The exit message is left in
/opt/ml/output/message.
"""

import json
import os
import shutil
import sys
import tempfile
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model_monitoring.analysis.data_quality import constraints
from model_monitoring.analysis.files import documents
from model_monitoring.analysis.files.jobs import Result, cloudwatch_metrics, run_baseline, run_check

from ..base.contract import ClientError, opt_ml, to_private
from . import quality

_METRICS = "output/metrics/cloudwatch/cloudwatch_metrics.jsonl"


def analyse(_: Namespace) -> None:
    """Do what the environment variables say; raises ClientError for unusable data or baselines."""
    environment = dict(os.environ)
    for name in ("record_preprocessor_script", "post_analytics_processor_script"):
        if environment.get(name):
            raise ClientError(f"{name} is not supported offline")
    try:
        source, output = (_path(environment, name) for name in ("dataset_source", "output_path"))
        header = read_header(environment.get("dataset_format", "{}"))
        rules = (
            _path(environment, "baseline_constraints")
            if environment.get("baseline_constraints")
            else None
        )
        with tempfile.TemporaryDirectory() as folder:
            baseline = _gather(environment, Path(folder)) if rules else None
            if environment.get("analysis_type") == "MODEL_QUALITY":
                result = quality.analyse(source, baseline, output, environment, header)
                metrics = quality.metrics(result)
            else:
                result = _data_quality(source, baseline, output, environment, header)
                metrics = cloudwatch_metrics(result)
    except (ValueError, OSError) as error:
        raise ClientError(str(error)) from None
    for note in [*result.notes, *result.not_measured]:
        print(f"note: {note}")
    if environment.get("publish_cloudwatch_metrics") == "Enabled" and rules:
        _write_metrics(metrics, environment)
    _tell(result.message)


def read_header(dataset_format: str) -> bool:
    """Say whether CSV files begin with column names.

    Raises:
        ValueError: Model Monitor doesn't have this format.
    """
    try:
        form = json.loads(dataset_format)
        known = {"csv", "json", "parquet", "sagemakerCaptureJson", "sagemakerMergeJson"}
        if len(form) != 1 or not known.issuperset(form):
            raise ValueError
    except (ValueError, TypeError):
        raise ValueError(
            f"dataset_format {dataset_format!r} isn't csv, json, parquet or a capture format."
        ) from None
    return str(form.get("csv", {}).get("header", False)).lower() == "true"


def _path(environment: dict[str, str], name: str) -> Path:
    """Return where the path in a variable is on this machine."""
    if not environment.get(name):
        raise ClientError(f"The environment variable {name} is missing")
    return to_private(environment[name])


def _gather(environment: dict[str, str], folder: Path) -> Path:
    """Put the baseline's documents, which AWS puts into separate folders, into one folder."""
    for name in ("constraints", "statistics"):
        if environment.get(f"baseline_{name}"):
            shutil.copy(_path(environment, f"baseline_{name}"), folder / f"{name}.json")
    return folder


def _data_quality(
    source: Path, baseline: Path | None, output: Path, environment: dict[str, str], header: bool
) -> Result:
    """Suggest a baseline, or compare the data with one."""
    if baseline is None:
        result = run_baseline(source, output, header=header, mode="aws")
        method = environment.get("categorical_drift_method")
        if method:
            suggested = documents.read(output / "constraints.json", "monitoring_config")
            suggested["monitoring_config"]["distribution_constraints"][
                "categorical_drift_method"
            ] = method
            documents.write(suggested, output / "constraints.json")
        return result
    result = run_check(source, baseline, output, header=header, mode="aws")
    # As the AWS container does
    documents.write(constraints.suggest(result.profile), output / "constraints.json")
    return result


def _write_metrics(metrics: list[dict[str, Any]], environment: dict[str, str]) -> None:
    """Write a scheduled run's metrics for SageMaker: one PutMetricData datum per line."""
    dimensions = [
        {"Name": "Endpoint", "Value": environment.get("sagemaker_endpoint_name", "")},
        {
            "Name": "MonitoringSchedule",
            "Value": environment.get("sagemaker_monitoring_schedule_name", ""),
        },
    ]
    time = environment.get("metric_time", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    common = {"Timestamp": time, "Dimensions": [one for one in dimensions if one["Value"]]}
    file = opt_ml() / _METRICS
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(metric | common) + "\n" for metric in metrics))


def _tell(message: str) -> None:
    """Leave the exit message."""
    print(message, file=sys.stderr)
    (opt_ml() / "output").mkdir(exist_ok=True)
    (opt_ml() / "output" / "message").write_text(message)


VERBS = {"run": analyse}
