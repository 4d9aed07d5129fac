"""Model quality schedules: labels are merged with captured requests, and the result is measured."""

import json
import uuid
from datetime import timedelta

import pytest
from monitors import (
    define,
    definition,
    finished,
    past_hour,
    put_capture,
    run_image,
    schedule,
    table,
)
from test_analyzer_image import BASELINE, labelled

MERGER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-groundtruth-merger"


@pytest.fixture(scope="module")
def quality(aws, endpoint):
    """A model quality baseline at s3://data/quality-baseline/out.

    Three quarters of its predictions are right.
    """
    aws.s3.put_object(Bucket="data", Key="quality-baseline/in/data.csv", Body=labelled())
    asked = {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "inference_attribute": "prediction",
        "ground_truth_attribute": "label",
    }
    source = [("s3://data/quality-baseline/in/", "input/data")]
    job = run_image(aws, BASELINE | asked, source, "s3://data/quality-baseline/out")
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    return endpoint


def put_truth(aws, hour, labels, prefix="truth"):
    """Upload labels, keyed by the id of their request, to an hour's folder."""
    lines = [
        json.dumps(
            {
                "groundTruthData": {"data": label, "encoding": "CSV"},
                "eventMetadata": {"eventId": request_id},
                "eventVersion": "0",
            }
        )
        for request_id, label in labels.items()
    ]
    key = f"{prefix}/{hour:%Y/%m/%d/%H}/{uuid.uuid4()}.jsonl"
    aws.s3.put_object(Bucket="data", Key=key, Body="\n".join(lines) + "\n")


def traffic(aws, endpoint, hour, wrong, rows=300):
    """Capture requests with predictions 0, 1, 0, 1 ...; returns labels by id.

    The last `wrong` labels differ from the predictions.
    """
    ids = [str(uuid.uuid4()) for _ in range(rows)]
    put_capture(aws, endpoint, hour, table(rows, seed=6), ids=ids)
    return {one: str((n + (n >= rows - wrong)) % 2) for n, one in enumerate(ids)}


@pytest.mark.parametrize(
    ("hours", "wrong", "status"), [(50, 0, "Completed"), (60, 150, "CompletedWithViolations")]
)
def test_labels_are_merged_with_their_requests_and_measured(
    aws, quality, read, hours, wrong, status
):
    hour = past_hour(hours)
    labels = traffic(aws, quality, hour, wrong)
    put_truth(aws, hour, labels)
    asked = definition(
        "ModelQuality", quality, baseline="quality-baseline", output=f"s3://data/quality-{wrong}"
    )
    name = schedule(aws, *define(aws, asked))
    due = hour + timedelta(hours=1)
    aws.command("run-schedule", name, "--at", due.isoformat())
    (run,) = finished(aws, name)
    assert run["MonitoringExecutionStatus"] == status, run
    assert (run["MonitoringType"], "model-quality-monitoring-" in run["ProcessingJobArn"]) == (
        "ModelQuality",
        True,
    )
    measured = read(f"quality-{wrong}/{quality}/{name}/{due:%Y/%m/%d/%H}/statistics.json")
    accuracy = measured["binary_classification_metrics"]["accuracy"]["value"]
    assert accuracy == pytest.approx(1 - wrong / 300)
    prefix = f"quality-{wrong}/merge/{quality}/AllTraffic/{hour:%Y/%m/%d/%H}/"
    (part,) = aws.s3.list_objects_v2(Bucket="data", Prefix=prefix)["Contents"]
    lines = aws.s3.get_object(Bucket="data", Key=part["Key"])["Body"].read().decode().splitlines()
    first = json.loads(lines[0])
    assert len(lines) == 300 and list(first) == [
        "eventVersion",
        "groundTruthData",
        "captureData",
        "eventMetadata",
    ]
    assert first["groundTruthData"]["data"] == labels[first["eventMetadata"]["inferenceId"]]
    namespace, dimensions = (
        "aws/sagemaker/Endpoints/model-metrics",
        [{"Name": "MonitoringSchedule", "Value": name}],
    )
    listed = aws.client("cloudwatch").list_metrics(Namespace=namespace, Dimensions=dimensions)[
        "Metrics"
    ]
    assert {"accuracy", "recall", "f1"} <= {one["MetricName"] for one in listed}
    violated = read(
        f"quality-{wrong}/{quality}/{name}/{due:%Y/%m/%d/%H}/constraint_violations.json"
    )["violations"]
    assert ("accuracy" in [one["metric_name"] for one in violated]) == (
        status == "CompletedWithViolations"
    )


def test_a_second_merge_of_an_hour_adds_no_row_twice(aws, quality, read):
    hour = past_hour(70)
    put_truth(aws, hour, traffic(aws, quality, hour, 10, rows=220))
    asked = definition(
        "ModelQuality", quality, baseline="quality-baseline", output="s3://data/quality-twice"
    )
    name = schedule(aws, *define(aws, asked))
    due = hour + timedelta(hours=1)
    for count in (1, 2):
        aws.command("run-schedule", name, "--at", due.isoformat())
        finished(aws, name, count=count)
    matrix = read(f"quality-twice/{quality}/{name}/{due:%Y/%m/%d/%H}/statistics.json")
    matrix = matrix["binary_classification_metrics"]["confusion_matrix"]
    assert sum(count for row in matrix.values() for count in row.values()) == 220


def test_late_labels_are_found(aws, quality):
    hour = past_hour(80)
    put_truth(aws, hour + timedelta(hours=20), traffic(aws, quality, hour, 10))
    asked = definition(
        "ModelQuality", quality, baseline="quality-baseline", output="s3://data/quality-later"
    )
    asked["ModelQualityJobInput"]["EndpointInput"] |= {
        "StartTimeOffset": "-P1D",
        "EndTimeOffset": "-PT23H",
    }
    name = schedule(aws, *define(aws, asked))
    aws.command("run-schedule", name, "--at", (hour + timedelta(days=1)).isoformat())
    assert finished(aws, name)[0]["MonitoringExecutionStatus"].startswith("Completed")


def test_an_hour_without_labels_is_not_a_success(aws, quality):
    hour = past_hour(90)
    traffic(aws, quality, hour, 0, rows=20)
    name = schedule(
        aws, *define(aws, definition("ModelQuality", quality, baseline="quality-baseline"))
    )
    aws.command("run-schedule", name, "--at", (hour + timedelta(hours=1)).isoformat())
    (run,) = finished(aws, name)
    assert (run["MonitoringExecutionStatus"], run["FailureReason"]) == (
        "Failed",
        "Job inputs had no data",
    )


def test_labels_of_other_requests_are_not_a_success(aws, quality):
    hour = past_hour(100)
    traffic(aws, quality, hour, 0, rows=20)
    put_truth(aws, hour, {"someone-elses": "1"})
    name = schedule(
        aws, *define(aws, definition("ModelQuality", quality, baseline="quality-baseline"))
    )
    aws.command("run-schedule", name, "--at", (hour + timedelta(hours=1)).isoformat())
    (run,) = finished(aws, name)
    assert run["MonitoringExecutionStatus"] == "Failed"
    assert "No label belongs to a captured request (1 label read)" in run["FailureReason"]
    assert "groundtruth-merge-" in run["ProcessingJobArn"]


def test_without_an_inference_id_the_event_id_counts(aws, read):
    capture = {
        "captureData": {"endpointInput": {}},
        "eventMetadata": {"eventId": "by-event"},
        "eventVersion": "0",
    }
    named = capture | {"eventMetadata": {"eventId": "not-this", "inferenceId": "by-name"}}
    body = "\n".join(map(json.dumps, (capture, named))) + "\n"
    aws.s3.put_object(Bucket="data", Key="merge-in/e/v/2026/01/02/03/c.jsonl", Body=body)
    put_truth(
        aws, past_hour(), {"by-event": "1", "not-this": "1", "by-name": "0"}, prefix="merge-truth"
    )
    environment = {
        "dataset_source": "/opt/ml/processing/input_data",
        "ground_truth_source": "/opt/ml/processing/groundtruth",
    }
    inputs = [("s3://data/merge-in/", "input_data"), ("s3://data/merge-truth/", "groundtruth")]
    job = run_image(aws, environment, inputs, "s3://data/merge-out", image=MERGER)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    text = (
        aws.s3.get_object(Bucket="data", Key="merge-out/e/v/2026/01/02/03/part-00000.jsonl")["Body"]
        .read()
        .decode()
    )
    assert [json.loads(line)["groundTruthData"]["data"] for line in text.splitlines()] == ["1", "0"]
