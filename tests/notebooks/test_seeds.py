"""How often the lessons' verdicts are true at other seeds: ten runs of all notebooks."""

import os
from collections import defaultdict

import nbformat
import pytest

from helpers import notebook_runner
from tests.conftest import REPOSITORY, services_of_its_own
from tests.notebooks import sentences

SEEDS = range(1, 11)
PATHS = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.long
def test_verdicts_hold_at_nine_seeds_of_ten(tmp_path, monkeypatch, capsys):
    held = defaultdict(list)
    for seed in SEEDS:
        with services_of_its_own() as environment:
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            for path in PATHS:
                settings = {"seed": seed} if has_seed(path) else None
                done = notebook_runner.execute(path, tmp_path / path.name, settings)
                for tie in verdicts(path.name[:2]):
                    held[path.name[:2], tie.words].append(tie.holds(sentences.Lesson(done)))
    with capsys.disabled():
        for (number, words), outcomes in held.items():
            print(f"{number}  {sum(outcomes)} of {len(outcomes)}  {words}")
    assert [key for key, outcomes in held.items() if sum(outcomes) < 0.9 * len(outcomes)] == []


def has_seed(path: os.PathLike) -> bool:
    cells = nbformat.read(path, as_version=4).cells
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    return any("seed = " in cell.source for cell in tagged)


def verdicts(number: str) -> list[sentences.Tie]:
    return [tie for tie in sentences.ties_of(number) if tie.always]
