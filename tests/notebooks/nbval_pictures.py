"""A pytest plugin for nbval: compare figures byte for byte too, but no progress bars.

Each lesson is run in the state that the lessons before it leave (`nbval_states`), unless
TUTORIAL_LOCAL_DIR, DATABASE_URL or TUTORIAL_TARGET name another.
"""

import os
import runpy
from pathlib import Path

import nbval.plugin

from tests.notebooks import nbval_states

RENDER = Path(__file__).parents[2] / "doc" / "tools" / "render.py"
is_progress = runpy.run_path(str(RENDER))["is_progress"]

_setup = nbval.plugin.IPyNbFile.__init__
_start = nbval.plugin.IPyNbFile.setup
_end = nbval.plugin.IPyNbFile.teardown
_compare = nbval.plugin.IPyNbCell.compare_outputs


def _with_pictures(self, *arguments, **keywords):
    _setup(self, *arguments, **keywords)
    self.skip_compare = tuple(key for key in self.skip_compare if not key.startswith("image/"))


def _without_progress(self, test, ref, skip_compare=None):
    return _compare(self, [output for output in test if not is_progress(output)], ref, skip_compare)


CHOSEN = {"TUTORIAL_LOCAL_DIR", "DATABASE_URL", "TUTORIAL_TARGET"} & set(os.environ)


def _ours(file) -> bool:
    return not CHOSEN and file.path.resolve() in nbval_states.in_order()


def _in_its_state(self):
    if _ours(self):
        nbval_states.prepare(self.path)
    _start(self)


def _stopping(self):
    _end(self)
    if _ours(self):
        nbval_states.stop()


nbval.plugin.IPyNbFile.setup = _in_its_state
nbval.plugin.IPyNbFile.teardown = _stopping
nbval.plugin.IPyNbFile.__init__ = _with_pictures
nbval.plugin.IPyNbCell.compare_outputs = _without_progress
