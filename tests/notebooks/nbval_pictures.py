"""A pytest plugin for nbval: compare figures byte for byte too, but no progress bars."""

import runpy
from pathlib import Path

import nbval.plugin

RENDER = Path(__file__).parents[2] / "doc" / "tools" / "render.py"
is_progress = runpy.run_path(str(RENDER))["is_progress"]

_setup = nbval.plugin.IPyNbFile.__init__
_compare = nbval.plugin.IPyNbCell.compare_outputs


def _with_pictures(self, *arguments, **keywords):
    _setup(self, *arguments, **keywords)
    self.skip_compare = tuple(key for key in self.skip_compare if not key.startswith("image/"))


def _without_progress(self, test, ref, skip_compare=None):
    return _compare(self, [output for output in test if not is_progress(output)], ref, skip_compare)


nbval.plugin.IPyNbFile.__init__ = _with_pictures
nbval.plugin.IPyNbCell.compare_outputs = _without_progress
