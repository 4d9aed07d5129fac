"""Changes of a whole backend of moto's that reach its disk, or are undone."""

import copy
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()  # else one change's undoing would take back another


@contextmanager
def kept_or_undone(
    backend: Any, keep: Callable[[], None], shared: Iterable[Any] = ()
) -> Iterator[None]:
    """Run what changes a backend, then write it to disk; if either fails the backend is as it was.

    Args:
        backend: small enough to be copied at each change.
        keep: writes it to disk, all or nothing.
        shared: objects within it that no change touches, not worth a copy.
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
