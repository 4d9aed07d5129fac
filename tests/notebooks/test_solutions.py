"""The solutions that run are those that the lessons fold away, and each lesson has some."""

import runpy

import nbformat
import pytest

from tests.conftest import REPOSITORY

NOTEBOOKS = REPOSITORY / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
TOOL = runpy.run_path(str(REPOSITORY / "doc" / "tools" / "solutions.py"))


def committed(lesson):
    path = NOTEBOOKS / "solutions" / f"{lesson.name[:2]}_solutions.ipynb"
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_solutions_are_made_from_the_lesson(lesson):
    made = TOOL["of"](nbformat.read(lesson, as_version=4), lesson.name)
    assert [cell.source for cell in committed(lesson).cells] == [
        cell.source for cell in made.cells
    ], "run doc/tools/solutions.py, then make render"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_two_to_four_exercises_and_a_solution_that_runs(lesson):
    notebook = nbformat.read(lesson, as_version=4)
    assert 2 <= len(list(TOOL["exercises"](notebook))) <= 4
    assert any(cell.cell_type == "code" and cell.outputs for cell in committed(lesson).cells)


def test_a_folded_solution_becomes_cells():
    own = (
        "## On your own\n\nWhy? See [it](05_log.ipynb)\n\n<details><summary>A solution</summary>\n"
        "\nSo:\n\n```python\nprint(1)\n```\nOne.\n\n</details>\n\n## In production\n\nNo."
    )
    head = nbformat.v4.new_markdown_cell("# 01. First")
    setup = nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["setup"]})
    cells = [head, setup, nbformat.v4.new_code_cell("y"), nbformat.v4.new_markdown_cell(own)]
    made = TOOL["of"](nbformat.v4.new_notebook(cells=cells), "01_first.ipynb")
    sources = [cell.source for cell in made.cells[1:]]
    assert sources == ["x = 1", "Why? See [it](../05_log.ipynb)", "So:", "print(1)", "One."]


def test_outputs_stay_if_only_words_have_changed():
    def solved(words, code):
        own = f"## On your own\n\n{words}\n\n<details><summary>A solution</summary>\n\n```python\n"
        cells = [nbformat.v4.new_markdown_cell("# 01. First")]
        cells += [
            nbformat.v4.new_markdown_cell(f"{own}{code}\n```\n\n</details>\n\n## In production")
        ]
        return TOOL["of"](nbformat.v4.new_notebook(cells=cells), "01_first.ipynb")

    known = solved("Why?", "print(1)")
    known.cells[-1].outputs = [nbformat.v4.new_output("stream", text="1")]
    for made, kept in ((solved("How?", "print(1)"), 1), (solved("Why?", "print(2)"), 0)):
        TOOL["keep_outputs"](made, known)
        assert len(made.cells[-1].outputs) == kept
