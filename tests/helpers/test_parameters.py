"""What papermill is given is refused, in one sentence, if the notebook can't use it."""

import subprocess
import sys

import pytest

from helpers import parameters
from tests.conftest import REPOSITORY

OWN = "test_size = 0.2  # the share\nseed = 42\nschema = 'data_mart'\nclean_up = False"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            "nosuch = 1",
            "There is no parameter 'nosuch'; this notebook has: test_size, seed, schema",
        ),
        ('seed = "x"', "Parameter seed is 'x': give something like 42."),
        ("seed = True", "Parameter seed is True: give something like 42."),
        ("seed = -5", "Parameter seed is -5: give 0 or more."),
        ("test_size = 1.5", "Parameter test_size is 1.5: give 0 or more, at most 1."),
        ("schema = 7", "Parameter schema is 7: give something like 'data_mart'."),
        ("clean_up = 1", "Parameter clean_up is 1: give something like False."),
        ('schema = "mine"\nseed = 0\ntest_size = 1\nclean_up = True', None),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_do(given, sentence):
    found = parameters.fault(["", OWN, f"# Parameters\n{given}\n"])
    assert (found or "").startswith(sentence or "\n") or found is sentence


def test_a_notebook_without_parameters_takes_none_and_a_reader_may_run_any_cell():
    found = parameters.fault(["# Parameters\nseed = 1\n", "import helpers"])
    assert found == "There is no parameter 'seed'; this notebook has: none."
    assert parameters.fault(["", OWN, "seed = 'x'"]) is None


@pytest.mark.slow
def test_papermill_ends_with_the_sentence_wherever_it_is_started(tmp_path):
    lesson = REPOSITORY / "notebooks" / "01_prepare_data.ipynb"
    command = [sys.executable, "-m", "papermill", str(lesson), str(tmp_path / "out.ipynb")]
    done = subprocess.run(
        [*command, "-p", "test_size", "-5"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == "WorkspaceError: Parameter test_size is -5: give 0 or more, at most 1."
