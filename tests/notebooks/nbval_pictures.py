"""A pytest plugin for nbval: compare figures byte for byte too, and leave progress bars (stderr) out of it."""

import nbval.plugin

_setup = nbval.plugin.IPyNbFile.__init__


def _strict(self, *arguments, **keywords):
    _setup(self, *arguments, **keywords)
    pictures_too = [key for key in self.skip_compare if not key.startswith("image/")]
    self.skip_compare = (*pictures_too, "stderr")


nbval.plugin.IPyNbFile.__init__ = _strict
