"""Clients that never finish their request don't block those that do."""

import socket
import time

from offline import until


def test_hundreds_of_unfinished_requests_do_not_keep_others_waiting(aws):
    head = b"PUT /data/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
    begun = [
        socket.create_connection(("127.0.0.1", aws.server[name]))
        for name in ("port", "portal")
        for _ in range(150)
    ]
    for number, connection in enumerate(begun):
        connection.sendall(head if number % 2 else head + b"\r\n0123456789")
    for _ in range(5):
        start = time.monotonic()
        assert aws.s3.head_object(Bucket="data", Key="train/train.csv")
        assert time.monotonic() - start < 5
    for connection in begun:
        connection.close()


def test_requests_above_the_limit_are_closed_until_others_end(aws):
    begun = []
    for _ in range(600):
        connection = socket.create_connection(("127.0.0.1", aws.server["port"]))
        connection.sendall(b"GET /")
        connection.settimeout(5)
        begun.append(connection)
    assert begun[-1].recv(1) == b""
    for connection in begun:
        connection.close()
    until(lambda: aws.command("status", check=False).returncode == 0, 10)
    assert aws.s3.head_object(Bucket="data", Key="train/train.csv")
