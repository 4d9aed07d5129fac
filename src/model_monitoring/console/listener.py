"""The console's HTTP server: Waitress, with a deadline for every client it waits for.

Waitress closes a connection where nothing moves. A client that sends or reads a byte now and then
could hold one for good, and a hundred of them every one there is.
"""

import time
from wsgiref.types import WSGIApplication

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer

from model_monitoring.console.bodies import LARGEST_BODY

THREADS = 16  # requests answered at once; what they log meanwhile is stored together
SEND_WITHIN = 30  # seconds for a whole request: 300 kB a second, for the largest
READ_WITHIN = 120  # seconds from a request to the end of its answer's reading, or to the next one
CONNECTIONS = 100  # of more, the one that has kept us waiting longest is closed
LARGEST_HEADER = 32 << 10  # bytes, cookies of a Jupyter server's whole domain among them


class _Parser(HTTPRequestParser):
    """A request that is being received, and since when."""

    def __init__(self, adj: Adjustments):
        super().__init__(adj)
        self.begun = time.time()


class _Channel(HTTPChannel):
    """A connection, and since when it waits for its client."""

    parser_class = _Parser

    def received(self, data: bytes) -> bool:
        """Take what the client sent."""
        self.heard = time.time()
        return super().received(data)

    def waiting_since(self) -> float:
        """Return when the client last asked for something whole, or began to; seconds since
        1970.
        """
        request = self.request
        return request.begun if request else getattr(self, "heard", self.creation_time)

    def is_too_late(self, now: float) -> bool:
        """Say whether the client had its time to send or to read."""
        # Being answered; a thread waits if too much of earlier answers isn't read
        if self.requests:
            return self.total_outbufs_len > self.adj.outbuf_high_watermark
        return now - self.waiting_since() > (SEND_WITHIN if self.request else READ_WITHIN)


class Listener(TcpWSGIServer):
    """Waitress's server on a port of 127.0.0.1 where no client can keep others waiting."""

    channel_class = _Channel

    def __init__(self, app: WSGIApplication, port: int):
        # The app answers bodies that are too large in JSON; what is far beyond is cut off here.
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
                min(idle, key=_Channel.waiting_since).will_close = True
        super().handle_accept()

    def maintenance(self, now: float) -> None:
        """Close connections whose client is too late; called every second."""
        for channel in self.active_channels.values():
            if channel.is_too_late(now):
                channel.will_close = True
