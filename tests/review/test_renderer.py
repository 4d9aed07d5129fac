"""The process that renders: started when needed, replaced if killed, ended with its parent."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from model_monitoring.review import render, sandbox

from .hostile_templates import ENDLESS
from .rendering import ordinary

ROOT = Path(__file__).parents[2]
on_linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's /proc")


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def open_files(pid):
    """What a process has open; the connection of the last request may be closed meanwhile."""
    names = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(os.readlink(link))
    return names


def soon(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.02)
    return condition()


@on_linux
def test_a_worker_inherits_nothing_and_has_limits(fresh, monkeypatch):
    monkeypatch.setenv("MART_TOKEN", "secret")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        os.set_inheritable(listening.fileno(), True)
        ordinary()
        renderer = sandbox._renderer.process.pid
        for pid in (renderer, *children(renderer)):
            names = open_files(pid)
            inode = os.fstat(listening.fileno()).st_ino
            assert f"socket:[{inode}]" not in names and len(names) < 10
            assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
        limits = Path(f"/proc/{children(renderer)[0]}/limits").read_text()
    assert re.search(r"Max address space +536870912 ", limits) and re.search(
        r"Max core file size +0 ", limits
    )


@on_linux
def test_killed_processes_are_replaced_and_leave_no_trace(fresh):
    ordinary()
    renderer = sandbox._renderer.process.pid
    worker = children(renderer)[0]
    os.kill(worker, signal.SIGKILL)
    # A request that reached the dying worker would have the whole renderer replaced
    assert soon(lambda: worker not in children(renderer))
    assert "radius_mean" in ordinary()[0].html
    os.kill(renderer, signal.SIGKILL)
    assert "radius_mean" in ordinary()[0].html and sandbox._renderer.process.pid != renderer
    assert not Path(f"/proc/{renderer}").exists()
    workers = children(sandbox._renderer.process.pid)
    sandbox._stop()
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


@on_linux
def test_it_ends_with_its_parent_even_in_the_middle_of_work():
    code = f"""
import os, signal, threading, time
from {sandbox.__package__.rpartition(".")[0]} import review
from {sandbox.__package__} import sandbox
review.check("a")
threading.Thread(target=review.render, args=({ENDLESS!r}, {{}}), daemon=True).start()
time.sleep(0.5)
renderer = sandbox._renderer.process.pid
print(renderer, open(f"/proc/{{renderer}}/task/{{renderer}}/children").read(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    pids = done.stdout.split()
    assert len(pids) >= 2, done.stderr
    assert soon(lambda: not any(is_running(pid) for pid in pids), 3)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_of_the_server_has_a_renderer_of_its_own(fresh):
    ordinary()
    ours = sandbox._renderer.process.pid
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            page, _ = ordinary()
            os.write(
                write, f"{sandbox._renderer.process.pid} {'radius_mean' in page.html}".encode()
            )
            sandbox._stop()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    theirs, is_right = os.read(read, 100).decode().split()
    assert is_right == "True" and int(theirs) != ours
    assert "radius_mean" in ordinary()[0].html and sandbox._renderer.process.pid == ours


def test_sixteen_threads_at_once(fresh):
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda n: render("{{ task.input.n }}", {"n": n}).html, range(64)))
    assert [f">{n}<" in html for n, html in enumerate(found)] == [True] * 64


def test_a_renderer_that_does_not_start_is_a_server_error(fresh, monkeypatch):
    monkeypatch.setattr(sandbox, "COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
    with pytest.raises(RuntimeError, match="Does it start"):
        render("a", {})
