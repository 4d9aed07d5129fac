"""A notebook whose services were stopped says so in one sentence; opened again, it goes on."""

import os
import subprocess
import sys
import time

import nbclient
import nbformat
import pytest

from helpers import notebook_runner
from tests.conftest import REPOSITORY

STOP = ["-m", "helpers.workspace", "stop"]
OPEN = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from helpers import workspace
from model_monitoring import datamart
ws = workspace.open()
"""
USES = {
    "boto3": "ws.boto_session.client('s3').list_buckets()",
    "a client of the user's own": "import boto3; boto3.client('sagemaker').list_models()",
    "an endpoint": (
        "import boto3; runtime = boto3.client('sagemaker-runtime')\n"
        "runtime.invoke_endpoint(EndpointName='e', Body=b'1')"
    ),
    "the SDK": "from sagemaker.core.resources import Endpoint; print(list(Endpoint.get_all()))",
    "the SDK's session": "ws.sagemaker_session.upload_string_as_file_body('x', ws.bucket, 'key')",
    "psycopg2": "import psycopg2; psycopg2.connect(ws.database_url)",
    "the data mart": "datamart.DataMart(ws.database_url, 'mart').subscriptions.list()",
}
UNRELATED = "def divide(value):\n    return value / 0\ndivide(1)"
MESSAGE = (
    "ServiceStoppedError: The offline AWS and the embedded PostgreSQL were stopped: run the cell "
    "with workspace.open() again, or run make lab and start from the top."
)


@pytest.fixture
def in_services(fresh_services, monkeypatch):
    for variable in set(os.environ) - set(fresh_services):
        monkeypatch.delenv(variable)
    for variable, value in fresh_services.items():
        monkeypatch.setenv(variable, value)


def notebook(*cells: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in (OPEN, *cells)]
    )


def outputs(document: nbformat.NotebookNode) -> list[list]:
    """Run the first cell, stop the services, run the others; return what those gave."""
    client = nbclient.NotebookClient(
        document, timeout=120, kernel_name="python3", allow_errors=True
    )
    with client.setup_kernel():
        client.execute_cell(document.cells[0], 0)
        assert not document.cells[0].outputs, document.cells[0].outputs
        subprocess.run([sys.executable, *STOP], cwd=REPOSITORY, check=True)
        for index, cell in enumerate(document.cells[1:], 1):
            started = time.monotonic()
            client.execute_cell(cell, index)
            assert cell.source == OPEN or time.monotonic() - started < 20, cell.source
    return [cell.outputs for cell in document.cells[1:]]


def test_every_client_gives_the_sentence_and_other_errors_keep_their_traceback(in_services):
    *uses, unrelated, _, works = outputs(
        notebook(*USES.values(), UNRELATED, OPEN, f"print({USES['boto3']} is None)")
    )
    for name, use in zip(USES, uses, strict=True):
        (error,) = [output for output in use if output.output_type == "error"]
        assert (error.ename, error.traceback) == ("ServiceStoppedError", [MESSAGE]), name
    (error,) = unrelated
    assert error.ename == "ZeroDivisionError" and len(error.traceback) > 2
    assert [output.text for output in works] == ["False\n"]  # opened again, the notebook goes on


def test_a_run_of_the_notebooks_ends_with_the_sentence(in_services, tmp_path):
    command = f"[sys.executable, *{STOP}], cwd={str(REPOSITORY)!r}, check=True"
    stopping = f"import subprocess; subprocess.run({command})"
    nbformat.write(notebook(stopping, USES["the data mart"]), tmp_path / "05_stopped.ipynb")
    with pytest.raises(SystemExit) as error:
        notebook_runner.execute(tmp_path / "05_stopped.ipynb", tmp_path / "out.ipynb")
    assert f"05_stopped.ipynb, cell 3: {MESSAGE}" in str(error.value)
