"""The lessons run again over what they left: nothing breaks, and what doesn't count up stays."""

import nbformat
import pytest

from helpers import notebook_runner
from tests.conftest import REPOSITORY, services_of_its_own

PATHS = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))
# They count endpoints, rows or labels of all runs, or show versions of the model
COUNTING = {"03", "04", "05", "06", "11", "12"}


@pytest.mark.long
def test_a_second_run_over_the_first_has_the_same_key_figures(tmp_path, monkeypatch):
    with services_of_its_own() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        figures = [
            {
                path.name[:2]: notebook_runner.key_figures(
                    notebook_runner.execute(path, tmp_path / path.name)
                )
                for path in PATHS
            }
            for _ in range(2)
        ]
    committed = {
        path.name[:2]: notebook_runner.key_figures(nbformat.read(path, as_version=4))
        for path in PATHS
    }
    assert figures[0] == committed
    again = {number: found for number, found in figures[1].items() if number not in COUNTING}
    assert again == {number: committed[number] for number in again}
