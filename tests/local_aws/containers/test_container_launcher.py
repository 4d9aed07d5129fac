import os
import signal
import subprocess
import sys
import time

import pytest

from local_aws.containers.launcher import launch

ROUNDS_WITHOUT_END = {"num_round": 10_000_000}
DATA = "1,2\n0,1\n"


def start_endless(job):
    job.prepare(ROUNDS_WITHOUT_END, train=DATA)
    process = launch("xgboost.container", "train", {"OPT_ML": str(job.opt_ml)}, job.root / "log")
    while "[0]" not in job.log:
        assert process.poll() is None, job.log
        time.sleep(0.02)
    return process


def test_a_container_runs_in_a_session_of_its_own_and_writes_to_its_log(job):
    process = start_endless(job)
    assert os.getsid(process.pid) == process.pid
    assert process.poll() is None
    process.kill()
    process.wait(10)


@pytest.mark.parametrize(
    ("verb", "number"), [("terminate", signal.SIGTERM), ("kill", signal.SIGKILL)]
)
def test_the_exit_code_tells_the_signal_and_can_be_read_again(job, verb, number):
    process = start_endless(job)
    getattr(process, verb)()
    assert process.wait(10) == -number
    assert process.poll() == -number
    getattr(process, verb)()  # harmless after the end


def test_a_signal_right_after_the_start_is_not_lost(job):
    job.prepare(ROUNDS_WITHOUT_END, train=DATA)
    process = launch("xgboost.container", "train", {"OPT_ML": str(job.opt_ml)}, job.root / "log")
    process.kill()
    assert process.wait(10) == -signal.SIGKILL


def test_waiting_times_out_as_popen_does(job):
    process = start_endless(job)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    process.kill()
    process.wait(10)


def test_a_failing_container_exits_1(job):
    assert job.prepare({}, train=DATA).train("xgboost") == 1


def test_containers_end_with_the_process_that_launched_them_even_when_it_is_killed(job, repository):
    job.prepare(ROUNDS_WITHOUT_END, train=DATA)
    program = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from local_aws.containers.launcher import launch\n"
        "log = Path(sys.argv[2])\n"
        "process = launch('xgboost.container', 'train', {'OPT_ML': sys.argv[1]}, log)\n"
        "while not log.exists() or '[0]' not in log.read_text(): time.sleep(0.02)\n"
        "print(process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(job.opt_ml), str(job.root / "log")]
    found = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60)
    pid = int(found.stdout)
    deadline = time.monotonic() + 60
    while job.is_running(pid):
        assert time.monotonic() < deadline, "the container outlived its launcher"
        time.sleep(0.05)
