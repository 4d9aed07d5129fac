"""Work on templates in another process, `renderer.py`, which all threads share.

It starts with the first request. Over one socket it receives the end of a connection for each
request. It ends when that socket closes, so at the latest together with this process.
"""

import atexit
import logging
import os
import shlex
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import wire
from .rendered import TemplateError

logger = logging.getLogger(__name__)
# -P: it imports nothing from the folder in which it starts.
COMMAND = (sys.executable, "-P", "-m", f"{__package__}.renderer")
# Seconds until an answer. The renderer's own limits end all work long before; after this time it
# hangs.
LONGEST = 60.0
# The only environment variables that it gets: where libraries are, and the time zone. No secrets.
PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
TOO_DEEP = "The template or the task's input is nested too deeply."
HALF_CHARACTER = (
    "The template or the task has half a character (a lone surrogate): send valid Unicode."
)


@dataclass(frozen=True)
class _Renderer:
    process: subprocess.Popen
    control: socket.socket

    def stop(self) -> None:
        """End the process and its workers; it ends by itself unless it hangs."""
        self.control.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


_lock = threading.Lock()
_renderer: _Renderer | None = None


def run(work: str, **arguments: Any) -> dict[str, Any]:
    """Run `check` or `render` under limits; see `templates.py` for their arguments.

    Raises:
        TemplateError: the input was refused, or the work reached a limit.
        RuntimeError: the renderer doesn't start, or hangs.
    """
    request = _packed({"work": work, **arguments})
    answer = _ask(request) or _ask(request)  # again if the renderer had ended meanwhile
    if answer is None:
        said = "The process that renders templates ended before it answered. Does it start?"
        raise RuntimeError(f"{said} {shlex.join(COMMAND)}")
    if "traceback" in answer:
        logger.error("Rendering a template failed unexpectedly:\n%s", answer["traceback"])
    if "refused" in answer:
        raise TemplateError(answer["refused"])
    return answer["result"]


def _packed(request: dict[str, Any]) -> bytes:
    try:
        return wire.pack(request, wire.REQUEST_LIMIT)
    except wire.TooLong as error:
        raise TemplateError(f"The template and its task's input have {error}.") from None
    except UnicodeError:
        raise TemplateError(HALF_CHARACTER) from None
    except RecursionError:
        raise TemplateError(TOO_DEEP) from None
    except (ValueError, TypeError) as error:
        raise TemplateError(f"The task's input can't be written as JSON: {error}.") from None


def _ask(request: bytes) -> dict[str, Any] | None:
    """Send a request and wait for its answer; None if the renderer has ended."""
    renderer = _running()
    ours, theirs = socket.socketpair()
    try:
        with ours:
            with theirs:
                wire.give(renderer.control, theirs)
            ours.settimeout(LONGEST)
            # A request may be refused before all of it was read: the answer then says why.
            with suppress(ConnectionError):
                ours.sendall(request)
            return wire.receive(ours, wire.ANSWER_LIMIT, LONGEST)
    except TimeoutError:
        renderer.stop()
        raise RuntimeError(
            f"The process that renders templates gave no answer in {LONGEST:.0f} s: try again."
        ) from None
    except OSError:
        renderer.stop()  # killed a moment ago, it may still look alive to whoever asks again
        return None
    except EOFError:
        raise TemplateError(
            "The template was stopped at a limit just before its page was complete."
        ) from None


def _running() -> _Renderer:
    """Return the renderer; start it if there is none or the last one has ended."""
    global _renderer
    with _lock:
        if _renderer and _renderer.process.poll() is not None:
            _renderer.stop()
            _renderer = None
        _renderer = _renderer or _start()
        return _renderer


def _start() -> _Renderer:
    root = Path(__file__).resolve().parents[len(__package__.split("."))]
    path = os.pathsep.join([str(root), *(os.path.abspath(entry) for entry in sys.path)])
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            COMMAND,
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment | {"PYTHONPATH": path},
            cwd="/",
            start_new_session=True,  # a Ctrl+C in the terminal is for this process only
        )
    return _Renderer(process, ours)


def _stop() -> None:
    if _renderer:
        _renderer.stop()


def _forget() -> None:
    """Leave the renderer to the process that started it; a fork of that process starts its own."""
    global _lock, _renderer
    if _renderer:
        _renderer.control.close()
    _lock, _renderer = threading.Lock(), None


atexit.register(_stop)
os.register_at_fork(after_in_child=_forget)
