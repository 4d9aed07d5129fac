"""Running notebooks headless: what is reported, what an error says, and what rendering keeps."""

import runpy

import nbformat
import pytest

from helpers import notebook_runner
from tests.conftest import REPOSITORY


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(notebook_runner, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(notebook_runner, "BUILD", tmp_path / "build")
    monkeypatch.setattr(notebook_runner, "REPOSITORY", tmp_path)
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def write(folder, name, *cells, tags=()):
    cells = [nbformat.v4.new_code_cell(source) for source in cells]
    cells[-1].metadata["tags"] = list(tags)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebooks" / name)


def test_it_runs_from_a_number_on_and_writes_a_summary(folder):
    write(folder, "00_first.ipynb", "1/0")
    write(folder, "01_second.ipynb", "print('warm up')", "print('rows: 3')", tags=["key-figures"])
    summary = notebook_runner.run("01")
    (entry,) = summary["notebooks"]
    assert (
        entry["name"] == "01_second" and entry["key_figures"] == "rows: 3" and entry["seconds"] > 0
    )
    assert "rows: 3" in notebook_runner.table(summary)
    assert (folder / "build" / "run.json").exists() and (
        folder / "build" / "notebooks" / "01_second.ipynb"
    ).exists()


def test_a_failure_names_notebook_cell_error_and_the_way_on(folder):
    write(folder, "05_fails.ipynb", "print('fine')", "raise ValueError('the reason')")
    with pytest.raises(SystemExit) as error:
        notebook_runner.run()
    text = str(error.value)
    assert "05_fails.ipynb, cell 2: ValueError: the reason" in text and "make run FROM=05" in text
    assert (folder / "build" / "notebooks" / "05_fails.ipynb").exists()


def test_a_number_beyond_the_last_notebook_is_refused(folder):
    write(folder, "00_first.ipynb", "1")
    with pytest.raises(SystemExit, match="no notebook 07 or higher"):
        notebook_runner.run("07")


def test_tidy_drops_what_differs_between_runs(folder):
    lines = ("from tqdm import tqdm", "print('first', flush=True)", "for _ in tqdm(range(2)): pass")
    code = "\n".join([*lines, "print('kept')"])
    write(folder, "00_first.ipynb", code, tags=["parameters"])
    executed = notebook_runner.execute(
        folder / "notebooks" / "00_first.ipynb", folder / "out.ipynb"
    )
    assert any(output.get("name") == "stderr" for output in executed.cells[0].outputs)
    tool = runpy.run_path(str(REPOSITORY / "doc" / "tools" / "render.py"))
    tidied = tool["tidy"](executed)
    assert [output.text for output in tidied.cells[0].outputs] == ["first\nkept\n"]
    assert (
        dict(tidied.cells[0].metadata) == {"tags": ["parameters"]}
        and "papermill" not in tidied.metadata
    )


def test_an_unknown_parameter_is_refused_before_anything_runs(tmp_path):
    path, target = notebook_runner.NOTEBOOKS / "01_prepare_data.ipynb", tmp_path / "01.ipynb"
    with pytest.raises(SystemExit, match=r"^01_prepare_data.ipynb has no parameter sede\.$"):
        notebook_runner.execute(path, target, {"sede": 7, "test_size": 0.3})
    assert not target.exists()
