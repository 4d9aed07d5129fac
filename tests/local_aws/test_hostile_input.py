"""Hostile archives and a state directory that can't be written."""

import io
import shutil
import tarfile

import pytest
from botocore.exceptions import ClientError
from offline import deploy, unique


def archive(*members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = (
                kind,
                target,
                4 if kind == tarfile.REGTYPE else 0,
            )
            packed.addfile(member, io.BytesIO(b"evil"))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        archive(("../../../evil", tarfile.REGTYPE, "")),
        archive(("/tmp/evil-model-file", tarfile.REGTYPE, "")),
        archive(("link", tarfile.SYMTYPE, "/etc"), ("link/evil", tarfile.REGTYPE, "")),
        archive(("hard", tarfile.LNKTYPE, "../../../../env.json")),
        archive(("device", tarfile.CHRTYPE, "")),
        b"no archive at all",
        archive(("file", tarfile.REGTYPE, ""))[:-20],
        b"",
    ],
    ids=["outside", "absolute", "link", "hard link", "device", "no archive", "cut off", "empty"],
)
def test_a_hostile_model_archive_is_refused(aws, content):
    key = unique("hostile") + ".tar.gz"
    aws.s3.put_object(Bucket="data", Key=key, Body=content)
    described = deploy(aws, model_data=f"s3://data/{key}")
    assert described["EndpointStatus"] == "Failed"
    assert "refused" in described["FailureReason"]
    assert not list(aws.state.rglob("evil"))
    aws.sagemaker.delete_endpoint(EndpointName=described["EndpointName"])


def test_a_failed_write_to_disk_is_reported_and_not_retried(own_aws):
    own_aws.s3.create_bucket(Bucket="data")
    own_aws.s3.put_object(Bucket="data", Key="first", Body=b"1")
    folder = own_aws.state / "aws" / "kept" / "s3" / "objects" / "data"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    with pytest.raises(ClientError, match=r"Not a directory|File exists") as error:
        own_aws.s3.put_object(Bucket="data", Key="second", Body=b"2")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    folder.unlink()
    own_aws.s3.put_object(Bucket="data", Key="second", Body=b"2")
    assert own_aws.s3.get_object(Bucket="data", Key="second")["Body"].read() == b"2"
