"""A worker: it answers one request after another, under limits of processor time and memory."""

import math
import os
import resource
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from . import composing, liquid, templates, wire
from .rendered import TemplateError
from .sandbox import HALF_CHARACTER, TOO_DEEP

CPU_SECONDS = 5
MEMORY = 512 << 20  # bytes of address space; about 100 MB of them are used from the start
READING = 10.0  # seconds within which a request must have arrived
NO_MEMORY = 3  # exit code
RSS_UNIT = (
    1 if sys.platform == "darwin" else 1024
)  # the unit, in bytes, of the system's memory counts

TIME_OVER = (
    f"The template reached its time limit ({CPU_SECONDS} seconds of processor time):"
    " make it do less."
)
MEMORY_OVER = f"The template reached its memory limit ({MEMORY >> 20} MB): make it do less."


def warm_up() -> None:
    """Do once what each worker would have to do: parse the template that most tasks use."""
    liquid.check(templates.default_template())


def serve() -> NoReturn:
    """Answer requests, whose connections come over standard input, then end this process."""
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":  # macOS has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        control = socket.socket(fileno=os.dup(0))
        while connection := wire.take(control):
            with connection:
                _serve(connection)
            if _is_worn():
                break
            control.send(b"+")
        code = 0
    except MemoryError:
        code = NO_MEMORY
    finally:
        os._exit(code)


def _serve(connection: socket.socket) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
    request = wire.receive(connection, wire.REQUEST_LIMIT, READING)
    if request:
        connection.settimeout(READING)
        connection.sendall(_written(_answer(request)))


def _is_worn() -> bool:
    """Say whether so much memory is used that the next request would have too little."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT > MEMORY / 4


def cause(code: int) -> str:
    """Say why a worker ended with an exit code (negative: the signal); "" if it had answered."""
    if code == 0:
        return ""
    if code == -signal.SIGXCPU:
        return TIME_OVER
    # A library in C or Rust aborts if it gets no memory; a system without memory kills.
    if code in (NO_MEMORY, -signal.SIGABRT, -signal.SIGKILL):
        return MEMORY_OVER
    return (
        f"Rendering the template failed (exit code {code}): it is too large or nested too deeply."
    )


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    work = request.pop("work")
    try:
        if work == "check":
            return {"result": liquid.check(**request)}
        return {"result": composing.compose(**request).as_json()}
    except TemplateError as error:
        return {"refused": str(error)}
    except RecursionError:
        return {"refused": TOO_DEEP}
    except UnicodeError:
        return {"refused": HALF_CHARACTER}
    except MemoryError:
        raise
    except Exception as error:  # whatever the request is, the answer is a page or a refusal
        # The log doesn't get the message: it may quote a task's data.
        places = "".join(traceback.format_tb(error.__traceback__))
        said = f"{type(error).__name__}: {error}"[:300]
        return {"refused": f"The template can't be rendered ({said}).", "traceback": places[-5000:]}


def _written(found: dict[str, Any]) -> bytes:
    try:
        return wire.pack(found, wire.ANSWER_LIMIT)
    except wire.TooLong as error:
        return wire.pack({"refused": f"The template makes a page of {error}."}, wire.ANSWER_LIMIT)
    except UnicodeError:
        return wire.pack({"refused": HALF_CHARACTER}, wire.ANSWER_LIMIT)
