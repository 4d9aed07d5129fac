"""List operations: paged, filtered and sorted as on AWS; waiters and tags."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from offline import LINEAR_LEARNER, training_job

ROLE = "arn:aws:iam::123456789012:role/TutorialExecutionRole"


@pytest.fixture(scope="module")
def models(aws):
    names = [f"listed-{letter}" for letter in "cabed"]
    for name in names:
        aws.sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": LINEAR_LEARNER}
        )
    yield names
    for name in names:
        aws.sagemaker.delete_model(ModelName=name)


def names_of(answer):
    return [model["ModelName"] for model in answer["Models"]]


def test_newest_first_unless_requested_otherwise(aws, models):
    assert names_of(aws.sagemaker.list_models(NameContains="listed-")) == models[::-1]
    assert (
        names_of(aws.sagemaker.list_models(NameContains="listed-", SortOrder="Ascending")) == models
    )
    by_name = aws.sagemaker.list_models(
        NameContains="LISTED-", SortBy="Name", SortOrder="Ascending"
    )
    assert names_of(by_name) == sorted(models)


def test_pages_hold_everything_once(aws, models):
    paginator = aws.sagemaker.get_paginator("list_models")
    pages = list(
        paginator.paginate(NameContains="listed-", SortBy="Name", PaginationConfig={"PageSize": 2})
    )
    sizes = [len(page["Models"]) for page in pages]
    assert sizes == [2, 2, 1]
    assert sorted(name for page in pages for name in names_of(page)) == sorted(models)
    assert "NextToken" not in aws.sagemaker.list_models(NameContains="listed-", MaxResults=5)


def test_times_filter(aws, models):
    made = aws.sagemaker.describe_model(ModelName=models[2])["CreationTime"]
    before = names_of(aws.sagemaker.list_models(NameContains="listed-", CreationTimeBefore=made))
    after = names_of(aws.sagemaker.list_models(NameContains="listed-", CreationTimeAfter=made))
    assert set(before) == set(models[:2]) and set(after) <= set(models[2:]) and len(after) >= 2
    assert not names_of(aws.sagemaker.list_models(CreationTimeAfter=made + timedelta(hours=1)))


def test_jobs_filter_and_sort_by_status(aws):
    request = training_job(aws)
    failing = training_job(aws, HyperParameters={"predictor_type": "nonsense"})
    for asked in (request, failing):
        aws.sagemaker.create_training_job(**asked)
    for asked in (request, failing):
        aws.wait("TrainingJob", asked["TrainingJobName"])
    failed = aws.sagemaker.list_training_jobs(StatusEquals="Failed")["TrainingJobSummaries"]
    assert failing["TrainingJobName"] in [job["TrainingJobName"] for job in failed]
    assert {job["TrainingJobStatus"] for job in failed} == {"Failed"}
    answer = aws.sagemaker.list_training_jobs(SortBy="Status", SortOrder="Ascending")[
        "TrainingJobSummaries"
    ]
    assert [job["TrainingJobStatus"] for job in answer] == sorted(
        job["TrainingJobStatus"] for job in answer
    )


def test_waiters_end(aws):
    request = training_job(aws)
    aws.sagemaker.create_training_job(**request)
    waiter = aws.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(
        TrainingJobName=request["TrainingJobName"], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    waiter = aws.sagemaker.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName="never-was", WaiterConfig={"Delay": 1, "MaxAttempts": 1})


def test_tags_of_a_resource(aws, models):
    arn = aws.sagemaker.describe_model(ModelName=models[0])["ModelArn"]
    aws.sagemaker.add_tags(
        ResourceArn=arn, Tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}]
    )
    aws.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}])
    assert {
        tag["Key"]: tag["Value"] for tag in aws.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    } == {
        "team": "b",
        "cost": "1",
    }
    aws.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["cost"])
    assert [tag["Key"] for tag in aws.sagemaker.list_tags(ResourceArn=arn)["Tags"]] == ["team"]
    with pytest.raises(ClientError, match="Could not find"):
        aws.sagemaker.list_tags(ResourceArn=arn + "-other")
