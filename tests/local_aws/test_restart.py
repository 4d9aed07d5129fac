"""What survives `stop` and kill -9, and what a crash in the middle leaves."""

import json
import os
import signal

import pytest
from botocore.exceptions import ClientError
from offline import configure, deploy, set_up, sleeping_job, unique


def kill(offline):
    os.kill(offline.server["pid"], signal.SIGKILL)
    offline.start()


def stop(offline):
    offline.command("stop")
    offline.start()


@pytest.mark.parametrize("end", [stop, kill])
def test_everything_is_there_again_and_endpoints_answer(own_aws, end):
    name = deploy(own_aws, model_data=set_up(own_aws))["EndpointName"]
    answer = own_aws.invoke(name, "2,1,0")["Body"]
    sagemaker = own_aws.sagemaker
    described = [
        sagemaker.describe_endpoint(EndpointName=name),
        sagemaker.describe_endpoint_config(EndpointConfigName=name),
        sagemaker.describe_model(ModelName=name),
        sagemaker.list_training_jobs()["TrainingJobSummaries"],
    ]
    end(own_aws)
    assert own_aws.invoke(name, "2,1,0")["Body"] == answer
    sagemaker = own_aws.sagemaker
    again = [
        own_aws.wait("Endpoint", name),
        sagemaker.describe_endpoint_config(EndpointConfigName=name),
        sagemaker.describe_model(ModelName=name),
        sagemaker.list_training_jobs()["TrainingJobSummaries"],
    ]
    for one in described[:3] + again[:3]:
        for changing in ("ResponseMetadata", "LastModifiedTime"):
            one.pop(changing, None)
    assert again == described


def test_objects_keep_their_content_metadata_tags_and_times(own_aws):
    s3 = own_aws.s3
    s3.create_bucket(Bucket="kept-bucket")
    s3.put_object(
        Bucket="kept-bucket",
        Key="a b/ü.txt",
        Body=b"\x00\nbytes",
        ContentType="text/x",
        Metadata={"k": "v"},
        Tagging="t=1",
    )
    s3.put_object(Bucket="kept-bucket", Key="deleted", Body=b"")
    s3.put_object(Bucket="kept-bucket", Key="also-deleted", Body=b"")
    s3.put_object(Bucket="kept-bucket", Key="tagged-later", Body=b"x")
    s3.put_object_tagging(Bucket="kept-bucket", Key="tagged-later", Tagging={"TagSet": [{"Key": "t", "Value": "2"}]})
    s3.delete_object(Bucket="kept-bucket", Key="deleted")
    s3.delete_objects(Bucket="kept-bucket", Delete={"Objects": [{"Key": "also-deleted"}]})
    upload = s3.create_multipart_upload(Bucket="kept-bucket", Key="parts")
    part = {"Bucket": "kept-bucket", "Key": "parts", "UploadId": upload["UploadId"]}
    tag = s3.upload_part(**part, PartNumber=1, Body=b"part")["ETag"]
    s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    s3.create_bucket(Bucket="deleted-bucket")
    s3.delete_bucket(Bucket="deleted-bucket")
    before = s3.head_object(Bucket="kept-bucket", Key="a b/ü.txt")
    kill(own_aws)
    s3 = own_aws.s3
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["kept-bucket"]
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket="kept-bucket")["Contents"]]
    assert listed == ["a b/ü.txt", "parts", "tagged-later"]
    after = s3.get_object(Bucket="kept-bucket", Key="a b/ü.txt")
    assert after["Body"].read() == b"\x00\nbytes"
    for member in ("ETag", "LastModified", "ContentType", "Metadata", "ContentLength"):
        assert after[member] == before[member]
    tags = {
        key: s3.get_object_tagging(Bucket="kept-bucket", Key=key)["TagSet"] for key in ("a b/ü.txt", "tagged-later")
    }
    assert tags == {"a b/ü.txt": [{"Key": "t", "Value": "1"}], "tagged-later": [{"Key": "t", "Value": "2"}]}


def test_roles_and_their_policies_are_kept(own_aws):
    iam, trust = own_aws.client("iam"), json.dumps({"Version": "2012-10-17", "Statement": []})
    arn = iam.create_role(RoleName="mine", AssumeRolePolicyDocument=trust, Description="d")["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    own = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(policy))["Policy"]["Arn"]
    for attached in (own, "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"):
        iam.attach_role_policy(RoleName="mine", PolicyArn=attached)
    iam.put_role_policy(RoleName="mine", PolicyName="inline", PolicyDocument=json.dumps(policy))
    before = iam.get_role(RoleName="mine")["Role"]
    iam.create_role(RoleName="gone", AssumeRolePolicyDocument=trust)
    iam.delete_role(RoleName="gone")
    kill(own_aws)
    iam = own_aws.client("iam")
    assert {role["RoleName"] for role in iam.list_roles()["Roles"]} == {"mine", "TutorialExecutionRole"}
    after = iam.get_role(RoleName="mine")["Role"]
    assert (after["Arn"], after["RoleId"], after["CreateDate"]) == (arn, before["RoleId"], before["CreateDate"])
    attached = {policy["PolicyName"] for policy in iam.list_attached_role_policies(RoleName="mine")["AttachedPolicies"]}
    assert attached == {"own", "AmazonSageMakerFullAccess"}
    assert iam.get_role_policy(RoleName="mine", PolicyName="inline")["PolicyDocument"] == policy


def test_a_job_that_was_running_has_failed_and_does_not_train_again(own_aws):
    own_aws.s3.create_bucket(Bucket="data")
    requests = [sleeping_job(own_aws) for _ in range(4)]  # some run, the others wait
    for request in requests:
        own_aws.sagemaker.create_training_job(**request)
    kill(own_aws)
    for request in requests:
        job = own_aws.sagemaker.describe_training_job(TrainingJobName=request["TrainingJobName"])
        assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
        assert "ended while the job ran" in job["FailureReason"]
    assert not list((own_aws.state / "aws").glob("jobs/*"))


def test_an_endpoint_comes_back_even_if_its_model_and_artifact_are_gone(own_aws):
    artifact = set_up(own_aws)
    name = deploy(own_aws, model_data=artifact)["EndpointName"]
    own_aws.sagemaker.delete_model(ModelName=name)
    own_aws.s3.delete_object(Bucket="data", Key=artifact.removeprefix("s3://data/"))
    kill(own_aws)
    assert own_aws.invoke(name)["Body"]


def test_an_endpoint_that_was_updating_is_rolled_back(own_aws):
    artifact = set_up(own_aws)
    name, second = deploy(own_aws, model_data=artifact)["EndpointName"], unique("second")
    configure(own_aws, second, model_data=artifact, variants=("second",))
    own_aws.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second)
    kill(own_aws)
    described = own_aws.wait("Endpoint", name)
    variant = own_aws.invoke(name)["InvokedProductionVariant"]
    assert described["EndpointStatus"] == "InService"
    assert (described["EndpointConfigName"], variant) in {(name, "AllTraffic"), (second, "second")}


def test_files_that_a_crash_left_are_tidied_up(own_aws):
    own_aws.s3.create_bucket(Bucket="data")
    own_aws.command("stop")
    aws = own_aws.state / "aws"
    for stray in ("jobs/stray/file", "endpoints/stray/opt/ml/model/file", "kept/s3/buckets/half.draft"):
        (aws / stray).parent.mkdir(parents=True, exist_ok=True)
        (aws / stray).write_text("half a")
    (aws / "kept" / "s3" / "buckets" / "damaged").write_text('{"name": ')
    own_aws.start()
    assert [bucket["Name"] for bucket in own_aws.s3.list_buckets()["Buckets"]] == ["data"]
    assert not [path for path in aws.rglob("*") if path.name in ("stray", "half.draft")]
    assert "damaged can't be read" in (aws / "server.log").read_text()


def test_nothing_answers_after_stop(own_aws):
    own_aws.command("stop")
    with pytest.raises(Exception, match="Could not connect"):
        own_aws.s3.list_buckets()
    with pytest.raises(ClientError, match="NoSuchBucket"):
        own_aws.start().s3.list_objects_v2(Bucket="never")
