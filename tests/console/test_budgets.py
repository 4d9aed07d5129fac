"""Work is bounded: any client gets a response soon, however much or slowly it sends.

Little memory is used, and others are served meanwhile. The console is a separate process here, so
that its memory can be measured.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import psutil
import pytest

from model_monitoring import datamart

from .conftest import Client
from .test_command import REPOSITORY, url_of

TOKEN, SCHEMA = "a-token-for-this-test", "console_budgets"
PATH = f"/v1/data_marts/{SCHEMA}/scoring_payloads"
ANSWERED = 15  # seconds, on a busy machine; 1 or 2 on an idle one
SERVED = 5  # seconds that others wait at most; far less on an idle machine
MEMORY = 450 << 20  # bytes more than at the start


class Served:
    """A console in a separate process, and its peak memory while something was done to it."""

    def __init__(self, process):
        self.client = Client(url_of(process), TOKEN)
        self.place = urllib.parse.urlsplit(self.client.base)
        self.process = psutil.Process(process.pid)
        self.before = self.process.memory_info().rss

    def connect(self):
        return socket.create_connection((self.place.hostname, self.place.port), timeout=ANSWERED)

    @contextlib.contextmanager
    def others_are_served(self):
        """Request a page repeatedly, and measure the memory."""
        done, waits, memory = threading.Event(), [], [self.process.memory_info().rss]

        def ask():
            while not waits or not done.wait(0.05):
                begun = time.monotonic()
                served = Client(self.client.base).ask("/sign-in").status == 200
                waits.append(time.monotonic() - begun if served else float("inf"))

        def look():
            while not done.wait(0.02):
                memory.append(self.process.memory_info().rss)

        threads = [threading.Thread(target=work) for work in (ask, look)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert max(waits, default=float("inf")) < SERVED
        assert max(memory) - self.before < MEMORY


@pytest.fixture(scope="module")
def served(database_url, tmp_path_factory):
    datamart.DataMart(database_url, schema=SCHEMA).setup()
    kept = {
        "DATABASE_URL": database_url,
        "TUTORIAL_LOCAL_DIR": str(tmp_path_factory.mktemp("state")),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "model_monitoring", "console", "--schema", SCHEMA, "--port", "0"],
        cwd=REPOSITORY,
        env=os.environ | kept | {"CONSOLE_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield Served(process)
    process.kill()
    process.wait()
    process.stdout.close()


def many(piece, count):
    return b"[" + b",".join([piece] * count) + b"]"


BODIES = {
    "empty records": (400, many(b"{}", 100_000)),
    "more empty records": (413, many(b"{}", 2_700_000)),
    "empty rows": (413, many(b"[]", 2_700_000)),
    "records of another kind": (400, many(b'{"a":0}', 490_000)),
    "short texts": (400, many(b'"ab"', 1_600_000)),
    "halves of characters": (400, many(b'"\\ud83d\\ude00"', 500_000)[:-1] + b',"\\ud800"]'),
    "numbers": (400, many(b"1.5e300", 1_000_000)),
    "numbers beyond a double": (400, many(b"1e999", 1_300_000)),
    "long numbers": (400, many(b"9" * 4300, 1900)),
    "one long number": (400, b"[" + b"9" * 8_000_000 + b"]"),
    "one long text": (400, b'["' + b"x" * 8_000_000 + b'"]'),
    "nested lists": (400, b"[" * 400_000),
    "nested objects": (400, b'{"a":' * 400_000),
    "many keys": (400, b"[{" + b",".join(b'"%07d":0' % n for n in range(600_000)) + b"}]"),
    "one key many times": (400, b"[{" + b",".join([b'"a":0'] * 1_300_000) + b"}]"),
    "a key twice, late": (
        400, b"[{" + b",".join(b'"%07d":0' % n for n in range(600_000)) + b',"0000001":0}]'
    ),
    "blanks": (400, b" " * 8_000_000),
    "more than a body may have": (413, b"[" + b" " * 9_000_000 + b"]"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_any_body_is_answered_soon_with_little_memory(served, name):
    status, body = BODIES[name]
    with served.others_are_served():
        begun = time.monotonic()
        answer = served.client.ask(PATH, body, content_type="application/json")
        assert time.monotonic() - begun < ANSWERED
    assert answer.status == status, answer.text
    assert len(answer.text) < 1000


@contextlib.contextmanager
def unfinished(served, count, start, drip=b""):
    """Hold connections that began a request and continue by a byte now and then.

    There are as many as the machine allows.
    """
    held, done = [], threading.Event()

    def go_on():
        while not done.wait(0.2):
            for one in held:
                with contextlib.suppress(OSError):
                    one.send(drip)

    for _ in range(count):
        held.append(served.connect())
        held[-1].send(start)
    dripping = threading.Thread(target=go_on)
    dripping.start()
    try:
        yield held
    finally:
        done.set()
        dripping.join()
        for one in held:
            one.close()


POST = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
SLOW = {
    "nothing": (b"", b""),
    "a header": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: ", b"x"),
    "empty lines": (b"\r\n", b"\r\n"),
    "a body": (POST + b"Content-Length: 8000000\r\n\r\n[", b" "),
    "a large body": (POST + b"Content-Length: 20000000\r\n\r\n[", b" "),
    "a chunked body": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a form": (
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\na=", b"x"
    ),
    "a form of the reviewers": (
        b"POST /review/enter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 6000\r\n\r\na=", b"x"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SLOW)
def test_slow_senders_do_not_keep_others_waiting(served, name):
    with unfinished(served, 150, *SLOW[name]), served.others_are_served():
        time.sleep(2)


def test_slow_readers_do_not_keep_others_waiting(served):
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with unfinished(served, 150, asked * 5), served.others_are_served():
        time.sleep(2)
