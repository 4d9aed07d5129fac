"""Offline, `open()` starts the services or finds them, and ignores the user's own AWS set-up."""

import json
import resource
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

OPEN = """
import json, boto3
from helpers import workspace
ws = workspace.open()
found = {"text": ws.describe(), "repr": repr(ws), "url": ws.database_url}
found |= {"role": ws.role, "bucket": ws.bucket, "endpoint": boto3.client("s3").meta.endpoint_url}
print(json.dumps({**found, "key": boto3.Session().get_credentials().access_key}))
"""

REFUSED = """
from helpers import workspace
try:
    workspace.open()
except workspace.WorkspaceError as error:
    print(error)
"""


def run(code, environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
    )


def opened(environment):
    done = run(OPEN, environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_two_at_once_share_one_server_and_database(fresh_services):
    both = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN],
            cwd=REPOSITORY,
            env=fresh_services,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    first, second = (
        json.loads(process.communicate(timeout=120)[0].splitlines()[-1]) for process in both
    )
    assert first == second
    assert first["endpoint"].startswith("http://127.0.0.1:")
    assert first["role"].startswith("arn:aws:iam::") and first["bucket"].startswith(
        "sagemaker-us-east-1-"
    )


def test_services_that_run_are_found_again_within_seconds_of_processor(fresh_services):
    first = opened(fresh_services)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = (
        "from helpers import workspace as w; w._start_local_aws(); print(w._database_url('local'))"
    )
    done = run(code, fresh_services)
    assert done.stdout.strip() == first["url"]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5


def test_the_users_own_aws_settings_are_never_read(fresh_services, tmp_path):
    (tmp_path / "credentials").write_text(
        "[mine]\naws_access_key_id = MYKEY\naws_secret_access_key = s\n"
    )
    mine = {
        "AWS_PROFILE": "mine",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_REGION": "eu-central-1",
    }
    found = opened({**fresh_services, **mine})
    assert found["key"] != "MYKEY" and found["endpoint"] != "http://127.0.0.1:1"
    assert "us-east-1" in found["text"]


def test_what_is_printed_holds_no_path_and_no_password(fresh_services):
    found = opened(fresh_services)
    assert fresh_services["TUTORIAL_LOCAL_DIR"] not in found["text"] + found["repr"]
    assert found["url"] not in found["text"] + found["repr"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TUTORIAL_TARGET": "asw"}, "TUTORIAL_TARGET is 'asw'"),
        ({"TUTORIAL_LOCAL_DIR": "/proc/nowhere"}, "The offline AWS did not start"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(fresh_services, changes, message):
    done = run(REFUSED, {**fresh_services, **changes})
    assert message in done.stdout, done.stderr


def test_on_aws_nothing_is_guessed(fresh_services):
    aws = {
        **fresh_services,
        "TUTORIAL_TARGET": "aws",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    region = {"AWS_DEFAULT_REGION": "us-east-1"}
    assert "no region" in run(REFUSED, {**aws, "AWS_CONFIG_FILE": "/dev/null"}).stdout
    assert "Set TUTORIAL_ROLE" in run(REFUSED, {**aws, **region}).stdout
    # nor is a bucket, say, made before all that is needed was seen: every call would fail here
    nowhere = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "TUTORIAL_ROLE": "arn:aws:iam::123456789012:role/r",
    }
    done = run(REFUSED, {**aws, **region, **nowhere})
    assert "Set DATABASE_URL" in done.stdout, done.stderr
