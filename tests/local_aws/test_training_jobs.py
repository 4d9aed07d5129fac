"""Training jobs: from the pattern's raw call to each way a job can end."""

import hashlib

import pytest
from botocore.exceptions import ClientError
from offline import LINEAR_LEARNER, channel, sleeping_job, training_job, unique, until


def run(aws, **changes):
    request = training_job(aws, **changes)
    aws.sagemaker.create_training_job(**request)
    return aws.wait("TrainingJob", request["TrainingJobName"])


def test_the_patterns_call_trains_a_model(aws):
    name = unique("pattern")
    job = run(
        aws,
        TrainingJobName=name,
        InputDataConfig=[channel("train", "s3://data/train/train.csv", "ShardedByS3Key")],
        OutputDataConfig={"S3OutputPath": "s3://data/pattern/"},
    )
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert (
        job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://data/pattern/{name}/output/model.tar.gz"
    )
    turns = [turn["Status"] for turn in job["SecondaryStatusTransitions"]]
    assert turns == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(turn["EndTime"] >= turn["StartTime"] for turn in job["SecondaryStatusTransitions"])
    assert job["TrainingEndTime"] >= job["TrainingStartTime"] >= job["CreationTime"]
    accuracy = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert 0.9 < accuracy["train:binary_classification_accuracy"] <= 1


def test_equal_jobs_give_equal_bytes(aws):
    digests = set()
    for _ in range(2):
        bucket, _, key = (
            run(aws)["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
        )
        digests.add(
            hashlib.sha256(aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()).hexdigest()
        )
    assert len(digests) == 1


def test_logs_are_in_cloudwatch(aws):
    name = run(aws)["TrainingJobName"]
    logs = aws.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")[
        "logStreams"
    ]
    assert stream["logStreamName"].startswith(f"{name}/algo-1-")
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])[
        "events"
    ]
    assert any("#quality_metric" in event["message"] for event in events)


def test_own_metric_definitions_replace_those_of_the_image(aws):
    definitions = [
        {"Name": "mine", "Regex": r"train binary_classification_accuracy <score>=(\S+)"},
        {"Name": "absent", "Regex": "no such line (.*)"},
        {"Name": "words", "Regex": "#(quality)_metric"},
    ]
    job = run(
        aws,
        AlgorithmSpecification={
            "TrainingImage": LINEAR_LEARNER,
            "TrainingInputMode": "File",
            "MetricDefinitions": definitions,
        },
    )
    assert [metric["MetricName"] for metric in job["FinalMetricDataList"]] == ["mine"]


def test_a_users_mistake_is_a_client_error_in_the_failure_reason(aws):
    aws.s3.put_object(Bucket="data", Key="bad/text.csv", Body="1,2,3,4\n0,x,1,1\n")
    job = run(aws, InputDataConfig=[channel("train", "s3://data/bad/")])
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ") and job["FailureReason"].endswith(
        ", exit code: 1"
    )
    assert "'x'" in job["FailureReason"]


def test_an_unknown_hyperparameter_fails_naming_it(aws):
    job = run(
        aws,
        HyperParameters={"feature_dim": "3", "predictor_type": "binary_classifier", "no_such": "1"},
    )
    assert job["TrainingJobStatus"] == "Failed" and "no_such" in job["FailureReason"]


def test_an_output_bucket_that_does_not_exist_fails_the_job(aws):
    job = run(aws, OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/out"})
    assert job["TrainingJobStatus"] == "Failed" and "no-such-bucket" in job["FailureReason"]


def test_a_job_can_be_stopped(aws):
    request = sleeping_job(aws)
    name = request["TrainingJobName"]
    aws.sagemaker.create_training_job(**request)
    until(
        lambda: (
            aws.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"]
            == "Training"
        )
    )
    with pytest.raises(aws.sagemaker.exceptions.ResourceInUse):
        aws.sagemaker.delete_training_job(TrainingJobName=name)
    aws.sagemaker.stop_training_job(TrainingJobName=name)
    job = aws.wait("TrainingJob", name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert "Stopping" in [turn["Status"] for turn in job["SecondaryStatusTransitions"]]
    aws.sagemaker.stop_training_job(TrainingJobName=name)  # a second stop changes nothing
    assert aws.wait("TrainingJob", name)["TrainingEndTime"] == job["TrainingEndTime"]
    aws.sagemaker.delete_training_job(TrainingJobName=name)
    with pytest.raises(ClientError, match="Could not find"):
        aws.sagemaker.describe_training_job(TrainingJobName=name)


def test_a_job_that_takes_too_long_is_ended(aws):
    job = run(aws, **(sleeping_job(aws) | {"StoppingCondition": {"MaxRuntimeInSeconds": 1}}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_name_is_used_once(aws):
    request = training_job(aws)
    aws.sagemaker.create_training_job(**request)
    with pytest.raises(aws.sagemaker.exceptions.ResourceInUse, match=request["TrainingJobName"]):
        aws.sagemaker.create_training_job(**request)
    aws.wait("TrainingJob", request["TrainingJobName"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"InputDataConfig": [channel("train", "s3://data/nothing/here/")]},
            "s3://data/nothing/here/",
        ),
        ({"InputDataConfig": [channel("train", "s3://no-such-bucket/x")]}, "no-such-bucket"),
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": "12345.dkr/mine:1",
                    "TrainingInputMode": "File",
                }
            },
            "12345.dkr/mine:1",
        ),
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": LINEAR_LEARNER,
                    "TrainingInputMode": "Pipe",
                }
            },
            "Pipe",
        ),
    ],
)
def test_a_request_that_cannot_work_is_refused_at_once(aws, changes, words):
    request = training_job(aws, **changes)
    with pytest.raises(ClientError, match=words) as error:
        aws.sagemaker.create_training_job(**request)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find training job"):
        aws.sagemaker.describe_training_job(TrainingJobName=request["TrainingJobName"])


def test_a_key_that_leads_outside_its_channel_is_refused(aws):
    aws.s3.put_object(Bucket="data", Key="hostile/../../../../escape.csv", Body="1,2,3,4\n")
    job = run(aws, InputDataConfig=[channel("train", "s3://data/hostile/")])
    assert job["TrainingJobStatus"] == "Failed" and "outside" in job["FailureReason"]
    assert not list(aws.state.rglob("escape.csv"))


def test_nothing_of_a_job_stays_on_disk(aws):
    run(aws)
    assert list((aws.state / "aws" / "jobs").iterdir()) == []
