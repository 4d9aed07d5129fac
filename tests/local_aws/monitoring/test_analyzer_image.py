"""The analyzer image as a processing job: AWS's environment, files and exit message."""

from datetime import UTC, datetime, timedelta

import pytest
from monitors import ANALYZER, BASELINE, capture_lines, run_image, suggest, table

BASELINE_FILES = {
    "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
    "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
}
CAPTURE = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'


def check(aws, prefix, body, baseline="baseline", **environment):
    aws.s3.put_object(Bucket="data", Key=f"{prefix}/in/data", Body=body)
    inputs = [
        (f"s3://data/{prefix}/in/", "input/data"),
        (f"s3://data/{baseline}/out/constraints.json", "baseline/constraints"),
        (f"s3://data/{baseline}/out/statistics.json", "baseline/stats"),
    ]
    return run_image(
        aws, BASELINE | BASELINE_FILES | environment, inputs, f"s3://data/{prefix}/out"
    )


def test_the_image_is_the_one_the_sdk_names():
    from sagemaker.core import image_uris

    from local_aws.containers.catalog import find_image

    assert image_uris.retrieve("model-monitor", "us-east-1") == ANALYZER
    assert (
        find_image(image_uris.retrieve("model-monitor", "eu-west-1")).processor
        == "model_monitor.analyzer"
    )


def test_a_baseline_writes_statistics_and_constraints(aws, read):
    job = suggest(aws)
    assert job["ExitMessage"] == "Completed: Job completed successfully with no violations."
    statistics, constraints = (
        read("baseline/out/statistics.json"),
        read("baseline/out/constraints.json"),
    )
    assert [one["name"] for one in statistics["features"]] == ["prediction", "age", "balance"]
    assert statistics["dataset"]["item_count"] == 400
    assert [one["inferred_type"] for one in constraints["features"]] == [
        "Integral",
        "Integral",
        "Fractional",
    ]


def test_the_requested_drift_method_is_in_the_constraints(aws, read):
    suggest(aws, prefix="squared", categorical_drift_method="ChiSquared")
    config = read("squared/out/constraints.json")["monitoring_config"]["distribution_constraints"]
    assert config["categorical_drift_method"] == "ChiSquared"


@pytest.mark.parametrize(("shift", "found"), [(0.0, []), (3.0, ["balance"])])
def test_a_run_on_captured_requests_finds_what_drifted(aws, read, shift, found):
    suggest(aws)
    prefix = f"run-{shift}"
    job = check(aws, prefix, capture_lines(table(300, shift=shift, seed=2)), dataset_format=CAPTURE)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    kept = read(f"{prefix}/out/constraint_violations.json")["violations"]
    assert [one["feature_name"] for one in kept] == found
    assert all(one["constraint_check_type"] == "baseline_drift_check" for one in kept)
    kind = f"CompletedWithViolations: Job completed successfully with {len(found)} violations."
    assert job["ExitMessage"] == (
        kind if found else "Completed: Job completed successfully with no violations."
    )
    names = [one["name"] for one in read(f"{prefix}/out/statistics.json")["features"]]
    assert (
        names
        == ["prediction", "age", "balance"]
        == [one["name"] for one in read(f"{prefix}/out/constraints.json")["features"]]
    )


def test_a_scheduled_runs_metrics_reach_cloudwatch(aws):
    suggest(aws)
    time = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    scheduled = {
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_endpoint_name": "some-endpoint",
        "sagemaker_monitoring_schedule_name": "some-schedule",
        "metric_time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    check(
        aws,
        "measured",
        capture_lines(table(300, shift=3, seed=2)),
        dataset_format=CAPTURE,
        **scheduled,
    )
    dimensions = [
        {"Name": "Endpoint", "Value": "some-endpoint"},
        {"Name": "MonitoringSchedule", "Value": "some-schedule"},
    ]

    def value(name, statistic):
        metric = {
            "Namespace": "/aws/sagemaker/Endpoints/data-metrics",
            "MetricName": name,
            "Dimensions": dimensions,
        }
        query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}
        answer = aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=[query],
            StartTime=time - timedelta(minutes=1),
            EndTime=time + timedelta(minutes=1),
        )
        return answer["MetricDataResults"][0]["Values"]

    assert value("feature_data_balance", "SampleCount") == [300]
    assert value("feature_non_null_age", "Average") == [1.0]
    (drift,) = value("feature_baseline_drift_balance", "Maximum")
    assert 0.5 < drift <= 1


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"dataset_format": "{}"}, "dataset_format"),
        ({"dataset_format": '{"orc": {}}'}, "dataset_format"),
        ({"dataset_source": "/etc"}, "not a path under /opt/ml"),
        ({"record_preprocessor_script": "/opt/ml/processing/code/p.py"}, "not supported offline"),
        ({"analysis_type": "MODEL_QUALITY"}, "problem_type"),
        (
            {"analysis_type": "MODEL_QUALITY", "problem_type": "BinaryClassification"},
            "ground_truth_attribute",
        ),
    ],
)
def test_an_invalid_environment_is_reported(aws, environment, words):
    aws.s3.put_object(Bucket="data", Key="refused/data.csv", Body=table(20))
    job = run_image(
        aws, BASELINE | environment, [("s3://data/refused/", "input/data")], "s3://data/refused-out"
    )
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ") and words in job["FailureReason"]


def test_a_baseline_of_another_kind_is_reported(aws):
    aws.s3.put_object(
        Bucket="data", Key="foreign/out/constraints.json", Body='{"version": 7, "features": []}'
    )
    aws.s3.put_object(Bucket="data", Key="foreign/out/statistics.json", Body="{}")
    job = check(aws, "against-foreign", table(20), baseline="foreign")
    assert job["ProcessingJobStatus"] == "Failed" and "version" in job["FailureReason"]


def test_model_quality_names_its_columns(aws, read):
    aws.s3.put_object(Bucket="data", Key="quality/in/data.csv", Body=labelled())
    asked = {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "inference_attribute": "prediction",
        "ground_truth_attribute": "label",
    }
    job = run_image(
        aws, BASELINE | asked, [("s3://data/quality/in/", "input/data")], "s3://data/quality/out"
    )
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    measured = read("quality/out/statistics.json")["binary_classification_metrics"]
    assert measured["accuracy"]["value"] == pytest.approx(0.75)
    limits = read("quality/out/constraints.json")["binary_classification_constraints"]
    assert limits["accuracy"] == {
        "threshold": measured["accuracy"]["value"],
        "comparison_operator": "LessThanThreshold",
    }


def labelled(rows=400):
    """A quarter of the predictions are wrong."""
    lines = [f"{n % 2},{n % 2 if n % 8 < 6 else 1 - n % 2}" for n in range(rows)]
    return "\n".join(["prediction,label", *lines]) + "\n"


@pytest.mark.slow
def test_the_sdk_suggests_a_baseline_end_to_end(aws, session, tmp_path):
    from sagemaker.core.model_monitor import DatasetFormat, DefaultModelMonitor

    (tmp_path / "train.csv").write_text(table())
    monitor = DefaultModelMonitor(
        role="TutorialExecutionRole",
        instance_count=1,
        instance_type="ml.m5.large",
        sagemaker_session=session,
    )
    monitor.suggest_baseline(
        baseline_dataset=str(tmp_path / "train.csv"),
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri="s3://data/sdk-baseline",
        wait=True,
        logs=False,
    )
    assert monitor.baseline_statistics().body_dict["dataset"]["item_count"] == 400
    assert len(monitor.suggested_constraints().body_dict["features"]) == 3
