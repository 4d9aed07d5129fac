"""What all tests share: the repository's place, and services of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="module")
def fresh_services(tmp_path_factory) -> dict[str, str]:
    """An environment for subprocesses whose offline services start empty; they're stopped at the end."""
    state = tmp_path_factory.mktemp("state")
    kept = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "TUTORIAL_TARGET")}
    environment = {**kept, "TUTORIAL_LOCAL_DIR": str(state)}
    yield environment
    subprocess.run([sys.executable, "-m", "helpers.workspace", "stop"], cwd=REPOSITORY, env=environment, check=True)
