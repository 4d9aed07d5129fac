"""One run of the notebooks at a time: a second is told who runs what, and changes nothing."""

import getpass
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import notebook_runner, run_lock
from tests.conftest import REPOSITORY

HOLD = "import sys, time; from pathlib import Path; from helpers import notebook_runner, run_lock\n"
HOLD += (
    "with run_lock.hold('make run', Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of tmp_path/build."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "build")]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def render():
    runpy.run_path(str(REPOSITORY / "doc" / "tools" / "render.py"), run_name="__main__")


@pytest.mark.parametrize("command", [notebook_runner.main, render])
def test_a_second_run_is_told_who_runs_what_and_changes_nothing(
    holder, tmp_path, monkeypatch, command
):
    monkeypatch.setattr(notebook_runner, "BUILD", tmp_path / "build")
    monkeypatch.setattr(sys, "argv", ["notebook_runner", "run"])
    before = (tmp_path / "build" / "run.lock").read_text()
    with pytest.raises(SystemExit) as error:
        command()
    who = f"make run, by {getpass.getuser()}, process {holder.pid}, since "
    assert re.search(
        rf"running in this checkout already: {who}\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.",
        error.value.code,
    )
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["run.lock"]
    assert (tmp_path / "build" / "run.lock").read_text() == before


def test_a_killed_run_leaves_no_lock(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    run_lock.refuse_if_held(tmp_path / "build")
    with (
        run_lock.hold("make run", tmp_path / "build"),
        pytest.raises(SystemExit, match=f"process {os.getpid()}"),
    ):
        run_lock.refuse_if_held(tmp_path / "build")
    run_lock.refuse_if_held(tmp_path / "build")


def test_a_build_folder_that_cannot_be_written_is_named():
    with (
        pytest.raises(SystemExit, match=r"/proc/build can't be written"),
        run_lock.hold("make run", Path("/proc/build")),
    ):
        pass


def test_make_clean_leaves_what_a_run_is_writing(holder, tmp_path):
    if shutil.which("make") is None or not (Path(sys.prefix) / "installed").exists():
        pytest.skip("this isn't the environment of make install")
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    (tmp_path / "helpers").mkdir()
    for name in ("__init__.py", "run_lock.py"):
        shutil.copy(REPOSITORY / "helpers" / name, tmp_path / "helpers")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    done = subprocess.run(["make", "clean"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode and f"process {holder.pid}" in done.stderr
    assert (tmp_path / "build" / "run.lock").exists()
