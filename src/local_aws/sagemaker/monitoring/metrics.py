"""CloudWatch metrics of monitoring runs, from the file that the container writes."""

import json
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local_aws.kept import state
from local_aws.sagemaker.jobs.runs import Run

FILE = "output/metrics/cloudwatch/cloudwatch_metrics.jsonl"
_DATA, _MODEL = "/aws/sagemaker/Endpoints/data-metrics", "aws/sagemaker/Endpoints/model-metrics"


def publish(run: Run, environment: dict[str, str]) -> None:
    """Publish the metrics of a job, if any, in its analysis's namespace.

    Raises:
        ValueError: the file isn't JSON lines of PutMetricData's shape.
    """
    file = run.opt_ml / FILE
    if not file.is_file():
        return
    metrics = [_datum(json.loads(line)) for line in file.read_text().splitlines() if line.strip()]
    namespace = _MODEL if environment.get("analysis_type") == "MODEL_QUALITY" else _DATA
    cloudwatch_backends[state.ACCOUNT][run.region].put_metric_data(namespace, metrics)


def _datum(metric: dict[str, Any]) -> dict[str, Any]:
    """Convert a line's time to the form that moto uses, UTC without a zone."""
    time = datetime.fromisoformat(metric["Timestamp"]).astimezone(UTC).replace(tzinfo=None)
    return metric | {"Timestamp": time, "Unit": metric.get("Unit", "None")}
