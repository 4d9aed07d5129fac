"""Make notebooks/solutions from the lessons: `python doc/tools/solutions.py`, then `make render`.

A lesson's section "On your own" holds its exercises, each with its solution folded behind "A
solution". Here every solution becomes cells that run, after the lesson's cells that are tagged
`setup`. So what a reader unfolds and what is tested are one text.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SECTION = re.compile(r"^## On your own\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
FOLDED = re.compile(r"<details><summary>A solution</summary>\n(.*?)\n</details>", re.DOTALL)
CODE = re.compile(r"^```python\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
HEAD = """\
# Solutions of {title}

[Back to the lesson](../{file})

Run the lesson first: these cells go on from what it has stored. This notebook is made from the
lesson by `doc/tools/solutions.py`; edit the lesson instead."""


def of(lesson: NotebookNode, file: str) -> NotebookNode:
    """Return the notebook of a lesson's solutions, without outputs."""
    title = lesson.cells[0].source.splitlines()[0].removeprefix("# ")
    cells = [text(HEAD.format(title=title, file=file))]
    tagged = [cell for cell in lesson.cells if "setup" in cell.metadata.get("tags", [])]
    cells += [code(cell.source) for cell in tagged]
    cells += [cell for exercise in exercises(lesson) for cell in exercise]
    for number, cell in enumerate(cells):
        # The same source has the same id, so making them again changes nothing.
        cell["id"] = hashlib.sha256(f"{number}{cell.source}".encode()).hexdigest()[:8]
    return nbformat.v4.new_notebook(cells=cells)


def exercises(lesson: NotebookNode) -> Iterator[list[NotebookNode]]:
    """Yield the cells of each exercise: the question, then the solution's texts and code."""
    prose = "\n\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    for section in SECTION.findall(prose):
        question, *rest = FOLDED.split(section)
        for solution, following in zip(rest[::2], rest[1::2], strict=True):
            yield [text(elsewhere(question)), *solved(elsewhere(solution))]
            question = following


def solved(solution: str) -> list[NotebookNode]:
    """Turn a folded solution into cells; its fenced Python becomes code."""
    parts = CODE.split(solution)
    cells = [code(part) if number % 2 else text(part) for number, part in enumerate(parts)]
    return [cell for cell in cells if cell.source]


def elsewhere(prose: str) -> str:
    """Turn links of the lesson into links from one folder below."""
    prose = re.sub(r"\]\((\d\d_)", r"](../\1", prose)
    return prose.replace("](../doc", "](../../doc").replace("](../data", "](../../data")


def text(source: str) -> NotebookNode:
    """Return a text cell."""
    return nbformat.v4.new_markdown_cell(source.strip())


def code(source: str) -> NotebookNode:
    """Return a code cell."""
    return nbformat.v4.new_code_cell(source.strip())


def keep_outputs(made: NotebookNode, known: NotebookNode) -> None:
    """Keep the outputs of the solutions that are known, if their code is the same."""
    new, old = ([c for c in one.cells if c.cell_type == "code"] for one in (made, known))
    if [cell.source for cell in new] == [cell.source for cell in old]:
        for cell, before in zip(new, old, strict=True):
            cell.update({key: before[key] for key in ("outputs", "execution_count", "metadata")})
        made.metadata = known.metadata


def main() -> None:
    """Write the solutions of every lesson, keeping the outputs if only its words have changed."""
    folder = NOTEBOOKS / "solutions"
    folder.mkdir(exist_ok=True)
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        made = of(nbformat.read(path, as_version=4), path.name)
        target = folder / f"{path.name[:2]}_solutions.ipynb"
        if target.exists():
            keep_outputs(made, nbformat.read(target, as_version=4))
        nbformat.write(made, target)


if __name__ == "__main__":
    main()
