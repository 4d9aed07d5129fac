"""Numbers and verdicts in the notebooks' prose follow from their outputs, or are named facts."""

import re

import nbformat
import pytest

from tests.conftest import REPOSITORY
from tests.notebooks import sentences

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))
NUMBERS = [path.name[:2] for path in NOTEBOOKS]
TIED = [
    pytest.param(number, tie, id=f"{number}: {tie.words[:40]}")
    for number in NUMBERS
    for tie in sentences.ties_of(number)
]


def lesson(number):
    path = NOTEBOOKS[NUMBERS.index(number)]
    return sentences.Lesson(nbformat.read(path, as_version=4))


@pytest.mark.parametrize(("number", "tie"), TIED)
def test_a_tied_sentence_stands_and_is_true(number, tie):
    read = lesson(number)
    assert tie.words in read.prose
    assert tie.holds(read), f"{tie.words!r} does not follow from the outputs of notebook {number}"


@pytest.mark.parametrize("number", NUMBERS)
def test_no_number_in_the_prose_is_tied_to_nothing(number):
    known = [tie.words for tie in sentences.ties_of(number)]
    assert untied(lesson(number), [*known, *sentences.facts_of(number)]) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_facts_stand_in_the_prose(number):
    facts = sentences.facts_of(number)
    assert [words for words in facts if words not in lesson(number).prose] == []


def untied(read, known):
    """List (number, text cell) of each number that no output or code above and no tie states."""
    found, above = [], ""
    for cell in read.cells:
        if cell.cell_type == "code":
            above += "\n".join([cell.source, *map(sentences.shown, cell.outputs), ""])
            continue
        prose = cell.source
        for words in known:
            prose = re.sub(r"\s+".join(map(re.escape, words.split())), " ", prose)
        for number in sentences.numbers_of(prose):
            if not (number[0].isdigit() and sentences.states(above, number)):
                found.append((number, cell.source[:60]))
    return found


def test_the_check_can_fail():
    text = "## 1.2 Head\n\nIn notebook 05, 34% of 1,200 rows and two patients in five."
    cells = [
        nbformat.v4.new_code_cell(
            "x", outputs=[nbformat.v4.new_output("stream", text="0.344\n1200")]
        ),
        nbformat.v4.new_markdown_cell(text),
        nbformat.v4.new_markdown_cell("Then 36% of them."),
    ]
    read = sentences.Lesson(nbformat.v4.new_notebook(cells=cells))
    assert [number for number, _ in untied(read, [])] == ["two patients in five", "36%"]
