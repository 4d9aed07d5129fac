"""A client has a limited time to send and to read.

One connection too many closes the one that has been waiting longest, and large bodies wait for each
other.
"""

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.parse

import pytest

from model_monitoring.console import bodies, listener

from .conftest import Client, record

PAGE = b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def connect(running):
    held = []

    def open_one(sent):
        place = urllib.parse.urlsplit(running.url)
        held.append(socket.socket())
        # Else the system may hold 32 MB for a client that reads nothing
        held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        held[-1].settimeout(10)
        held[-1].connect((place.hostname, place.port))
        held[-1].sendall(sent)
        return held[-1]

    yield open_one
    for one in held:
        one.close()


def is_cut_off(connection, drip, within):
    """Tell whether the server closes a connection on which something moves all the time."""
    deadline = time.monotonic() + within
    connection.settimeout(0.1)
    while time.monotonic() < deadline:
        try:
            connection.send(drip)
            if connection.recv(1) == b"":
                return True
        except TimeoutError:
            pass
        except OSError:
            return True
    return False


@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        (PAGE + b"A: ", b"x"),
        (b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (
            b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n",
        ),
    ],
)
def test_a_request_that_never_ends_is_cut_off(connect, monkeypatch, sent, drip):
    monkeypatch.setattr(listener, "SEND_WITHIN", 1)
    assert is_cut_off(connect(sent), drip, within=10)


def test_a_slow_request_within_the_time_limit_is_accepted(connect, monkeypatch):
    monkeypatch.setattr(listener, "SEND_WITHIN", 20)
    connection = connect(PAGE + b"A: ")
    assert not is_cut_off(connection, b"x", within=3)
    connection.settimeout(10)
    connection.sendall(b"\r\n\r\n")
    assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_an_idle_connection_is_closed(connect, monkeypatch):
    monkeypatch.setattr(listener, "READ_WITHIN", 1)
    assert connect(b"").recv(1) == b""


@pytest.fixture
def large(running):
    """Request a page of 20 MB."""
    running.app.add_url_rule("/large", view_func=lambda: b"x" * 20_000_000)
    return PAGE.replace(b"/sign-in", b"/large") + b"\r\n"


def test_a_response_that_the_client_does_not_read_is_cut_off(connect, running, large, monkeypatch):
    monkeypatch.setattr(listener, "READ_WITHIN", 1)
    unread = connect(large)
    time.sleep(4)
    assert not running.server.active_channels  # before the client reads anything
    assert 0 < len(all_of(unread)) < 20_000_000


def test_a_client_that_sends_requests_without_reading_holds_no_thread(connect, large):
    """A thread that has more to send waits for the reader.

    Otherwise, as many readers as there are threads would hold all of them.
    """
    for _ in range(listener.THREADS):
        connect(large * 4)
    time.sleep(1)
    assert connect(PAGE + b"\r\n").recv(15) == b"HTTP/1.1 200 OK"


def all_of(connection):
    """Read until the server closes the connection."""
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        pieces.extend(iter(lambda: connection.recv(1 << 20), b""))
    return b"".join(pieces)


def test_the_connection_that_has_been_waiting_longest_is_closed(connect, running, monkeypatch):
    monkeypatch.setattr(listener, "CONNECTIONS", 5)
    held = [connect(PAGE) for _ in range(5)]
    for _ in range(3):
        time.sleep(0.1)
        assert Client(running.url).ask("/sign-in").status == 200
    assert held[0].recv(1) == b""
    held[-1].sendall(b"\r\n")
    assert held[-1].recv(15) == b"HTTP/1.1 200 OK"


def test_connections_that_are_kept_alive_stay_open(running, schema, mart):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(running.url).netloc, timeout=10)
    headers = {"Authorization": f"Bearer {running.token}"}
    for _ in range(3):
        connection.request("GET", f"/v1/data_marts/{schema}/deployment_metrics", headers=headers)
        assert connection.getresponse().read()
        time.sleep(1.2)  # longer than until the server next checks its connections
    connection.close()


def test_too_many_large_bodies_at_once_are_refused_for_now(
    program, schema, subscription, monkeypatch
):
    """Each takes many times its size in memory."""
    path = f"/v1/data_marts/{schema}/scoring_payloads"
    body = json.dumps([record(subscription, "a")])
    monkeypatch.setattr(bodies, "AT_ONCE", 2 * len(body) - 1)
    monkeypatch.setattr(bodies, "PATIENCE", 0.3)
    working, go_on = threading.Event(), threading.Event()
    inside = bodies._parsed

    def slowly(sent):
        working.set()
        assert go_on.wait(20)
        return inside(sent)

    monkeypatch.setattr(bodies, "_parsed", slowly)
    answers = []
    first = threading.Thread(target=lambda: answers.append(program.post(path, json.loads(body))))
    first.start()
    assert working.wait(20)
    answer = program.post(path, json.loads(body))
    assert (
        answer.status == 503 and "send the same body again" in answer.json["errors"][0]["message"]
    )
    go_on.set()
    first.join()
    assert answers[0].status == 202
    assert program.post(path, json.loads(body)).status == 202
