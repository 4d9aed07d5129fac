"""Requests of the analyzer image and of Model Monitor, data sets and captures, for tests."""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta

from offline import unique, until

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ROLE = "arn:aws:iam::123456789012:role/TutorialExecutionRole"
CSV = json.dumps({"csv": {"header": True, "output_columns_position": "START"}})
BASELINE = {"dataset_format": CSV, "dataset_source": "/opt/ml/processing/input/data"}


def table(rows=400, *, shift=0.0, seed=1, header="prediction,age,balance"):
    """A CSV file of a 0/1 prediction and two features, the second of them shifted."""
    draw = random.Random(seed)
    lines = [f"{n % 2},{draw.randint(20, 70)},{draw.gauss(shift, 1):.6f}" for n in range(rows)]
    return "\n".join([header, *lines]) + "\n"


def run_image(aws, environment, inputs, output, image=ANALYZER):
    """Run a processing job of an image to its end.

    Inputs are (S3 URI, path below /opt/ml/processing) pairs.
    """
    name = unique("analysis")
    aws.sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=ROLE,
        AppSpecification={"ImageUri": image},
        Environment=environment | {"output_path": "/opt/ml/processing/output"},
        ProcessingInputs=[
            {"InputName": f"input-{n}", "S3Input": {
                "S3Uri": uri, "LocalPath": f"/opt/ml/processing/{path}",
                "S3DataType": "S3Prefix", "S3InputMode": "File"}}
            for n, (uri, path) in enumerate(inputs)
        ],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "result", "S3Output": {
            "S3Uri": output, "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob"}}]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large",
                                               "VolumeSizeInGB": 10}},
    )  # fmt: skip
    return aws.wait("ProcessingJob", name)


def suggest(aws, *, prefix="baseline", text=None, **environment):
    """Put a data set in S3 and suggest a baseline of it, at s3://data/{prefix}/out."""
    aws.s3.put_object(Bucket="data", Key=f"{prefix}/in/data.csv", Body=text or table())
    source = [(f"s3://data/{prefix}/in/", "input/data")]
    job = run_image(aws, BASELINE | environment, source, f"s3://data/{prefix}/out")
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    return job


def capture_lines(text, *, ids=None, now=None):
    """Captured requests of a table's rows.

    The first column is the endpoint's output, the others are its input.
    """
    now = now or datetime.now(UTC)
    lines = []
    for number, row in enumerate(text.splitlines()[1:]):
        output, _, features = row.partition(",")
        metadata = {
            "eventId": str(uuid.uuid4()),
            "inferenceTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if ids:
            metadata["inferenceId"] = ids[number]
        side = {"observedContentType": "text/csv", "encoding": "CSV"}
        data = {
            "endpointInput": side | {"mode": "INPUT", "data": features},
            "endpointOutput": side | {"mode": "OUTPUT", "data": output},
        }
        lines.append(
            json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})
        )
    return "\n".join(lines) + "\n"


def put_capture(aws, endpoint, hour, text, **options):
    """Put captured requests where endpoint `endpoint` would put those of an hour."""
    key = f"captured/{endpoint}/AllTraffic/{hour:%Y/%m/%d/%H}/00-00-000-{uuid.uuid4()}.jsonl"
    aws.s3.put_object(Bucket="data", Key=key, Body=capture_lines(text, **options))


def past_hour(hours=3):
    """A past hour, in UTC."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)


def definition(
    kind, endpoint, *, baseline="baseline", output="s3://data/reports", problem=None, **changes
):
    """A request for a job definition of a kind: DataQuality or ModelQuality."""
    source = {"EndpointName": endpoint, "LocalPath": "/opt/ml/processing/input/endpoint"}
    app = {"ImageUri": ANALYZER}
    request = {
        "JobDefinitionName": unique("definition"),
        f"{kind}BaselineConfig": {
            "ConstraintsResource": {"S3Uri": f"s3://data/{baseline}/out/constraints.json"}
        },
        f"{kind}AppSpecification": app,
        f"{kind}JobInput": {"EndpointInput": source},
        f"{kind}JobOutputConfig": {
            "MonitoringOutputs": [
                {
                    "S3Output": {
                        "S3Uri": output,
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "Continuous",
                    }
                }
            ]
        },
        "JobResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 10,
            }
        },
        "RoleArn": ROLE,
    }
    if kind == "DataQuality":
        statistics = {"S3Uri": f"s3://data/{baseline}/out/statistics.json"}
        request[f"{kind}BaselineConfig"]["StatisticsResource"] = statistics
    else:
        app["ProblemType"] = problem or "BinaryClassification"
        source["InferenceAttribute"] = "0"
        request[f"{kind}JobInput"]["GroundTruthS3Input"] = {"S3Uri": "s3://data/truth"}
    return request | changes


def define(aws, request):
    """Create a job definition; returns its kind and name."""
    kind = next(member for member in request if member.endswith("AppSpecification")).removesuffix(
        "AppSpecification"
    )
    create = {
        "DataQuality": "create_data_quality_job_definition",
        "ModelQuality": "create_model_quality_job_definition",
    }
    getattr(aws.sagemaker, create[kind])(**request)
    return kind, request["JobDefinitionName"]


def schedule(aws, kind, name, expression="cron(0 * ? * * *)", **window):
    """Create a monitoring schedule of a job definition; returns its name."""
    config = {"ScheduleExpression": expression} | window
    made = unique("schedule")
    aws.sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=made,
        MonitoringScheduleConfig={
            "ScheduleConfig": config, "MonitoringJobDefinitionName": name, "MonitoringType": kind,
        },
    )  # fmt: skip
    return made


def finished(aws, name, *, count=1):
    """Wait until a schedule has a number of ended executions; returns them, the newest first."""

    def ended():
        found = aws.sagemaker.list_monitoring_executions(MonitoringScheduleName=name)[
            "MonitoringExecutionSummaries"
        ]
        running = [
            run for run in found if run["MonitoringExecutionStatus"] in ("Pending", "InProgress")
        ]
        return found if len(found) == count and not running else None

    return until(ended, 90)
