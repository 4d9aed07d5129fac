"""What all tests share: the repository's place, and services of their own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest

# The same inputs in every run: what CI finds, everybody finds. Look for more with
# --hypothesis-profile=default.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

REPOSITORY = Path(__file__).parent.parent


def pytest_collection_modifyitems(items):
    """Begin with the longest file, and skip the long simulations unless make test-long asks for
    them.
    """
    # Begun last, it would keep one of two workers busy for minutes after the other has ended
    items.sort(key=lambda item: item.path.name != "test_committed_outputs.py")
    for item in items:
        if item.get_closest_marker("long") and not os.environ.get("LONG"):
            item.add_marker(pytest.mark.skip(reason="make test-long runs it"))


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@contextmanager
def services_of_its_own() -> Iterator[dict[str, str]]:
    """Make an environment for subprocesses whose offline services start empty; stop them after."""
    # Not pytest's folder, which PostgreSQL's own user may not enter
    state = tempfile.mkdtemp(prefix="tutorial-")
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DATABASE_URL", "TUTORIAL_TARGET")
    }
    environment = {**kept, "TUTORIAL_LOCAL_DIR": str(state)}
    yield environment
    subprocess.run(
        [sys.executable, "-m", "helpers.workspace", "stop"],
        cwd=REPOSITORY,
        env=environment,
        check=True,
    )
    shutil.rmtree(state)


@pytest.fixture(scope="module")
def fresh_services() -> Iterator[dict[str, str]]:
    """The environment of `services_of_its_own`, for a file's tests."""
    with services_of_its_own() as environment:
        yield environment


@pytest.fixture(scope="module")
def chromium():
    """A real browser, this machine's Chromium; a test that needs it is skipped where there is
    none.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    program = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if program is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
