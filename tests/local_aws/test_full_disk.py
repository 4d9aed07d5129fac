"""A full disk: a refused request changes nothing, and all continues when there is room.

The server may not write a byte to any file (RLIMIT_FSIZE), which looks to it like a full disk.
"""

import json
import signal
import sys
import time
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError
from offline import capture_config, captured, deploy, set_up, sleeping_job, unique

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the limit of another process is set by Linux's prlimit"
)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
BUCKET = {"Bucket": "kept-bucket"}


@contextmanager
def full(offline):
    """Fill the disk of a server, and make room again."""
    import resource

    _, hard = resource.prlimit(offline.server["pid"], resource.RLIMIT_FSIZE)
    resource.prlimit(offline.server["pid"], resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(offline.server["pid"], resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A server whose disk is filled and emptied in turns."""
    from offline import Offline

    offline = Offline(tmp_path_factory.mktemp("full")).start()
    offline.artifact = set_up(offline)
    offline.s3.create_bucket(**BUCKET)
    yield offline
    offline.command("stop")


def plain(offline, service):
    """A client whose responses aren't checked: DiskFull is in no service's model."""
    import boto3
    from botocore.config import Config

    env = offline.env
    session = boto3.Session(
        *(env[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    )
    config = Config(retries={"total_max_attempts": 1})
    return session.client(service, "us-east-1", endpoint_url=env["AWS_ENDPOINT_URL"], config=config)


def refused(offline, service, operation, **members):
    """Call an operation on a full disk: one clear error, at once."""
    start = time.monotonic()
    with full(offline), pytest.raises(ClientError, match="DiskFull") as error:
        getattr(plain(offline, service), operation)(**members)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "nothing was changed" in str(error.value) and time.monotonic() - start < 20


def look(s3):
    """Everything that the server returns about the bucket, its objects and the other buckets."""
    found = {"buckets": [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]}
    found["versioning"] = s3.get_bucket_versioning(**BUCKET).get("Status")
    for item in s3.list_objects_v2(**BUCKET).get("Contents", []):
        got = s3.get_object(**BUCKET, Key=item["Key"])
        tags = s3.get_object_tagging(**BUCKET, Key=item["Key"])["TagSet"]
        found[item["Key"]] = (
            got["Body"].read(),
            got["Metadata"],
            got["LastModified"],
            got["ETag"],
            tags,
        )
    found["versions"] = len(s3.list_object_versions(**BUCKET).get("Versions", []))
    found["markers"] = len(s3.list_object_versions(**BUCKET).get("DeleteMarkers", []))
    return found


CHANGES = {
    "a new object": ("put_object", {"Key": "new", "Body": b"x"}),
    "an object written over": (
        "put_object",
        {"Key": "old", "Body": b"new", "Metadata": {"m": "2"}},
    ),
    "the same content, other metadata": (
        "put_object",
        {"Key": "old", "Body": b"old", "Metadata": {"m": "2"}},
    ),
    "a copy over": ("copy_object", {"Key": "old", "CopySource": "kept-bucket/other"}),
    "tags": (
        "put_object_tagging",
        {"Key": "old", "Tagging": {"TagSet": [{"Key": "t", "Value": "2"}]}},
    ),
    "tags removed": ("delete_object_tagging", {"Key": "old"}),
    "versioning": ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
    "a policy": ("put_bucket_policy", {"Policy": json.dumps({"Statement": []})}),
    "a bucket": ("create_bucket", {"Bucket": "new-bucket"}),
}


@pytest.mark.parametrize("versioned", [False, True])
def test_a_refused_change_of_s3_changes_nothing(disk, versioned):
    s3 = disk.s3
    s3.put_object(**BUCKET, Key="old", Body=b"old", Metadata={"m": "1"}, Tagging="t=1")
    s3.put_object(**BUCKET, Key="other", Body=b"other")
    if versioned:
        s3.put_bucket_versioning(**BUCKET, VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(**BUCKET, Key="old", Body=b"old", Metadata={"m": "1"}, Tagging="t=1")
    before = look(s3)
    for operation, members in CHANGES.values():
        refused(disk, "s3", operation, **BUCKET | members)
        assert look(s3) == before, operation
    assert not list((disk.state / "aws").rglob("*.draft"))


def test_a_multipart_upload_that_was_refused_can_be_finished_when_there_is_room(disk):
    s3, key = disk.s3, BUCKET | {"Key": "parts"}
    s3.put_object(**key, Body=b"old")
    upload = key | {"UploadId": s3.create_multipart_upload(**key)["UploadId"]}
    parts = [
        {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]}
    ]
    refused(disk, "s3", "complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(**key)["Body"].read() == b"old"
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(**key)["Body"].read() == b"part"


def test_operations_that_need_no_room_continue(disk):
    disk.s3.put_object(**BUCKET, Key="gone", Body=b"x")
    disk.s3.create_bucket(Bucket="gone-bucket")
    with full(disk):
        assert disk.s3.get_object(**BUCKET, Key="gone")["Body"].read() == b"x"
        disk.s3.delete_bucket(Bucket="gone-bucket")
        disk.sagemaker.list_models()
    assert "gone-bucket" not in look(disk.s3)["buckets"]


def test_roles_and_schedules_stay_unchanged(disk):
    iam, scheduler = disk.client("iam"), disk.client("scheduler")
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob",
        "RoleArn": "arn:aws:iam::1:role/r",
    }
    schedule = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    scheduler.create_schedule(Name="old", ScheduleExpression="rate(1 day)", **schedule)

    def listed():
        roles = [(role["RoleName"], role.get("Description")) for role in iam.list_roles()["Roles"]]
        return (
            roles,
            scheduler.get_schedule(Name="old")["ScheduleExpression"],
            scheduler.list_schedules()["Schedules"],
        )

    before = listed()
    name = {"RoleName": "TutorialExecutionRole"}
    refused(disk, "iam", "create_role", RoleName="new", AssumeRolePolicyDocument=TRUST)
    refused(disk, "iam", "update_role_description", **name, Description="new")
    refused(disk, "iam", "put_role_policy", **name, PolicyName="p", PolicyDocument=TRUST)
    refused(
        disk,
        "scheduler",
        "create_schedule",
        Name="new",
        ScheduleExpression="rate(1 day)",
        **schedule,
    )
    refused(
        disk,
        "scheduler",
        "update_schedule",
        Name="old",
        ScheduleExpression="rate(2 days)",
        **schedule,
    )
    assert listed() == before and iam.list_role_policies(**name)["PolicyNames"] == []
    iam.create_role(RoleName="new", AssumeRolePolicyDocument=TRUST)
    assert "new" in [role["RoleName"] for role in iam.list_roles()["Roles"]]


def test_records_of_sagemaker_stay_unchanged_and_can_be_created_later(disk):
    model = {
        "ModelName": unique("model"),
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/TutorialExecutionRole",
        "PrimaryContainer": {
            "Image": "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
        },
    }
    refused(disk, "sagemaker", "create_model", **model)
    assert not disk.sagemaker.list_models(NameContains=model["ModelName"])["Models"]
    arn = disk.sagemaker.create_model(**model)["ModelArn"]
    refused(disk, "sagemaker", "add_tags", ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert disk.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_a_job_that_ends_on_a_full_disk_ends_and_is_written_later(disk):
    request = sleeping_job(disk)
    refused(disk, "sagemaker", "create_training_job", **request)
    disk.sagemaker.create_training_job(**request)
    name = {"TrainingJobName": request["TrainingJobName"]}
    while disk.sagemaker.describe_training_job(**name)["SecondaryStatus"] != "Training":
        time.sleep(0.05)
    disk.sagemaker.stop_training_job(**name)
    with full(disk):
        ended = disk.wait("TrainingJob", request["TrainingJobName"])
    assert ended["TrainingJobStatus"] in ("Stopped", "Failed")
    time.sleep(1.5)  # delayed records are tried twice a second
    disk.command("stop")
    disk.start()
    again = disk.sagemaker.describe_training_job(**name)
    assert [again[member] for member in ("TrainingJobStatus", "TrainingEndTime")] == [
        ended["TrainingJobStatus"], ended["TrainingEndTime"]
    ]  # fmt: skip


def test_a_request_that_cannot_be_captured_is_refused_and_not_captured_in_part(disk):
    endpoint = deploy(disk, model_data=disk.artifact, capture=capture_config())["EndpointName"]
    disk.invoke(endpoint, InferenceId="before")
    refused(
        disk,
        "sagemaker-runtime",
        "invoke_endpoint",
        EndpointName=endpoint,
        Body="1,1,1",
        ContentType="text/csv",
    )
    disk.invoke(endpoint, InferenceId="after")
    records = captured(disk, "captured", count=2)
    assert sorted(record["eventMetadata"]["inferenceId"] for _, record in records) == [
        "after",
        "before",
    ]


def test_everything_is_the_same_after_a_kill(own_aws):
    own_aws.s3.create_bucket(**BUCKET)
    own_aws.s3.put_object(**BUCKET, Key="old", Body=b"old", Metadata={"m": "1"}, Tagging="t=1")
    before = look(own_aws.s3)
    for operation, members in (
        CHANGES["an object written over"],
        CHANGES["a new object"],
        CHANGES["a bucket"],
    ):
        refused(own_aws, "s3", operation, **BUCKET | members)
    import os

    os.kill(own_aws.server["pid"], signal.SIGKILL)
    own_aws.start()
    assert look(own_aws.s3) == before
