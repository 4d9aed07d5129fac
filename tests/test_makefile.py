"""If HOME can't be written, what the tools keep goes to the checkout, and notebooks run."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from tests.conftest import REPOSITORY

KEPT = ("XDG_CACHE_HOME", "MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
PROBE = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from helpers import notebook_runner
notebook_runner.execute(Path("some.ipynb").resolve(), Path("out.ipynb").resolve())
print(json.dumps(dict(os.environ)))
"""
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make isn't installed")


@pytest.fixture
def checkout(tmp_path):
    """A checkout in an odd path, whose target `probe` runs a notebook and prints the variables."""
    folder = tmp_path / "Über stand"
    folder.mkdir()
    (folder / "probe.py").write_text(PROBE)
    probe = f"\nprobe:\n\t@'{sys.executable}' probe.py '{REPOSITORY}'\n"
    (folder / "Makefile").write_text((REPOSITORY / "Makefile").read_text() + probe)
    cells = [
        nbformat.v4.new_code_cell(
            "import warnings; warnings.simplefilter('error')\nimport matplotlib.pyplot"
        )
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "some.ipynb")
    return folder


@pytest.mark.parametrize("home", [None, "/proc/nowhere"])
def test_a_home_that_cannot_be_written_is_left_alone(checkout, home):
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", *KEPT)}
    environment |= {"HOME": home} if home else {}
    done = subprocess.run(
        ["make", "--no-print-directory", "probe"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert all(found[name].startswith(f"{checkout}/.local/home/") for name in KEPT)
    assert not [output for output in nbformat.read(checkout / "out.ipynb", 4).cells[0].outputs], (
        "a warning, say"
    )


def test_a_home_that_can_be_written_is_used(checkout, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in KEPT}
    done = subprocess.run(
        ["make", "--no-print-directory", "probe"],
        cwd=checkout,
        env=environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not set(KEPT) & set(json.loads(done.stdout.splitlines()[-1]))
