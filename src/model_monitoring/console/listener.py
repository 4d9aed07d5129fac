"""The console's HTTP server: Waitress, with a deadline for every client.

Waitress closes an idle connection. But a client that sends or reads a byte now and then could hold
its connection forever, and a hundred such clients could hold all connections.
"""

import contextlib
import socket
import time
from wsgiref.types import WSGIApplication

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer

from model_monitoring.console.bodies import LARGEST_BODY

THREADS = 16  # requests handled at once; what they log at the same time is stored together
SEND_WITHIN = 30  # seconds for a whole request; the largest one then needs 300 kB per second
READ_WITHIN = 120  # seconds until a response has been read, or until the next request
CONNECTIONS = 100  # if there are more, the one that has been waiting longest is closed
LARGEST_HEADER = 32 << 10  # bytes, including all cookies of a Jupyter server's domain


class _Parser(HTTPRequestParser):
    """A request that is being received, and since when."""

    def __init__(self, adj: Adjustments):
        super().__init__(adj)
        self.begun = time.time()


class _Channel(HTTPChannel):
    """A connection, and since when it has been waiting for its client."""

    parser_class = _Parser

    def received(self, data: bytes) -> bool:
        """Take what the client sent."""
        self.heard = time.time()
        return super().received(data)

    def waiting_since(self) -> float:
        """Return when its request began, or else when the client last sent anything.

        The time is in seconds since 1970.
        """
        request = self.request
        return request.begun if request else getattr(self, "heard", self.creation_time)

    def is_too_late(self, now: float) -> bool:
        """Tell whether the client has used up its time to send or to read."""
        # It is being handled, unless a thread waits because too many responses are unread.
        if self.requests:
            return self.total_outbufs_len > self.adj.outbuf_high_watermark
        return now - self.waiting_since() > (SEND_WITHIN if self.request else READ_WITHIN)

    def cut_off(self) -> None:
        """Close the connection, also while the client reads nothing.

        Waitress closes it when its socket next takes data. For a client that reads nothing, this is
        never, unless the socket is shut down first.
        """
        self.will_close = True
        with contextlib.suppress(OSError):  # the client has closed it
            self.socket.shutdown(socket.SHUT_RDWR)


class Listener(TcpWSGIServer):
    """Waitress's server on a port of 127.0.0.1; no client can make others wait."""

    channel_class = _Channel

    def __init__(self, app: WSGIApplication, port: int):
        # The app refuses a body that is too large, in JSON; one far larger is cut off here.
        super().__init__(
            app,
            host="127.0.0.1",
            port=port,
            threads=THREADS,
            ident=None,
            max_request_header_size=LARGEST_HEADER,
            max_request_body_size=3 * LARGEST_BODY,
            connection_limit=2 * CONNECTIONS,
            cleanup_interval=1,
            asyncore_loop_timeout=1,
            asyncore_use_poll=True,
        )

    def handle_accept(self) -> None:
        """Accept a connection, and close another if there are too many."""
        if len(self.active_channels) >= CONNECTIONS:
            idle = [
                one for one in self.active_channels.values() if not (one.requests or one.will_close)
            ]
            if idle:
                min(idle, key=_Channel.waiting_since).cut_off()
        super().handle_accept()

    def maintenance(self, now: float) -> None:
        """Close connections whose client is too late; Waitress calls this every second."""
        for channel in self.active_channels.values():
            if channel.is_too_late(now):
                channel.cut_off()
