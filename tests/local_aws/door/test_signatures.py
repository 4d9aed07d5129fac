"""Each request is signed by an identity of the server, in any way that AWS's clients sign."""

import hashlib
import http.client
import io
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from offline import unique

ROLE = "arn:aws:iam::123456789012:role/TutorialExecutionRole"
KEY = "folder/a b+ü=&?#%41.csv"


def client(aws, service, *, key=None, secret=None, token="", **config):
    given = aws.credentials
    token = given.token if token == "" else token
    session = boto3.Session(key or given.access_key, secret or given.secret_key, token, "us-east-1")
    config = Config(retries={"total_max_attempts": 1}, **config)
    return session.client(service, endpoint_url=aws.env["AWS_ENDPOINT_URL"], config=config)


def refused(call, **asked):
    """Return the code of a refusal; it must be a 403."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return caught.value.response["Error"]["Code"]


def s3_signed(aws, method, path, body=b"", headers=(), auth=S3SigV4Auth):
    return aws.signed(method, path, body, headers, service="s3", auth=auth)


@pytest.fixture(scope="module")
def bucket(aws):
    name = unique("signed")
    aws.s3.create_bucket(Bucket=name)
    aws.s3.put_object(
        Bucket=name, Key=KEY, Body=b"a,b\n", ContentType="text/csv", Metadata={"my_key": "x  y"}
    )
    return name


OPERATIONS = [
    ("sagemaker", "list_models"),
    ("s3", "list_buckets"),
    ("sts", "get_caller_identity"),
    ("iam", "list_roles"),
    ("cloudwatch", "list_metrics"),
    ("logs", "describe_log_groups"),
    ("scheduler", "list_schedules"),
    ("sqs", "list_queues"),
    ("events", "list_rules"),
    ("sns", "list_topics"),
    ("ecr", "describe_repositories"),
    ("lambda", "list_functions"),
    ("route53", "list_hosted_zones"),
]


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_the_right_secret_opens_all_services_and_a_wrong_one_none(aws, service, operation):
    getattr(client(aws, service), operation)()
    wrong = getattr(client(aws, service, secret="wrong"), operation)
    assert refused(wrong) in ("SignatureDoesNotMatch", "InvalidSignatureException")
    unknown = getattr(client(aws, service, key="ASIAAAAAAAAAAAAAAAAA"), operation)
    assert refused(unknown) in (
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    )
    for token in (None, "another"):
        lacking = getattr(client(aws, service, token=token), operation)
        assert refused(lacking) in (
            "InvalidToken",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
        )
    unsigned = getattr(client(aws, service, signature_version=UNSIGNED), operation)
    assert "Token" in (code := refused(unsigned)) or code == "AccessDenied"


def test_credentials_of_a_role_and_of_a_user_are_valid_until_revoked(aws):
    assumed = client(aws, "sts").assume_role(RoleArn=ROLE, RoleSessionName="someone")["Credentials"]
    role = client(
        aws,
        "sts",
        key=assumed["AccessKeyId"],
        secret=assumed["SecretAccessKey"],
        token=assumed["SessionToken"],
    )
    assert role.get_caller_identity()["Arn"].endswith("/someone")
    iam, name = client(aws, "iam"), unique("user")
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    user = client(aws, "sts", key=made["AccessKeyId"], secret=made["SecretAccessKey"], token=None)
    assert user.get_caller_identity()["Arn"].endswith(f":user/{name}")
    iam.update_access_key(UserName=name, AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert refused(user.get_caller_identity) == "InvalidClientTokenId"


def test_all_secrets_differ_and_those_that_moto_gives_everyone_are_refused(aws):
    sts = client(aws, "sts")
    first, second = (
        sts.assume_role(RoleArn=ROLE, RoleSessionName="one")["Credentials"] for _ in range(2)
    )
    assert (
        first["SecretAccessKey"] != second["SecretAccessKey"]
        and first["SessionToken"] != second["SessionToken"]
    )
    with pytest.raises(ClientError, match="GetSessionToken"):
        sts.get_session_token()


@pytest.mark.parametrize("version", [None, "s3", "s3v4"])
def test_presigned_addresses_are_valid_only_for_the_signed_request(aws, bucket, version):
    s3 = client(aws, "s3", **({"signature_version": version} if version else {}))
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": KEY})
    assert requests.get(get).content == b"a,b\n"
    assert requests.get(get.replace("folder", "other")).status_code == 403
    assert requests.delete(get).status_code == 403
    put = s3.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "put", "ContentType": "text/csv"}
    )
    assert requests.put(put, b"1", headers={"Content-Type": "text/csv"}).status_code == 200
    assert requests.put(put, b"2", headers={"Content-Type": "text/html"}).status_code == 403
    over = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": KEY}, ExpiresIn=-1
    )
    assert requests.get(over).status_code == 403


def test_presigned_addresses_of_other_services_are_verified_too(aws):
    request = AWSRequest(
        "GET", f"{aws.env['AWS_ENDPOINT_URL']}/?Action=GetCallerIdentity&Version=2011-06-15"
    )
    SigV4QueryAuth(aws.credentials, "sts", "us-east-1", expires=60).add_auth(request)
    assert "TutorialExecutionRole" in requests.get(request.url).text
    assert requests.get(request.url.replace("GetCallerIdentity", "AssumeRole")).status_code == 403


def test_a_presigned_address_is_valid_for_a_week_at_most(aws, bucket):
    request = AWSRequest("GET", f"{aws.env['AWS_ENDPOINT_URL']}/{bucket}")
    SigV4QueryAuth(aws.credentials, "s3", "us-east-1", expires=8 * 86400).add_auth(request)
    assert requests.get(request.url).status_code == 403


def test_uploads_in_parts_and_in_signed_chunks_arrive_whole(aws, bucket):
    content = b"x" * 9_000_000
    aws.s3.upload_fileobj(io.BytesIO(content), bucket, "parts")
    assert aws.s3.head_object(Bucket=bucket, Key="parts")["ContentLength"] == len(content)
    headers = {
        "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "Content-Encoding": "aws-chunked",
        "X-Amz-Decoded-Content-Length": "5",
    }

    class Chunked(S3SigV4Auth):
        def payload(self, request):
            return headers["X-Amz-Content-SHA256"]

    chunk = (
        f"5;chunk-signature={'0' * 64}\r\nhello\r\n0;chunk-signature={'0' * 64}\r\n\r\n".encode()
    )
    request = s3_signed(aws, "PUT", f"/{bucket}/chunked", chunk, headers, auth=Chunked)
    assert aws.send(request).status_code == 200
    assert aws.s3.get_object(Bucket=bucket, Key="chunked")["Body"].read() == b"hello"
    request.headers.replace_header("X-Amz-Decoded-Content-Length", "6")
    assert aws.send(request).status_code == 403


def test_a_body_that_differs_from_the_signed_one_is_refused(aws, bucket):
    request = s3_signed(aws, "PUT", f"/{bucket}/body", b"mine")
    request.data = b"evil"
    assert aws.send(request).status_code == 403
    headers = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
    request = aws.signed("POST", "/", b"{}", headers)
    assert aws.send(request).status_code == 200
    request.data = b'{"MaxResults": 5}'
    assert aws.send(request).status_code == 403


def test_a_signature_is_valid_only_for_its_headers_host_and_service(aws, bucket):
    request = s3_signed(aws, "GET", f"/{bucket}")
    for change in (
        {"X-Amz-Copy-Source": "data/train/train.csv"},  # not signed
        {"Authorization": request.headers["Authorization"].replace("/s3/", "/iam/")},
        {"Authorization": request.headers["Authorization"].replace("us-east-1", "us-west-2")},
        {"Authorization": request.headers["Authorization"].replace("host;", "")},
        {"Authorization": "AWS4-HMAC-SHA256 nonsense"},
        {"Authorization": f"AWS {aws.env['AWS_ACCESS_KEY_ID']}:c2lnbmF0dXJl"},
        {"Host": "localhost:1"},
        {"X-Amz-Date": "yesterday"},
        {"X-Amz-Date": (datetime.now(UTC) - timedelta(minutes=16)).strftime("%Y%m%dT%H%M%SZ")},
    ):
        answer = requests.get(request.url, headers={**request.headers, **change})
        assert answer.status_code == 403, change
    assert requests.get(request.url, headers=dict(request.headers)).status_code == 200


def test_an_old_signature_is_refused(aws, bucket, monkeypatch):
    late = datetime.now(UTC) - timedelta(minutes=16)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: late.replace(tzinfo=None))
    answer = aws.send(s3_signed(aws, "GET", f"/{bucket}"))
    assert answer.status_code == 403 and "RequestTimeTooSkewed" in answer.text


def test_an_operation_that_aws_takes_unsigned_is_refused_by_name(aws):
    sts = client(aws, "sts")
    with pytest.raises(ClientError, match="AssumeRoleWithWebIdentity") as caught:
        sts.assume_role_with_web_identity(
            RoleArn=ROLE, RoleSessionName="web", WebIdentityToken="a" * 10
        )
    assert caught.value.response["Error"]["Code"] == "MissingAuthenticationToken"
    with pytest.raises(ClientError, match="InitiateAuth"):
        client(aws, "cognito-idp").initiate_auth(AuthFlow="USER_AUTH", ClientId="x")
    with pytest.raises(ClientError, match="MissingAuthenticationTokenException"):
        client(aws, "sso").get_role_credentials(roleName="r", accountId="1", accessToken="t")


def test_a_body_that_breaks_off_is_refused(aws):
    connection = http.client.HTTPConnection("127.0.0.1", aws.server["port"], timeout=10)
    request = s3_signed(aws, "PUT", "/data/short", b"0123456789")
    connection.putrequest("PUT", "/data/short", skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", "10")
    connection.endheaders(b"0123")
    connection.sock.shutdown(1)
    assert connection.getresponse().status == 403
    digest = hashlib.sha256(b"0123456789").hexdigest()
    assert request.headers["X-Amz-Content-SHA256"] == digest
