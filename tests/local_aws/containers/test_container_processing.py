import json
import signal
import tarfile
import time
from pathlib import Path

import pytest


def prepare(job, entrypoint, arguments=(), outputs=(), **files: str):
    """Lay out a processing job under /opt/ml/processing.

    In the files' names `__` means `/` and `_dot_` means `.`.
    """
    config = {
        "AppSpecification": {
            "ContainerEntrypoint": entrypoint,
            "ContainerArguments": list(arguments),
        },
        "ProcessingOutputConfig": {
            "Outputs": [{"S3Output": {"LocalPath": path}} for path in outputs]
        },
    }
    (job.opt_ml / "config").mkdir(parents=True)
    (job.opt_ml / "config" / "processingjobconfig.json").write_text(json.dumps(config))
    for name, text in files.items():
        path = job.opt_ml / "processing" / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return job


SCRIPT = """
import argparse, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--out")
arguments = parser.parse_args()
rows = open("/opt/ml/processing/input/data/rows.csv").read().split()
print("environment", os.environ["PLACE"])
open(os.path.join(arguments.out, "count.txt"), "w").write(str(len(rows)))
open("beside.txt", "w").write("relative")
"""
CODE = "/opt/ml/processing/input/code/script.py"


def test_a_script_that_uses_opt_ml_finds_its_inputs_and_outputs(job):
    prepare(
        job,
        ["python3", CODE],
        ["--out", "/opt/ml/processing/output/counts"],
        ["/opt/ml/processing/output/counts"],
        input__code__script_dot_py=SCRIPT,
        input__data__rows_dot_csv="1,2\n3,4\n",
    )
    assert job.start("processing", "run", PLACE="/opt/ml/processing/input").wait(30) == 0, job.log
    assert (job.opt_ml / "processing" / "output" / "counts" / "count.txt").read_text() == "2"
    assert f"environment {job.opt_ml}/processing/input" in job.log
    assert (job.root / "beside.txt").exists()
    assert not Path("/opt/ml/processing/output/counts").exists()


def test_shell_scripts_run_in_a_root_with_blanks_and_quotes_in_its_name(job, tmp_path):
    other = type(job)(tmp_path / "my 'own' $projects")
    text = (
        "set -e\ncd /opt/ml/processing/input/code\n"
        "cat ../data/rows.csv > /opt/ml/processing/copy.csv\n"
    )
    prepare(
        other,
        ["/bin/bash", "/opt/ml/processing/input/code/run.sh"],
        input__code__run_dot_sh=text,
        input__data__rows_dot_csv="1,2\n",
    )
    assert other.start("processing", "run").wait(30) == 0, other.log
    assert (other.opt_ml / "processing" / "copy.csv").read_text() == "1,2\n"


def test_the_archive_and_launch_script_of_frameworkprocessor_run(job, tmp_path):
    processing = pytest.importorskip("sagemaker.core.processing")
    prepare(
        job,
        ["/bin/bash", "/opt/ml/processing/input/entrypoint/runproc.sh"],
        ["--out", "/opt/ml/processing"],
    )
    source = tmp_path / "script.py"
    source.write_text(SCRIPT)
    code = job.opt_ml / "processing" / "input" / "code"
    code.mkdir(parents=True)
    with tarfile.open(code / "sourcedir.tar.gz", "w:gz") as archive:
        archive.add(source, "script.py")
    (code.parent / "data").mkdir()
    (code.parent / "data" / "rows.csv").write_text("1\n2\n3\n")
    processor = object.__new__(processing.FrameworkProcessor)
    processor.command = ["python3"]
    (code.parent / "entrypoint").mkdir()
    (code.parent / "entrypoint" / "runproc.sh").write_text(
        processor._generate_framework_script("script.py")
    )
    assert job.start("processing", "run", PLACE="").wait(30) == 0, job.log
    assert (job.opt_ml / "processing" / "count.txt").read_text() == "3"


def test_a_failing_script_reports_its_code_and_its_last_line(job):
    prepare(
        job,
        ["python3", CODE],
        input__code__script_dot_py="print('on the way')\nraise ValueError('no rows')",
    )
    assert job.start("processing", "run").wait(30) == 1
    assert job.failure == "AlgorithmError: See job logs for more information: ValueError: no rows"
    assert "on the way" in job.log


def test_a_failure_written_by_the_script_is_kept(job):
    text = (
        "import sys\nopen('/opt/ml/output/failure', 'w').write('the bucket was empty')\nsys.exit(7)"
    )
    prepare(job, ["python3", CODE], input__code__script_dot_py=text)
    assert job.start("processing", "run").wait(30) == 7
    assert job.failure == "AlgorithmError: the bucket was empty"


def test_an_exit_message_is_left_for_the_server(job):
    text = "open('/opt/ml/output/message', 'w').write('3 violations')"
    prepare(job, ["python3", CODE], input__code__script_dot_py=text)
    assert job.start("processing", "run").wait(30) == 0, job.log
    assert (job.opt_ml / "output" / "message").read_text() == "3 violations"


@pytest.mark.parametrize(
    ("entrypoint", "arguments", "outputs", "message"),
    [
        ([], [], [], "give AppSpecification.ContainerEntrypoint"),
        (["no-such-program"], [], [], "Cannot run no-such-program: No such file or directory"),
        (["cat"], ["/opt/ml/../../other/opt/ml/model"], [], "leads outside /opt/ml"),
        (["true"], [], ["/opt/ml/../../other"], "is not a path under /opt/ml"),
        (["true"], [], ["/tmp/elsewhere"], "is not a path under /opt/ml"),
    ],
)
def test_an_impossible_command_or_path_is_refused(job, entrypoint, arguments, outputs, message):
    prepare(job, entrypoint, arguments, outputs)
    assert job.start("processing", "run").wait(30) == 1
    assert job.failure.startswith("ClientError: ")
    assert message in job.failure


def test_a_hostile_source_archive_is_refused(job, tmp_path):
    prepare(job, ["true"])
    code = job.opt_ml / "processing" / "input" / "code"
    code.mkdir(parents=True)
    with tarfile.open(code / "sourcedir.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("secrets")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(link)
    assert job.start("processing", "run").wait(30) == 1
    assert (
        job.failure
        == "ClientError: The archive sourcedir.tar.gz was refused: 'secrets' is a link or a device"
    )


def test_stopping_lets_the_script_save_its_work(job):
    text = (
        "import signal, sys, time\n"
        "def save(*_):\n    open('/opt/ml/processing/saved', 'w').write('half')\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    prepare(job, ["python3", CODE], input__code__script_dot_py=text)
    process = job.start("processing", "run")
    while "ready" not in job.log:
        assert process.poll() is None, job.log
        time.sleep(0.02)
    process.terminate()
    assert process.wait(10) == 0
    assert (job.opt_ml / "processing" / "saved").read_text() == "half"


def test_killing_reaches_the_script(job):
    text = "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(60)"
    prepare(job, ["python3", CODE], input__code__script_dot_py=text)
    process = job.start("processing", "run")
    while "pid" not in job.log:
        assert process.poll() is None, job.log
        time.sleep(0.02)
    script = int(job.log.split()[1])
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while job.is_running(script):
        assert time.monotonic() < deadline
        time.sleep(0.02)
