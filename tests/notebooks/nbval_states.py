"""Give each notebook that nbval checks the state that the notebooks before it leave.

Later notebooks log more rows and labels, so that an earlier one, run again, counts more than at
first. So nbval doesn't use the reader's services: it uses some of its own, in build/nbval, and runs
the notebooks before this one there, once. What they leave is kept until the code changes.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import nbformat

from helpers import notebook_runner

STATES = notebook_runner.BUILD / "nbval"
LIVE = STATES / "live"
CODE = [notebook_runner.REPOSITORY / folder for folder in ("src", "helpers", "data")]


def in_order() -> list[Path]:
    """Return the notebooks in the order in which they are rendered: lessons, then solutions."""
    folder = notebook_runner.NOTEBOOKS
    return [*sorted(folder.glob("[0-9][0-9]_*.ipynb")), *sorted(folder.glob("solutions/*.ipynb"))]


def prepare(path: Path) -> None:
    """Start services that hold what the notebooks before this one leave; others are stopped."""
    os.environ["TUTORIAL_LOCAL_DIR"] = str(LIVE)
    STATES.mkdir(parents=True, exist_ok=True)
    before = in_order()[: in_order().index(path.resolve())]
    stop()
    shutil.rmtree(LIVE, ignore_errors=True)
    done = next((n for n in range(len(before), 0, -1) if kept(before[:n]).exists()), 0)
    if done:
        with tarfile.open(kept(before[:done])) as archive:
            archive.extractall(STATES, filter="fully_trusted")
    for number in range(done, len(before)):
        notebook_runner.execute(before[number], STATES / before[number].name)
        stop()
        keep(kept(before[: number + 1]))


def kept(notebooks: list[Path]) -> Path:
    """Return the file for what these notebooks leave; its name changes with any of their code."""
    cells = [cell.source for path in notebooks for cell in nbformat.read(path, 4).cells]
    files = sorted(file for folder in CODE for file in folder.rglob("*.py"))
    content = "\n".join([*cells, *(file.read_text() for file in files)])
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return STATES / f"after-{notebooks[-1].stem}-{digest}.tar"


def keep(file: Path) -> None:
    """Keep the stopped services' files, instead of those of older code."""
    for old in STATES.glob(f"{file.name.rsplit('-', 1)[0]}-*.tar"):
        old.unlink()
    with tarfile.open(STATES / "new", "w") as archive:
        archive.add(LIVE, LIVE.name)
    (STATES / "new").rename(file)


def stop() -> None:
    """Stop the services in build/nbval; what they hold stays."""
    command = [sys.executable, "-m", "helpers.workspace", "stop"]
    environment = os.environ | {"TUTORIAL_LOCAL_DIR": str(LIVE)}
    subprocess.run(command, cwd=notebook_runner.REPOSITORY, env=environment, check=True)
