"""What survives a kill -9 (and `stop`, which is one), and what a crash leaves."""

import json
import os
import signal
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from offline import (
    Offline,
    capture_config,
    captured,
    configure,
    deploy,
    set_up,
    sleeping_job,
    unique,
)

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
MANAGED = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"


def make_objects(s3):
    """Create, change and delete objects in every way; returns the description of one."""
    s3.create_bucket(Bucket="kept-bucket")
    s3.put_object(
        Bucket="kept-bucket",
        Key="a b/ü",
        Body=b"\x00\nbytes",
        ContentType="text/x",
        Metadata={"k": "v"},
        Tagging="t=1",
    )
    for key in ("deleted", "also-deleted", "tagged-later"):
        s3.put_object(Bucket="kept-bucket", Key=key, Body=b"x")
    s3.put_object_tagging(
        Bucket="kept-bucket", Key="tagged-later", Tagging={"TagSet": [{"Key": "t", "Value": "2"}]}
    )
    s3.delete_object(Bucket="kept-bucket", Key="deleted")
    s3.delete_objects(Bucket="kept-bucket", Delete={"Objects": [{"Key": "also-deleted"}]})
    upload = s3.create_multipart_upload(Bucket="kept-bucket", Key="parts")
    part = {"Bucket": "kept-bucket", "Key": "parts", "UploadId": upload["UploadId"]}
    tag = s3.upload_part(**part, PartNumber=1, Body=b"part")["ETag"]
    s3.complete_multipart_upload(
        **part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}
    )
    s3.create_bucket(Bucket="deleted-bucket")
    s3.delete_bucket(Bucket="deleted-bucket")
    return s3.head_object(Bucket="kept-bucket", Key="a b/ü")


def make_roles(iam):
    """Create and delete roles and policies; returns the description of one role."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="mine", AssumeRolePolicyDocument=trust, Description="d")
    own = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    for attached in (own, MANAGED):
        iam.attach_role_policy(RoleName="mine", PolicyArn=attached)
    iam.put_role_policy(RoleName="mine", PolicyName="inline", PolicyDocument=json.dumps(POLICY))
    iam.create_role(RoleName="gone", AssumeRolePolicyDocument=trust)
    iam.delete_role(RoleName="gone")
    return iam.get_role(RoleName="mine")["Role"]


def describe(offline, name):
    """Describe an endpoint and all its parts, without what may change."""
    sagemaker = offline.sagemaker
    found = [
        offline.wait("Endpoint", name),
        sagemaker.describe_endpoint_config(EndpointConfigName=name),
        sagemaker.describe_model(ModelName=name),
        sagemaker.list_training_jobs(StatusEquals="Completed"),
        sagemaker.list_tags(ResourceArn=sagemaker.describe_model(ModelName=name)["ModelArn"]),
    ]
    return [
        {key: one[key] for key in one.keys() - {"ResponseMetadata", "LastModifiedTime"}}
        for one in found
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server that was killed with much to lose and started again, and its state before."""
    offline = Offline(tmp_path_factory.mktemp("restarted")).start()
    artifact = set_up(offline)
    before = SimpleNamespace(
        offline=offline, objects=make_objects(offline.s3), role=make_roles(offline.client("iam"))
    )
    before.endpoint = deploy(offline, model_data=artifact, capture=capture_config())["EndpointName"]
    offline.sagemaker.add_tags(
        ResourceArn=offline.sagemaker.describe_model(ModelName=before.endpoint)["ModelArn"],
        Tags=[{"Key": "team", "Value": "a"}],
    )
    offline.s3.copy_object(
        Bucket="data", Key="short-lived.tar.gz", CopySource=artifact.removeprefix("s3://")
    )
    before.orphan = deploy(offline, model_data="s3://data/short-lived.tar.gz")["EndpointName"]
    offline.sagemaker.delete_model(ModelName=before.orphan)
    offline.sagemaker.delete_endpoint_config(EndpointConfigName=before.orphan)
    offline.s3.delete_object(Bucket="data", Key="short-lived.tar.gz")
    before.updating, before.update = (
        deploy(offline, model_data=artifact)["EndpointName"],
        unique("update"),
    )
    configure(offline, before.update, model_data=artifact, variants=("updated",))
    before.described = describe(offline, before.endpoint)
    before.answer = offline.invoke(before.endpoint, "2,1,0", InferenceId="before")["Body"]
    before.jobs = [sleeping_job(offline) for _ in range(4)]  # some run, the others wait
    for request in before.jobs:
        offline.sagemaker.create_training_job(**request)
    offline.sagemaker.update_endpoint(
        EndpointName=before.updating, EndpointConfigName=before.update
    )
    os.kill(offline.server["pid"], signal.SIGKILL)
    strays = ["jobs/stray/file", "endpoints/stray/opt/ml/model/file", "kept/s3/buckets/half.draft"]
    for stray in (offline.state / "aws" / name for name in strays):
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_text("half a")
    (offline.state / "aws" / "kept" / "s3" / "buckets" / "damaged").write_text('{"name": ')
    offline.start()
    yield before
    offline.command("stop")


def test_endpoints_respond_as_before_and_all_their_parts_exist(world):
    assert (
        world.offline.invoke(world.endpoint, "2,1,0", InferenceId="after")["Body"] == world.answer
    )
    assert describe(world.offline, world.endpoint) == world.described


def test_captured_requests_not_yet_sent_are_in_s3_once(world):
    world.offline.invoke(world.endpoint, InferenceId="later")
    records = captured(world.offline, "captured", count=3)
    ids = [record["eventMetadata"]["inferenceId"] for _, record in records]
    assert sorted(ids) == ["after", "before", "later"]


def test_an_endpoint_is_restored_although_its_model_and_artifact_are_gone(world):
    assert world.offline.invoke(world.orphan)["Body"]


def test_an_endpoint_that_was_updating_is_rolled_back(world):
    described = world.offline.wait("Endpoint", world.updating)
    variant = world.offline.invoke(world.updating)["InvokedProductionVariant"]
    assert described["EndpointStatus"] == "InService"
    # It is the second if it was faster than the kill
    outcomes = {(world.updating, "AllTraffic"), (world.update, "updated")}
    assert (described["EndpointConfigName"], variant) in outcomes


def test_a_job_that_ran_or_waited_has_failed_and_does_not_run_again(world):
    for request in world.jobs:
        job = world.offline.sagemaker.describe_training_job(
            TrainingJobName=request["TrainingJobName"]
        )
        assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
        assert "ended while the job ran" in job["FailureReason"]
    assert not list((world.offline.state / "aws").glob("jobs/*"))


def test_objects_keep_their_content_metadata_tags_and_times(world):
    s3 = world.offline.s3
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {"data", "kept-bucket"}
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket="kept-bucket")["Contents"]]
    assert listed == ["a b/ü", "parts", "tagged-later"]
    after = s3.get_object(Bucket="kept-bucket", Key="a b/ü")
    assert after["Body"].read() == b"\x00\nbytes"
    for member in ("ETag", "LastModified", "ContentType", "Metadata", "ContentLength"):
        assert after[member] == world.objects[member]
    tags = {
        key: s3.get_object_tagging(Bucket="kept-bucket", Key=key)["TagSet"]
        for key in ("a b/ü", "tagged-later")
    }
    assert tags == {
        "a b/ü": [{"Key": "t", "Value": "1"}],
        "tagged-later": [{"Key": "t", "Value": "2"}],
    }


def test_roles_and_their_policies_are_kept(world):
    iam = world.offline.client("iam")
    assert {role["RoleName"] for role in iam.list_roles()["Roles"]} == {
        "mine",
        "TutorialExecutionRole",
    }
    after = iam.get_role(RoleName="mine")["Role"]
    for member in ("Arn", "RoleId", "CreateDate", "Description"):
        assert after[member] == world.role[member]
    attached = {
        policy["PolicyName"]
        for policy in iam.list_attached_role_policies(RoleName="mine")["AttachedPolicies"]
    }
    assert attached == {"own", "AmazonSageMakerFullAccess"}
    assert iam.get_role_policy(RoleName="mine", PolicyName="inline")["PolicyDocument"] == POLICY


def test_files_left_by_the_crash_are_removed_and_damaged_ones_logged(world):
    aws = world.offline.state / "aws"
    assert not [path for path in aws.rglob("*") if path.name in ("stray", "half.draft")]
    assert "damaged can't be read" in (aws / "server.log").read_text()


def test_nothing_responds_after_stop_and_everything_after_start(own_aws):
    own_aws.s3.create_bucket(Bucket="kept-bucket")
    own_aws.command("stop")
    with pytest.raises(Exception, match="Could not connect"):
        own_aws.s3.list_buckets()
    own_aws.start()
    assert "Contents" not in own_aws.s3.list_objects_v2(Bucket="kept-bucket")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        own_aws.s3.list_objects_v2(Bucket="never")
