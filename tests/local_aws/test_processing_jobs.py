"""Processing jobs: a script really runs on inputs from S3, and its outputs go back."""

import pytest
from botocore.exceptions import ClientError
from offline import LINEAR_LEARNER, SKLEARN, unique, until

SCRIPT = """
import argparse, os, pathlib, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("--upper", action="store_true")
parser.add_argument("--sleep", type=float, default=0)
parser.add_argument("--fail", type=int, default=0)
options = parser.parse_args()
print("greeting:", os.environ.get("GREETING"), flush=True)
text = pathlib.Path("/opt/ml/processing/input/data/in.txt").read_text()
text = text.upper() if options.upper else text
pathlib.Path("/opt/ml/processing/output/out.txt").write_text(text)
pathlib.Path("/opt/ml/output/message").write_text("Completed: 1 file")
time.sleep(options.sleep)
if options.fail:
    print("the script's last words", flush=True)
sys.exit(options.fail)
"""


def request(aws, *arguments, **changes):
    aws.s3.put_object(Bucket="data", Key="scripts/process.py", Body=SCRIPT)
    aws.s3.put_object(Bucket="data", Key="words/in.txt", Body="words")

    def s3_input(name, uri, path):
        source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
        return {"InputName": name, "S3Input": source}

    output = {
        "S3Uri": "s3://data/processed",
        "LocalPath": "/opt/ml/processing/output",
        "S3UploadMode": "EndOfJob",
    }
    return {
        "ProcessingJobName": unique("process"),
        "RoleArn": "arn:aws:iam::123456789012:role/TutorialExecutionRole",
        "AppSpecification": {
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/process.py"],
            "ContainerArguments": list(arguments) or ["--upper"],
        },
        "Environment": {"GREETING": "hello"},
        "ProcessingInputs": [
            s3_input("code", "s3://data/scripts/process.py", "/opt/ml/processing/input/code"),
            s3_input("data", "s3://data/words/", "/opt/ml/processing/input/data"),
        ],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 10,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    } | changes


def run(aws, *arguments, **changes):
    asked = request(aws, *arguments, **changes)
    aws.sagemaker.create_processing_job(**asked)
    return aws.wait("ProcessingJob", asked["ProcessingJobName"])


def test_a_script_runs_and_its_outputs_arrive(aws):
    job = run(aws)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ExitMessage"] == "Completed: 1 file"
    assert aws.s3.get_object(Bucket="data", Key="processed/out.txt")["Body"].read() == b"WORDS"
    assert (
        job["Environment"] == {"GREETING": "hello"} and job["ProcessingResources"]["ClusterConfig"]
    )
    assert job["ProcessingEndTime"] >= job["ProcessingStartTime"] >= job["CreationTime"]
    logs, group = aws.client("logs"), "/aws/sagemaker/ProcessingJobs"
    (stream,) = logs.describe_log_streams(
        logGroupName=group, logStreamNamePrefix=job["ProcessingJobName"]
    )["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])[
        "events"
    ]
    assert "greeting: hello" in [event["message"] for event in events]


def test_a_failing_script_reports_its_last_line_and_uploads_nothing(aws):
    job = run(aws, "--fail", "3", ProcessingOutputConfig=_output("s3://data/of-failed"))
    assert job["ProcessingJobStatus"] == "Failed"
    assert "the script's last words" in job["FailureReason"] and job["FailureReason"].endswith(
        "exit code: 3"
    )
    assert "Contents" not in aws.s3.list_objects_v2(Bucket="data", Prefix="of-failed")


def _output(uri):
    output = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return {"Outputs": [{"OutputName": "out", "S3Output": output}]}


def test_a_job_can_be_stopped(aws):
    asked = request(aws, "--sleep", "60")
    name = asked["ProcessingJobName"]
    aws.sagemaker.create_processing_job(**asked)
    until(
        lambda: (
            "ProcessingStartTime" in aws.sagemaker.describe_processing_job(ProcessingJobName=name)
        )
    )
    aws.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert aws.wait("ProcessingJob", name)["ProcessingJobStatus"] == "Stopped"


def test_a_job_that_takes_too_long_is_ended(aws):
    job = run(aws, "--sleep", "60", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert job["ProcessingJobStatus"] == "Stopped" and "1 second" in job["FailureReason"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AppSpecification": {"ImageUri": "other:1"}}, "other:1"),
        ({"AppSpecification": {"ImageUri": LINEAR_LEARNER}}, "can't run"),
        ({"ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {
            "S3Uri": "s3://data/x", "LocalPath": "/opt/ml/../../etc",
            "S3UploadMode": "EndOfJob"}}]}}, "below /opt/ml"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_work_is_refused_at_once(aws, changes, words):
    with pytest.raises(ClientError, match=words) as error:
        aws.sagemaker.create_processing_job(**request(aws, **changes))
    assert error.value.response["Error"]["Code"] == "ValidationException"
