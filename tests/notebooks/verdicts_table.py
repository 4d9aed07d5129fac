"""Writes the table of doc/teaching.md that says at how many seeds each verdict is true.

    python -m tests.notebooks.verdicts_table

Every run of all notebooks is kept in build/seeds, and a seed that is there isn't run again: what
is stopped can be resumed. `make clean` forgets them.
"""

from collections.abc import Iterable
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.notebooks import chain

SEEDS = range(1, 11)
RUNS = REPOSITORY / "build" / "seeds"
PAGE = REPOSITORY / "doc" / "teaching.md"
BEGIN, END = "<!-- verdicts -->", "<!-- /verdicts -->"


def finished(seeds: Iterable[int] = SEEDS) -> list[Path]:
    """Return the folders of the seeds at which all notebooks have run."""
    return [RUNS / str(seed) for seed in seeds if (RUNS / str(seed) / "done").exists()]


def measure(seed: int) -> Path:
    """Run all notebooks with a seed, unless that is done; return their folder."""
    folder = RUNS / str(seed)
    if not finished([seed]):
        chain.run(folder, seed)
        (folder / "done").touch()
    return folder


def counted(folders: list[Path]) -> dict[chain.Verdict, int]:
    """Count the runs in which each verdict holds."""
    runs = [chain.held(folder) for folder in folders]
    return {verdict: sum(run[verdict] for run in runs) for verdict in chain.verdicts()}


def table(counts: dict[chain.Verdict, int], runs: int) -> str:
    """Lay the counts out as a table of Markdown."""
    lines = [
        f"| {number} | {words} | {count} of {runs} |" for (number, words), count in counts.items()
    ]
    return "\n".join(["| notebook | what it says | true |", "|---|---|---|", *lines])


def write() -> None:
    """Write the table of the seeds that are measured, if there are any."""
    if done := finished():
        text = table(counted(done), len(done))
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")
        print(f"measured: {len(done)} of {len(SEEDS)} seeds", flush=True)


def main() -> None:
    """Write the table at once, and again after each seed that is still to be measured."""
    write()
    for seed in SEEDS:
        if not finished([seed]):
            measure(seed)
            write()


if __name__ == "__main__":
    main()
