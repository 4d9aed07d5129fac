"""The server with a work team, a template and a flow definition for the tests of a module."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from human_loops import Desk


@pytest.fixture(scope="module")
def desk(aws):
    """A desk whose loops ask one worker each."""
    return Desk(aws)
