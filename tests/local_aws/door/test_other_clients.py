"""Clients in a separate environment, with only the printed variables."""

import json
import os
import shlex
import shutil
import subprocess
import sys

import nbformat
import pytest


@pytest.fixture(scope="module")
def environment(aws):
    """The variables that `eval "$(python -m … env)"` sets in a shell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    exports = aws.command("env").stdout
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    shell = f'{exports}\nexec {shlex.quote(sys.executable)} -c "{program}"'
    done = subprocess.run(
        ["/bin/sh", "-c", shell], env=kept, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def run(environment, *command):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_papermill_reads_and_writes_notebooks_in_s3(aws, environment, tmp_path):
    cell = nbformat.v4.new_code_cell("a = 1", metadata={"tags": ["parameters"]})
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(
        cells=[cell, nbformat.v4.new_code_cell("print(a)")], metadata=metadata
    )
    aws.s3.put_object(Bucket="data", Key="nb/in.ipynb", Body=nbformat.writes(notebook).encode())
    papermill = (sys.executable, "-m", "papermill", "--prepare-only")
    run(environment, *papermill, "s3://data/nb/in.ipynb", "s3://data/nb/out.ipynb", "-p", "a", "7")
    written = aws.s3.get_object(Bucket="data", Key="nb/out.ipynb")["Body"].read().decode()
    assert "a = 7" in written


@pytest.mark.skipif(not shutil.which("aws"), reason="the aws CLI isn't installed")
def test_the_aws_cli_copies_lists_and_presigns(environment, tmp_path):
    (tmp_path / "file").write_text("hello")
    run(environment, "aws", "s3", "cp", str(tmp_path / "file"), "s3://data/cli/file")
    assert "cli/file" in run(environment, "aws", "s3", "ls", "s3://data/cli/", "--recursive")
    assert "TutorialExecutionRole" in run(environment, "aws", "sts", "get-caller-identity")
    url = run(environment, "aws", "s3", "presign", "s3://data/cli/file").strip()
    assert run(environment, "curl", "--silent", url) == "hello"


def test_s3fs_reads_and_writes(environment):
    pytest.importorskip("s3fs", reason="s3fs isn't installed")
    program = (
        "import s3fs; fs = s3fs.S3FileSystem(); "
        "fs.pipe('data/s3fs', b'x' * 6000000); print(fs.size('data/s3fs'))"
    )
    assert run(environment, sys.executable, "-c", program).strip() == "6000000"
