"""`make lab` opens copies: working in them changes nothing in git, and no copy is lost."""

import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import time

import nbformat
import pytest

from tests.conftest import REPOSITORY

refresh = runpy.run_path(str(REPOSITORY / "doc" / "tools" / "working_copies.py"))["refresh"]
KEPT_OUT = (
    ".git",
    ".venv",
    ".local",
    "build",
    "work",
    "__pycache__",
    "tests",
    ".ipynb_checkpoints",
)


@pytest.fixture
def checkout(tmp_path):
    """A checkout of its own, all committed."""
    folder = tmp_path / "checkout"
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*KEPT_OUT))
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    author = ["-c", "user.name=reader", "-c", "user.email=reader@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def changes(checkout) -> str:
    command = ["git", "status", "--porcelain"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True).stdout


def test_a_copy_of_every_lesson_solution_and_script_is_made_once(checkout):
    assert refresh(checkout) == []
    for lesson in (checkout / "notebooks").rglob("*"):
        copy = checkout / "work" / lesson.relative_to(checkout / "notebooks")
        assert lesson.is_dir() or copy.read_bytes() == lesson.read_bytes()
    copy.write_text("mine")
    assert refresh(checkout) == [] and copy.read_text() == "mine"
    assert changes(checkout) == ""


def test_links_of_a_copy_lead_where_those_of_the_lesson_lead(checkout):
    refresh(checkout)
    lessons = {path.relative_to(checkout / "work") for path in (checkout / "work").rglob("*.ipynb")}
    assert len(lessons) >= 26
    for lesson in lessons:
        for target in re.findall(r"\]\(([^)#:\s]+)[)#]", (checkout / "work" / lesson).read_text()):
            expected = (checkout / "notebooks" / lesson).parent / target
            found = (checkout / "work" / lesson).parent / target
            assert found.resolve().exists(), f"{lesson}: {target}"
            assert found.read_bytes() == expected.read_bytes()


def test_a_copy_follows_its_lesson_until_the_reader_changes_it(checkout):
    refresh(checkout)
    untouched, changed = "01_prepare_data.ipynb", "solutions/02_solutions.ipynb"
    mine = checkout / "work" / changed
    mine.write_text("mine")
    for name in (untouched, changed):
        (checkout / "notebooks" / name).write_text("new")
    for _ in range(2):  # said until the reader has decided
        assert refresh(checkout) == [changed]
    assert (checkout / "work" / untouched).read_text() == "new"
    assert mine.read_text() == "mine"


def test_the_sentence_says_how_to_take_a_new_version(checkout):
    refresh(checkout)
    for folder, content in (("work", "mine"), ("notebooks", "new")):
        (checkout / folder / "solutions" / "02_solutions.ipynb").write_text(content)
    tool = [".venv/bin/python", "doc/tools/working_copies.py"]
    done = subprocess.run(tool, cwd=checkout, capture_output=True, text=True, check=True)
    command = re.search(r"mv (.*) && make lab", done.stdout)[1]
    subprocess.run(["mv", *command.split()], cwd=checkout, check=True)
    assert subprocess.run(tool, cwd=checkout, capture_output=True, text=True).stdout == ""
    folder = checkout / "work" / "solutions"
    assert (folder / "02_solutions.ipynb").read_text() == "new"
    assert (folder / "my_02_solutions.ipynb").read_text() == "mine"


@pytest.fixture
def lab(checkout, tmp_path):
    """The address of JupyterLab as `make lab` starts it, without opening a browser."""
    settings, runtime = tmp_path / "settings", tmp_path / "runtime"
    settings.mkdir()
    server = {"open_browser": False, "token": "secret", "allow_root": True, "port": 0}
    (settings / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": server}))
    folders = {"JUPYTER_CONFIG_DIR": str(settings), "JUPYTER_RUNTIME_DIR": str(runtime)}
    with subprocess.Popen(
        ["make", "-o", "install", "lab"],
        cwd=checkout,
        env=os.environ | folders,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 60
        while not (found := list(runtime.glob("jpserver-*.json"))) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield json.loads(found[0].read_text())["url"]
        os.killpg(process.pid, signal.SIGKILL)


def run_first_cell_and_save(page, copy) -> None:
    """Open a copy in JupyterLab as a reader does, and wait until it is saved."""
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+s")
    deadline = time.monotonic() + 30
    while "version" not in nbformat.read(copy, as_version=4).metadata.language_info:
        assert time.monotonic() < deadline, f"JupyterLab didn't save {copy.name}"
        page.wait_for_timeout(200)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="make isn't installed")
def test_opening_running_and_saving_changes_nothing_in_git(checkout, lab, chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    for name in ("00_start_here", "solutions/00_solutions"):
        page.goto(f"{lab}lab/tree/work/{name}.ipynb?token=secret&reset")
        run_first_cell_and_save(page, checkout / "work" / f"{name}.ipynb")
    page.get_by_role("link", name="Back to the lesson").click()
    page.locator(".lm-TabBar-tab", has_text="00_start_here").first.wait_for(timeout=60_000)
    assert changes(checkout) == ""
