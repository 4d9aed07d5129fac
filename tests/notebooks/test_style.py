"""What a reader may expect of every notebook, before it is run."""

import ast
import itertools
import re

import nbformat
import pytest

from tests.conftest import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((REPOSITORY / "notebooks/solutions").glob("*.ipynb"))
PARTS = ["**What you'll do**", "**What you'll learn**", "**What you need**", "**Time**"]
PARTS += ["## Recap", "## On your own", "A solution", "## In production"]
PAGES = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("doc/**/*.md"), *REPOSITORY.glob("data/*.md")]
README = REPOSITORY / "README.md"
CLOCK = r"\d\d:\d\d:\d\d"
PRIVATE = (r"AKIA[0-9A-Z]{12}", r"pip install", r"/(root|home|Users|tmp|work)/", CLOCK)


def opened(path):
    found = nbformat.read(path, as_version=4)
    found["path"] = path
    return found


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return opened(request.param)


@pytest.fixture(params=[*NOTEBOOKS, *SOLUTIONS], ids=lambda path: path.stem)
def executed(request):
    """A lesson, or the solutions of one: both are committed with their outputs."""
    return opened(request.param)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_a_valid_notebook_that_github_shows(executed):
    nbformat.validate(nbformat.read(executed["path"], as_version=4))
    assert executed["path"].stat().st_size < 500_000


def test_it_has_the_parts_of_a_lesson(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert [part for part in PARTS if part not in text] == []


def test_one_question_checks_the_idea_that_was_just_taught(notebook):
    cells = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    lesson = "\n\n".join(cells).partition("## Recap")[0]
    assert lesson.count("**Check yourself.**") == 1
    folded = r"\*\*Check yourself\.\*\* .+?\?\n\n<details><summary>The answer</summary>\n\n.+?"
    assert re.search(folded + r"\n\n</details>", lesson, re.DOTALL)


def test_what_to_read_further_names_a_few_addresses(notebook):
    cells = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    [section] = re.findall(r"^## Further reading\n(.*?)(?=^## )", "\n".join(cells), re.M | re.S)
    assert 2 <= len(re.findall(r"^- ", section, re.M)) <= 5
    assert "](http" in section


def test_it_was_run_from_top_to_bottom_without_error(executed):
    cells = code_cells(executed)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert any(cell.outputs for cell in cells)


def test_cells_are_short(executed):
    sources = [cell.source for cell in code_cells(executed)]
    assert [source for source in sources if len(source.splitlines()) > 20] == []


def test_every_figure_that_it_draws_is_shown(executed):
    """The helpers return a figure, and a cell shows only what its last line returns."""
    unseen = []
    for cell in code_cells(executed):
        *before, _ = ast.parse(cell.source).body
        calls = [line.value for line in before if isinstance(line, ast.Expr)]
        unseen += [call for call in map(ast.unparse, calls) if call.startswith("figures.")]
    assert unseen == []


def test_nothing_in_it_is_a_secret_a_clock_or_a_path_of_somebodys_machine(executed):
    text = executed["path"].read_text()
    for pattern in PRIVATE:
        assert not re.search(pattern, text), pattern


def test_numbers_have_at_most_four_significant_digits(executed):
    for cell in code_cells(executed):
        for output in cell.outputs:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            for number in re.findall(r"(?<![\w.-])\d+\.\d+(?![\w.])", text):
                digits = number.replace(".", "").strip("0")
                # Values of the data file, as they are
                shown_as_read = cell.metadata.get("tags", []) == ["raw-numbers"]
                assert len(digits) <= 4 or shown_as_read, f"{number} in: {cell.source[:60]}"


def test_it_has_one_cell_of_key_figures(notebook):
    tags = [tag for cell in code_cells(notebook) for tag in cell.metadata.get("tags", [])]
    assert tags.count("key-figures") == 1


def test_links_lead_somewhere(executed):
    text = "\n".join(cell.source for cell in executed.cells if cell.cell_type == "markdown")
    check_links(text, executed["path"].parent)


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda path: path.name)
def test_links_of_pages_lead_somewhere(page):
    check_links(page.read_text(), page.parent)


def check_links(text, folder):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (folder / target).exists(), target


def test_notebooks_are_linked_one_to_the_next():
    for before, after in itertools.pairwise(NOTEBOOKS):
        assert f"({after.name})" in before.read_text()
        assert f"({before.name})" in after.read_text()


def test_readme_lists_every_notebook():
    readme = README.read_text()
    assert [path.name for path in NOTEBOOKS if f"notebooks/{path.name}" not in readme] == []


def test_the_stated_minutes_are_those_of_reading(notebook):
    """About 200 words and 40 lines of code a minute, solutions aside; README says the same."""
    prose = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    words = len(re.sub(r"<details>.*?</details>", "", prose, flags=re.DOTALL).split())
    lines = sum(len(cell.source.splitlines()) for cell in code_cells(notebook))
    stated = int(re.search(r"\*\*Time\*\*: (\d+)", prose)[1])
    assert abs(stated - max(3, words / 200 + lines / 40)) <= 1
    line = re.search(rf"^\| \[{notebook['path'].name[:2]} .*$", README.read_text(), re.MULTILINE)
    assert line[0].endswith(f"| {stated} |")


def test_lines_of_code_fit_a_window_of_1280_pixels(executed):
    lines = [line for cell in code_cells(executed) for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > 95] == []
