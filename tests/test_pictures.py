"""Each picture has a use and a way to be made again, and no page shows one that doesn't exist."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from doc.tools import pictures
from tests.conftest import REPOSITORY
from tests.test_documents import PAGES

NOTEBOOKS = sorted((REPOSITORY / "notebooks").rglob("[0-9][0-9]_*.ipynb"))
SHOWN = re.compile(r"!\[([^]]*)\]\(([^)]+\.png)\)")
MADE = pictures.DRAWN.keys() | pictures.OPEN_TASKS.keys() | pictures.PAGES.keys()
MOST_BYTES = 400_000


def text(path: Path) -> str:
    """Return a page, or the prose of a notebook."""
    if path.suffix == ".md":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def shown() -> dict[Path, list[str]]:
    """Return the pictures that pages and notebooks show, each with its texts."""
    found: dict[Path, list[str]] = {}
    for path in (*PAGES, *NOTEBOOKS):
        for says, file in SHOWN.findall(text(path)):
            found.setdefault((path.parent / file).resolve(), []).append(says)
    return found


def test_every_picture_that_is_shown_exists_and_every_one_that_exists_is_shown():
    kept = set(pictures.IMAGES.glob("*"))
    assert {path.name for path in kept} == {path.name for path in shown()}
    assert kept == set(shown())


def test_the_tool_makes_every_picture_and_no_other():
    assert {path.name for path in pictures.IMAGES.glob("*")} == MADE


def test_every_picture_has_a_text_for_those_who_cannot_see_it():
    assert [says for texts in shown().values() for says in texts if len(says.split()) < 4] == []


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_picture_is_small(name):
    assert (pictures.IMAGES / name).stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("name", sorted(MADE - pictures.DRAWN.keys()))
def test_a_picture_of_a_page_has_the_size_that_the_tool_says(name):
    height = (pictures.OPEN_TASKS | pictures.PAGES)[name].height
    size = (pictures.WIDTH * pictures.SCALE, height * pictures.SCALE)
    assert Image.open(pictures.IMAGES / name).size == size


def test_the_reviews_are_pictured_when_tasks_exist_and_nobody_has_answered():
    [path] = (REPOSITORY / "notebooks").glob("10_*.ipynb")
    before = pictures.before_reviewers_answer(nbformat.read(path, as_version=4))
    code = "\n".join(cell.source for cell in before.cells if cell.cell_type == "code")
    assert "mart.reviews.create(" in code and "review_all(" not in code
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("review_all(")])
    assert pictures.before_reviewers_answer(other) is None


def test_times_and_ids_look_the_same_in_each_picture(chromium):
    page = chromium.new_page()
    page.set_content(
        "<p>2027-01-02 03:04, until 05:06 UTC</p><p>run <b>6f1c2a34-1b2c-4d5e-8f90-0123456789ab</b>"
    )
    page.evaluate(pictures.SAME)
    seen = page.inner_text("body").split()
    page.close()
    assert seen == ["2026-11-30", "12:00,", "until", "12:00", "UTC", "run", "…"]


def test_a_picture_that_is_too_large_is_not_kept(tmp_path, capsys):
    noise = Image.effect_noise((900, 900), 100)
    noise.save(tmp_path / "noise.png")
    file = tmp_path / "kept.png"
    with pytest.raises(SystemExit, match=r"kept.png would have [\d,]+ bytes"):
        pictures.save((tmp_path / "noise.png").read_bytes(), file)
    assert not file.exists()
