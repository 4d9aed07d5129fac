"""Make the pictures in doc/source/images: `make pictures`.

Diagrams are drawn. Pictures of pages are taken with Chromium from a run of the notebooks, on
services of its own that start empty: they show what a reader will see.
"""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from doc.tools import architecture, loop
from helpers import notebook_runner, run_lock
from model_monitoring import console, datamart

IMAGES = Path(__file__).parents[1] / "source/images"
STATE = notebook_runner.BUILD / "pictures"
SCHEMA = "data_mart"
WIDTH, SCALE = 1100, 2  # in CSS pixels, and how many dots of the picture each of them is wide
MOST_BYTES = 300_000
# What differs between two runs: times, the time until which a task is reserved, and ids
SAME = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data
    .replace(/\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d/g, "2026-11-30 12:00")
    .replace(/\\d\\d:\\d\\d(:\\d\\d)? UTC/g, "12:00 UTC")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…");
}"""


class Shot(NamedTuple):
    """A picture of a page: how to get to the page, and how much of it to show, in CSS pixels."""

    go: Callable[[Page, console.Console], object]
    height: int


def _signed_in(path: str) -> Callable[[Page, console.Console], None]:
    """Return how to sign in to the console and go to one of its pages."""

    def go(page: Page, running: console.Console) -> None:
        page.goto(f"{running.url}/sign-in")
        page.fill("input[name=token]", running.token)
        page.click("button")
        page.goto(f"{running.url}{path}")

    return go


def _task(page: Page, running: console.Console) -> None:
    """Open the first task that waits for a reviewer."""
    page.goto(running.invite("Anna"))
    page.wait_for_url("**/review/")
    page.click("text=Start with the next")


def _fairness_report(page: Page, running: console.Console) -> None:
    """Follow the link to the report from the page of the credit model."""
    _signed_in("/")(page, running)
    page.click("h2 >> text=/^german-credit$/")
    page.click("text=report to print")


DRAWN = {"architecture.png": architecture.draw, "loop.png": loop.draw}
OPEN_TASKS = {"review.png": Shot(_task, 1150)}  # while the reviewers of notebook 10 are asked
PAGES = {
    "console.png": Shot(_signed_in("/"), 960),
    "alerts.png": Shot(_signed_in("/alerts"), 640),
    "review-status.png": Shot(_signed_in("/reviews"), 1080),
    "fairness-report.png": Shot(_fairness_report, 870),
}


@contextlib.contextmanager
def services_of_its_own() -> Iterator[None]:
    """Let the notebooks run offline, on services that start empty and are removed at the end."""
    for variable in ("DATABASE_URL", "TUTORIAL_TARGET"):
        os.environ.pop(variable, None)
    os.environ["TUTORIAL_LOCAL_DIR"] = str(STATE)
    notebook_runner.stop_and_remove(STATE)
    try:
        yield
    finally:
        notebook_runner.stop_and_remove(STATE)


def run_notebooks() -> None:
    """Run the notebooks, and take pictures while tasks are open, and of what is left at the end."""
    done = notebook_runner.BUILD / "notebooks"
    done.mkdir(parents=True, exist_ok=True)
    for path in sorted(notebook_runner.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        print(path.stem, flush=True)
        if before := before_reviewers_answer(nbformat.read(path, as_version=4)):
            begun = done / f"{path.stem}_begun.ipynb"
            nbformat.write(before, begun)
            notebook_runner.execute(begun, begun)
            take(OPEN_TASKS)
        notebook_runner.execute(path, done / path.name)
    take(PAGES)


def before_reviewers_answer(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """Return the notebook up to the cell in which reviewers answer; None if there is no such."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and "review_all(" in cell.source:
            return nbformat.v4.new_notebook(cells=notebook.cells[:place])
    return None


def take(shots: dict[str, Shot]) -> None:
    """Take pictures of the console over the data mart that the notebooks are filling."""
    running = console.start(datamart.server.start(STATE / "postgresql"), SCHEMA)
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium())
        for name, shot in shots.items():
            look = {"color_scheme": "light", "device_scale_factor": SCALE, "locale": "en"}
            page = browser.new_page(viewport={"width": WIDTH, "height": shot.height}, **look)
            shot.go(page, running)
            page.wait_for_load_state()
            page.evaluate(SAME)
            save(page.screenshot(), IMAGES / name)
            page.close()
        browser.close()
    running.stop()


def chromium() -> str:
    """Return the path of Chromium; raise SystemExit if it isn't installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    return found or sys.exit("Chromium isn't installed. On Debian and Ubuntu: apt install chromium")


def save(png: bytes, file: Path) -> None:
    """Save a picture with 256 colours, which pages don't exceed visibly; not if it's too large."""
    kept = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    # Maximum coverage keeps colours that are rare, such as the red of a dot
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(kept, "PNG", optimize=True)
    size = kept.getbuffer().nbytes
    if size > MOST_BYTES:
        sys.exit(f"{file.name} would have {size:,} bytes. Show less of the page.")
    file.write_bytes(kept.getvalue())
    print(f"{file.name}: {size:,} bytes")


if __name__ == "__main__":
    chromium()
    for name, draw in DRAWN.items():
        draw().savefig(IMAGES / name, metadata={"Software": None})
    with run_lock.hold("make pictures"), services_of_its_own():
        run_notebooks()
