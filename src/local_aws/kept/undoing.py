"""Changes of one of moto's backends that are written to disk, or undone."""

import copy
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()  # without it, undoing one change could undo another


@contextmanager
def kept_or_undone(
    backend: Any, keep: Callable[[], None], shared: Iterable[Any] = ()
) -> Iterator[None]:
    """Run a change of a backend, then write it to disk; if either fails, undo the change.

    Args:
        backend: small enough to be copied at each change.
        keep: writes it to disk, all or nothing.
        shared: objects in the backend that no change touches, so that they needn't be copied.
    """
    with _lock:
        same = {id(thing): thing for thing in (backend, *shared)}
        before = copy.deepcopy(vars(backend), same)
        try:
            yield
            keep()
        except BaseException:
            vars(backend).update(before)
            raise
