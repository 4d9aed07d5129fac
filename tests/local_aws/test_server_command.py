"""The command: start, find, stop, and recover after a crash."""

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from offline import REPOSITORY, Offline


@pytest.fixture
def stopped(tmp_path):
    offline = Offline(tmp_path)
    yield offline
    offline.command("stop", check=False)


def test_start_takes_less_than_five_seconds_of_processor_and_finds_the_running_server_again(
    stopped,
):
    stopped.start()
    first = stopped.server
    assert sum(psutil.Process(first["pid"]).cpu_times()[:2]) < 5
    stopped.start()
    assert stopped.server == first
    assert f"process {first['pid']}" in stopped.command("status").stdout


def test_finding_a_running_server_imports_no_library(aws):
    code = (
        "import sys; from local_aws.daemon import starting; starting.start(); print(*sys.modules)"
    )
    environment = os.environ | {"TUTORIAL_LOCAL_DIR": str(aws.state)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"boto3", "moto", "flask", "numpy"} & set(done.stdout.split())


def test_two_starts_at_once_give_one_server(stopped):
    with ThreadPoolExecutor(2) as pool:
        outputs = {done.stdout for done in pool.map(lambda _: stopped.command("start"), range(2))}
    assert len(outputs) == 1


def test_a_restart_keeps_port_credentials_and_role(own_aws):
    before, role = own_aws.env, own_aws.client("sts").get_caller_identity()["Arn"]
    assert "stopped" in own_aws.command("stop").stdout
    assert own_aws.command("status", check=False).returncode == 3
    own_aws.start()
    assert own_aws.env == before
    assert own_aws.client("sts").get_caller_identity()["Arn"] == role


def test_another_port_when_the_last_one_is_taken(stopped):
    port = stopped.start().server["port"]
    stopped.command("stop")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        assert stopped.start().server["port"] != port
        assert stopped.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_requested_port_that_is_taken_is_named_in_an_error(stopped):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        failed = stopped.command("start", "--port", str(port), check=False)
    assert failed.returncode == 1
    assert f"port {port}" in failed.stderr and "Traceback" not in failed.stderr
    assert not (stopped.state / "aws" / "server.json").exists()


def test_kill_9_is_recovered_from(own_aws):
    killed = own_aws.server
    os.kill(killed["pid"], signal.SIGKILL)
    assert own_aws.start().server["id"] != killed["id"]


def test_a_record_whose_pid_or_port_belongs_to_another_program_is_not_believed(own_aws):
    own_aws.command("stop")
    record = own_aws.server | {"pid": os.getpid()}
    (own_aws.state / "aws" / "server.json").write_text(json.dumps(record))
    assert own_aws.command("status", check=False).returncode == 3
    assert "not running" in own_aws.command("stop").stdout
    assert own_aws.start().server["pid"] != os.getpid()


def test_a_torn_record_is_recovered_from(own_aws):
    own_aws.command("stop")
    (own_aws.state / "aws" / "server.json").write_text('{"id": "12')
    own_aws.start()
    assert own_aws.command("status").returncode == 0


def test_a_state_directory_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    failed = Offline(tmp_path / "file").command("start", check=False)
    assert failed.returncode == 1
    assert "can't be written" in failed.stderr and "Traceback" not in failed.stderr


def test_only_the_loopback_interface_listens(aws):
    connections = psutil.Process(aws.server["pid"]).net_connections()
    listening = {found.laddr for found in connections if found.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", aws.server["port"]), ("127.0.0.1", aws.server["portal"])}
    assert " --host" not in aws.command("start", "--help").stdout


def test_env_points_a_shell_at_the_server(aws):
    command = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    exports = aws.command("env").stdout
    before = "export AWS_PROFILE=mine AWS_ACCESS_KEY_ID=mine"
    shell = f'{before}\n{exports}\n"{sys.executable}" -c "{command}"'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("assumed-role/TutorialExecutionRole/tutorial")


def test_the_sts_address_that_sdks_insist_on_leads_here(aws):
    command = (
        "import boto3; url = 'https://sts.us-east-1.amazonaws.com'; "
        "client = boto3.client('sts', endpoint_url=url); "
        "print(client.get_caller_identity()['Arn'])"
    )
    environment = {"PATH": os.environ["PATH"]} | aws.env
    done = subprocess.run(
        [sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert "TutorialExecutionRole" in done.stdout


def test_env_json_is_for_its_owner_alone(aws):
    assert (aws.state / "aws" / "env.json").stat().st_mode & 0o077 == 0
