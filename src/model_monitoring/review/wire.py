"""Messages between this process and the one that renders: JSON after its length, over a socket."""

import json
import socket
import time
from typing import Any

REQUEST_LIMIT = 32 << 20  # bytes of a template with its task's input and the values typed before
ANSWER_LIMIT = 16 << 20  # bytes of the template's part of a page, with its fields
_LENGTH = 8  # bytes


class TooLong(ValueError):
    """A message is longer than its limit."""


def pack(message: dict[str, Any], limit: int) -> bytes:
    """Write a message.

    Raises:
        TooLong: it has more than `limit` bytes.
        ValueError, TypeError, RecursionError: JSON can't hold it; UnicodeEncodeError for a lone
            surrogate.
    """
    body = json.dumps(message, ensure_ascii=False, default=str).encode()
    if len(body) > limit:
        raise TooLong(f"{len(body):,} bytes; {limit:,} are allowed")
    return len(body).to_bytes(_LENGTH, "big") + body


def receive(connection: socket.socket, limit: int, seconds: float) -> dict[str, Any] | None:
    """Read a message; None if the other side ends the connection before it.

    Raises:
        TimeoutError: it hasn't come after `seconds`.
        EOFError: it ends in the middle.
        TooLong: it has more than `limit` bytes.
    """
    deadline = time.monotonic() + seconds
    head = _read(connection, _LENGTH, deadline)
    if not head:
        return None
    length = int.from_bytes(head, "big")
    if length > limit:
        raise TooLong(f"{length:,} bytes; {limit:,} are allowed")
    body = _read(connection, length, deadline)
    if len(body) < length:
        raise EOFError
    return json.loads(body)


def give(control: socket.socket, connection: socket.socket) -> None:
    """Pass a connection to another process."""
    socket.send_fds(control, [b"+"], [connection.fileno()])


def take(control: socket.socket) -> socket.socket | None:
    """Receive a connection from another process; None if that process has ended."""
    try:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    except ConnectionError:
        return None
    return socket.socket(fileno=descriptors[0]) if descriptors else None


def _read(connection: socket.socket, length: int, deadline: float) -> bytearray:
    """Read this many bytes, or fewer at the connection's end."""
    found = bytearray()
    while len(found) < length:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        if not (part := connection.recv(min(length - len(found), 1 << 20))):
            break
        found += part
    return found
