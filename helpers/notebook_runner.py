"""Run the notebooks headless: `python -m helpers.notebook_runner run [--from 05] | render`.

Both write the executed notebooks to build/notebooks; `run` adds a summary, build/run.json. `render`
uses services of its own, started empty, and alone makes the outputs that are committed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from tqdm import tqdm

from helpers import run_lock

REPOSITORY = Path(__file__).parent.parent
NOTEBOOKS = REPOSITORY / "notebooks"
BUILD = REPOSITORY / "build"


def run(first: str = "00") -> dict:
    """Run the notebooks whose number is `first` or higher; return what build/run.json holds.

    build/run.json: {"notebooks": [{"name", "seconds", "key_figures"}], "seconds": total}. If a
    notebook fails, raises SystemExit naming it, the cell and the error; what it has done is kept.
    """
    done = []
    for path, notebook in _execute_all(first):
        seconds = round(notebook.metadata.papermill["duration"], 1)
        done.append({"name": path.stem, "seconds": seconds, "key_figures": key_figures(notebook)})
    summary = {"notebooks": done, "seconds": round(sum(entry["seconds"] for entry in done), 1)}
    (BUILD / "run.json").write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def _execute_all(first: str = "00", *also: Path) -> Iterator[tuple[Path, nbformat.NotebookNode]]:
    paths = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    chosen = [path for path in paths if path.name >= first]
    if not chosen:
        sys.exit(f"There is no notebook {first} or higher.")
    folder = BUILD / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    with tqdm([*chosen, *also], unit=" notebook") as bar:
        for path in bar:
            bar.set_description(path.stem)
            yield path, execute(path, folder / path.name)


def execute(path: Path, target: Path, parameters: dict | None = None) -> nbformat.NotebookNode:
    """Run one notebook, writing it to `target`; raise SystemExit naming the cell that failed."""
    # Imported here because it takes two seconds: a run that is refused shouldn't wait for it.
    import papermill
    from papermill.exceptions import PapermillExecutionError

    if parameters and (unknown := set(parameters) - set(papermill.inspect_notebook(path))):
        sys.exit(f"{path.name} has no parameter {', '.join(sorted(unknown))}.")
    # The kernel's messages about its connection would break up the progress bar.
    quiet = {"progress_bar": False, "extra_arguments": ["--log-level=ERROR"]}
    try:
        return papermill.execute_notebook(
            path, target, parameters, cwd=NOTEBOOKS, kernel_name="python3", **quiet
        )
    except PapermillExecutionError as error:
        shown = target.relative_to(REPOSITORY) if target.is_relative_to(REPOSITORY) else target
        sys.exit(
            f"\n{path.name}, cell {error.exec_count}: {error.ename}: {error.evalue}\n"
            f"See {shown}. Fix it, then resume with: make run FROM={path.name[:2]}"
        )


def key_figures(notebook: nbformat.NotebookNode) -> str:
    """Return what the cell tagged `key-figures` printed, or "" if there is no such cell."""
    tagged = [cell for cell in notebook.cells if "key-figures" in cell.metadata.get("tags", [])]
    return "".join(output.get("text", "") for cell in tagged for output in cell.outputs).strip()


def table(summary: dict) -> str:
    """Lay out a run's summary for a terminal: each notebook, its seconds, its key figures."""
    lines = [
        f"{entry['name']:<38}{entry['seconds']:>6.1f} s   {entry['key_figures']}"
        for entry in summary["notebooks"]
    ]
    return "\n".join([*lines, f"{'all':<38}{summary['seconds']:>6.1f} s"])


def render() -> None:
    """Run every notebook on services of its own, started empty; keep the outputs in notebooks/."""
    state = BUILD / "render"
    os.environ["TUTORIAL_LOCAL_DIR"] = str(state)
    stop_and_remove(state)
    try:
        for path, notebook in _execute_all("00", *sorted(NOTEBOOKS.glob("solutions/*.ipynb"))):
            nbformat.write(tidy(notebook), path)
    finally:
        stop_and_remove(state)


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what would change with every run: times, progress bars, papermill's metadata."""
    # Imported here because it takes a second, and only rendering needs it.
    from nbconvert.preprocessors.coalescestreams import CoalesceStreamsPreprocessor

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


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m helpers.notebook_runner", description="Run them.")
    commands = parser.add_subparsers(dest="command", required=True)
    runner = commands.add_parser("run", help="run the notebooks; outputs go to build/")
    runner.add_argument("--from", dest="first", default="00", help="the first, such as 05")
    commands.add_parser("render", help="run all afresh and keep the outputs in notebooks/")
    arguments = parser.parse_args()
    if arguments.command == "run" and not re.fullmatch(r"\d\d", arguments.first):
        parser.error(
            f"--from takes a notebook's two-digit number, such as 05, not {arguments.first!r}"
        )
    with run_lock.hold(f"make {arguments.command}", BUILD):
        if arguments.command == "render":
            render()
        else:
            print(f"\n{table(run(arguments.first))}")


if __name__ == "__main__":
    main()
