"""Without the secret, pages of other origins and other accounts of the machine change nothing."""

import http.client
import json
import os
import shutil
import subprocess

import psutil
import pytest
from offline import deploy, unique

PAGE = {
    "Origin": "http://evil.example",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "no-cors",
}
MADE_UP = (
    "AWS4-HMAC-SHA256 Credential=x/1/us-east-1/sagemaker/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


def ask(aws, method, path, body=None, *, port=None, **headers):
    """Send a request unchanged; returns status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port or aws.server["port"], timeout=30)
    connection.request(
        method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def form(**fields):
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    ]
    return ("".join(parts) + "--b--\r\n").encode()


SIMPLE = [
    ("GET", "/", None, ""),
    ("GET", "/data/train/train.csv", None, ""),
    ("HEAD", "/data/train/train.csv", None, ""),
    (
        "POST",
        "/data",
        form(key="train/train.csv", file="POISONED"),
        "multipart/form-data; boundary=b",
    ),
    (
        "POST",
        "/data?delete",
        b"<Delete><Object><Key>train/train.csv</Key></Object></Delete>",
        "text/plain",
    ),
    ("PUT", "/data/train/train.csv", b"POISONED", "text/plain"),
    ("DELETE", "/data/train/train.csv", None, ""),
    ("OPTIONS", "/data/train/train.csv", None, ""),
    ("POST", "/", b'{"ModelName":"m"}', "text/plain"),
    ("POST", "/?Action=ListModels", b"{}", "text/plain"),
    (
        "POST",
        "/",
        b"Action=GetCallerIdentity&Version=2011-06-15",
        "application/x-www-form-urlencoded",
    ),
    (
        "POST",
        "/",
        b"Action=AssumeRoleWithSAML&Version=2011-06-15",
        "application/x-www-form-urlencoded",
    ),
    ("POST", "/sagemaker_us-east-1/", b"{}", "text/plain"),
    ("POST", "/endpoints/any/invocations", b"1,1,1", "text/plain"),
    ("POST", "/local-aws/invite", b'{"worker": "eve"}', "application/json"),
    ("POST", "/local-aws/run-schedule", b'{"name": "any"}', "text/plain"),
    ("GET", "/moto-api/", None, ""),
    ("GET", "/moto-api/data.json", None, ""),
    ("POST", "/moto-api/reset", b"", "text/plain"),
    ("POST", "/moto-api/seed?a=1", b"", "text/plain"),
    ("POST", "/moto-api/config", b'{"batch": {"use_docker": true}}', "text/plain"),
    ("POST", "/moto-api/recorder/start-recording", b"", "text/plain"),
    ("GET", "/latest/meta-data/iam/security-credentials/default", None, ""),
    ("PUT", "/latest/api/token", b"", ""),
    ("GET", "/favicon.ico", None, ""),
    ("GET", "/us-east-1_a/.well-known/jwks.json", None, ""),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"), SIMPLE, ids=lambda value: str(value)[:40]
)
def test_a_request_that_a_page_can_send_does_nothing(aws, method, path, body, kind):
    before = aws.s3.get_object(Bucket="data", Key="train/train.csv")["Body"].read()
    for headers in (
        {},
        PAGE,
        {"Authorization": MADE_UP},
        {"X_Amz_Target": "SageMaker.CreateModel"},
    ):
        status, answered, _ = ask(
            aws, method, path, body, **({"Content_Type": kind} if kind else {}), **headers
        )
        assert status == 403, headers
        assert not [name for name in answered if name.lower().startswith("access-control")]
    assert aws.s3.get_object(Bucket="data", Key="train/train.csv")["Body"].read() == before


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "s3.amazonaws.com", ""],
)
def test_a_name_whose_dns_points_here_is_refused(aws, host):
    portal = "/us-east-1/"
    for path, port in (("/local-aws/identity", None), ("/", None), (portal, aws.server["portal"])):
        status, _, content = ask(aws, "GET", path, port=port, Host=host)
        assert status in (403, 421) and aws.server["id"].encode() not in content


def test_an_address_in_the_request_line_is_refused(aws):
    assert ask(aws, "GET", "http://evil.example/local-aws/identity")[0] == 403


def test_the_health_check_is_public_and_reveals_nothing_else(aws):
    status, _, content = ask(aws, "GET", "/local-aws/identity")
    assert status == 200 and json.loads(content) == {"id": aws.server["id"]}


def test_motos_own_pages_are_gone_even_for_signed_requests(aws):
    bucket = "moto-api"
    aws.s3.create_bucket(Bucket=bucket)
    aws.s3.put_object(Bucket=bucket, Key="reset", Body=b"an object like any other")
    assert (
        aws.s3.get_object(Bucket=bucket, Key="reset")["Body"].read() == b"an object like any other"
    )
    aws.s3.delete_object(Bucket=bucket, Key="reset")
    aws.s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize(
    "kind",
    [
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        "text/javascript",
        "TEXT/HTML;x",
    ],
)
def test_objects_that_a_browser_may_open_are_never_active(aws, kind):
    key = unique("page")
    script = b"<script>document.title = 'ran'</script>"
    aws.s3.put_object(
        Bucket="data", Key=key, Body=script, ContentType=kind, ContentDisposition="inline"
    )
    for over in (
        {},
        {"ResponseContentType": kind, "ResponseContentDisposition": "inline; filename=a.html"},
    ):
        url = aws.s3.generate_presigned_url(
            "get_object", Params={"Bucket": "data", "Key": key} | over
        )
        status, headers, content = ask(aws, "GET", url.partition(f":{aws.server['port']}")[2])
        assert (status, content) == (200, script)
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"].startswith("attachment")
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["X-Content-Type-Options"] == "nosniff"
    # A program reads the stored object
    assert aws.s3.get_object(Bucket="data", Key=key)["ContentType"] == kind
    aws.s3.delete_object(Bucket="data", Key=key)


ATTACK = """
import json, sys, urllib.error, urllib.request
url, known_key = sys.argv[1:]
told = []
for key in ("ASIAAAAAAAAAAAAAAAAA", known_key):
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={key}/20261130/us-east-1/sagemaker/aws4_request, "
        f"SignedHeaders=host;x-amz-target, Signature={'0' * 64}"
    )
    headers = {
        "Authorization": authorization,
        "X-Amz-Target": "SageMaker.ListModels",
        "X-Amz-Security-Token": "t",
    }
    try:
        urllib.request.urlopen(urllib.request.Request(url, b"{}", headers), timeout=30)
        told.append("in")
    except urllib.error.HTTPError as error:
        told.append(error.code)
for name in sys.stdin.read().split("\\n"):
    try:
        open(name).read()
        told.append(name)
    except OSError:
        told.append("unread")
print(json.dumps(told))
"""


def test_another_account_of_the_machine_gets_nothing(aws):
    python = shutil.which("python3", path="/usr/bin:/bin")  # any account can run it
    if os.geteuid() != 0 or python is None:
        pytest.skip("only root can act as another account, by a Python of the system's")
    secret = [
        aws.state / "aws" / name
        for name in ("env.json", "server.json", "server.log", "kept", "jobs")
    ]
    done = subprocess.run(
        [python, "-c", ATTACK, aws.env["AWS_ENDPOINT_URL"], aws.env["AWS_ACCESS_KEY_ID"]],
        input="\n".join(map(str, secret)),
        user="nobody",
        extra_groups=[],
        capture_output=True,
        text=True,
        env={},
        cwd="/",
    )
    assert json.loads(done.stdout) == [403, 403] + ["unread"] * len(secret), done.stderr


def test_a_models_own_port_serves_only_the_server(aws):
    endpoint = deploy(aws)["EndpointName"]
    assert aws.invoke(endpoint)["Body"]
    ports = {
        connection.laddr.port
        for child in psutil.Process(aws.server["pid"]).children(recursive=True)
        for connection in child.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert ports
    for port in ports:
        assert (
            ask(aws, "POST", "/invocations", b"1,1,1", port=port, Content_Type="text/csv")[0] == 403
        )
        assert ask(aws, "GET", "/ping", port=port)[0] == 403


def test_no_secret_is_in_a_process_list_or_a_log(aws):
    secrets = [aws.env["AWS_SECRET_ACCESS_KEY"], aws.env["AWS_SESSION_TOKEN"]]
    listed = [
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    ]
    log = (aws.state / "aws" / "server.log").read_text()
    assert not [text for text in [*listed, log] if any(secret in text for secret in secrets)]
