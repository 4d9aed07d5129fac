"""The HTTP servers: one thread per request, all limited in time and number."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

_MOST_REQUESTS = 512  # at once; a browser opens at most 256 connections, a client a few dozen
_SILENCE_SECONDS = 30  # without a byte of a request received, or of its response sent


class _Handler(MotoRequestHandler):
    timeout = _SILENCE_SECONDS


class Server(ThreadedWSGIServer):
    """werkzeug's threaded server; it closes slow connections and those above the limit."""

    def __init__(self, listener: socket.socket, app: Callable[..., Any]):
        host, port = listener.getsockname()
        super().__init__(host, port, app, handler=_Handler, fd=listener.fileno())
        self._free = threading.BoundedSemaphore(_MOST_REQUESTS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a request in a thread of its own; close the connection if none is free."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle a request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()
