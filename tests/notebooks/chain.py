"""All notebooks, one after the other, on services of their own; and which of their verdicts hold.

A verdict is a tie that says `always`: it shall hold at other seeds and with other packages too.
"""

import os
from pathlib import Path
from unittest import mock

import nbformat

from helpers import notebook_runner
from tests.conftest import REPOSITORY, services_of_its_own
from tests.notebooks import sentences

PATHS = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))
Verdict = tuple[str, str]  # a notebook's two digits, and the words


def run(folder: Path, seed: int | None = None) -> None:
    """Run the notebooks into `folder`, with a seed if one is given; SystemExit names a failure."""
    folder.mkdir(parents=True, exist_ok=True)
    with services_of_its_own() as environment, mock.patch.dict(os.environ, environment):
        for path in PATHS:
            settings = {"seed": seed} if seed is not None and has_seed(path) else None
            notebook_runner.execute(path, folder / path.name, settings)


def has_seed(path: Path) -> bool:
    """Tell whether a notebook has the parameter `seed`."""
    cells = nbformat.read(path, as_version=4).cells
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    return any("seed = " in cell.source for cell in tagged)


def verdicts() -> dict[Verdict, sentences.Tie]:
    """Return the verdicts of all notebooks."""
    return {
        (path.name[:2], tie.words): tie
        for path in PATHS
        for tie in sentences.ties_of(path.name[:2])
        if tie.always
    }


def held(folder: Path) -> dict[Verdict, bool]:
    """Tell of each verdict whether the notebooks that were run into `folder` bear it out."""
    lessons = {
        path.name[:2]: sentences.Lesson(nbformat.read(folder / path.name, as_version=4))
        for path in PATHS
    }
    return {verdict: holds(tie, lessons[verdict[0]]) for verdict, tie in verdicts().items()}


def holds(tie: sentences.Tie, lesson: sentences.Lesson) -> bool:
    """Check a verdict; outputs in which its numbers can't be found don't bear it out."""
    try:
        return bool(tie.holds(lesson))
    except (ValueError, KeyError, IndexError):
        return False


def warnings(folder: Path) -> list[str]:
    """Return the notebook and the first line of each warning that a cell showed."""
    return [
        f"{path.name}: {line}"
        for path in PATHS
        for cell in nbformat.read(folder / path.name, as_version=4).cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stderr"
        for line in output.text.splitlines()
        if "Warning" in line
    ]
