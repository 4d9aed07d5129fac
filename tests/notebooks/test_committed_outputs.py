"""The outputs that readers see on GitHub, figures too, are those that the notebooks give today."""

import subprocess
import sys

import nbformat
import papermill
import pytest

from tests.conftest import REPOSITORY

NBVAL = [sys.executable, "-m", "pytest", "--nbval", "--nbval-cell-timeout=120"]
NBVAL += ["-p", "tests.notebooks.nbval_pictures"]


def nbval(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    command = [*NBVAL, "-p", "no:cacheprovider", "-q", "--no-header", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_every_notebook_gives_its_committed_outputs(fresh_services):
    folder = REPOSITORY / "notebooks"
    # A solution goes on from what its lesson has stored
    paths = [*sorted(folder.glob("*.ipynb")), *sorted(folder.glob("solutions/*.ipynb"))]
    done = nbval([str(path) for path in paths], fresh_services)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("import sys; print('same'); print('bar', file=sys.stderr)", True),
        ("print('other')", False),
        ("print('same'); raise ValueError", False),
    ],
)
def test_the_comparison_can_fail(tmp_path, code, passes):
    output = nbformat.v4.new_output("stream", name="stdout", text="same\n")
    cell = nbformat.v4.new_code_cell(code, outputs=[output], execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "example.ipynb")
    done = nbval([str(tmp_path / "example.ipynb")], {"PATH": "/usr/bin:/bin"})
    assert (done.returncode == 0) is passes


def test_the_comparison_sees_figures(tmp_path):
    code = "from helpers import figures\nfigures.score_histogram([0.1, {}], (0.1, 0.9), 'title')"
    path = tmp_path / "example.ipynb"
    cell = nbformat.v4.new_code_cell(code.format(0.5))
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    drawn = papermill.execute_notebook(
        path, path, cwd=REPOSITORY, kernel_name="python3", progress_bar=False
    )
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)}
    for value, passes in ((0.5, True), (0.7, False)):
        drawn.cells[0].source = code.format(value)
        nbformat.write(drawn, path)
        assert (nbval([str(path)], environment).returncode == 0) is passes
