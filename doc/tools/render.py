"""Run every notebook afresh and keep the outputs in notebooks/: `make render`.

It uses services of its own, started empty, and alone makes the outputs that are committed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbconvert.preprocessors.coalescestreams import CoalesceStreamsPreprocessor

from helpers import run_lock
from helpers.notebook_runner import BUILD, NOTEBOOKS, REPOSITORY, execute_all


def render() -> None:
    """Run the lessons in order, then their solutions, and write what they show."""
    state = BUILD / "render"
    os.environ["TUTORIAL_LOCAL_DIR"] = str(state)
    stop_and_remove(state)
    try:
        for path, notebook in execute_all("00", *sorted(NOTEBOOKS.glob("solutions/*.ipynb"))):
            nbformat.write(tidy(notebook), path)
    finally:
        stop_and_remove(state)


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what would change with every run: times, progress bars, papermill's metadata."""
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    kept = {"kernelspec": spec, "language_info": {"name": "python"}}
    notebook.metadata = nbformat.from_dict(kept)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_progress(output)]
    # How a cell's printed lines are split into outputs depends on their timing.
    return CoalesceStreamsPreprocessor().preprocess(notebook, {})[0]


def is_progress(output: nbformat.NotebookNode) -> bool:
    """Tell whether an output is a progress bar: a widget in JupyterLab, else text on stderr."""
    widget = "application/vnd.jupyter.widget-view+json" in output.get("data", {})
    return widget or (output.output_type == "stream" and output.name == "stderr")


def stop_and_remove(state: Path) -> None:
    """Stop the services of this process's TUTORIAL_LOCAL_DIR, and delete what they hold."""
    subprocess.run([sys.executable, "-m", "helpers.workspace", "stop"], cwd=REPOSITORY, check=True)
    shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    with run_lock.hold("make render", BUILD):
        render()
