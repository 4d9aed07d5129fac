"""Storing what arrives at the same time in one transaction."""

from collections import defaultdict, deque
from concurrent.futures import Future
from threading import Lock

from helpers.datamart import DataMartError, PayloadRecord, Subscription


class Gathering:
    """Requests that wait for each other anyway, stored together: a transaction costs the same for one as for many.

    Nobody waits for company: whoever comes first stores at once, and whatever comes meanwhile is stored next.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[list[PayloadRecord], Future]] = deque()
        self._storing = Lock()

    def store(self, subscription: Subscription, records: list[PayloadRecord]) -> None:
        """Store records, all or none, with whatever other threads wait to store; return when they are committed.

        Raises:
            ValueError, ConflictError, DataMartError: as `payload_logging.store` does.
        """
        done: Future[None] = Future()
        self._waiting.append((records, done))
        with self._storing:
            if not done.done():
                _store_all(subscription, [self._waiting.popleft() for _ in range(len(self._waiting))])
        done.result()


def _store_all(subscription: Subscription, requests: list[tuple[list[PayloadRecord], Future]]) -> None:
    try:
        subscription.payload_logging.store([record for records, _ in requests for record in records])
    except Exception as error:
        if len(requests) == 1 or isinstance(error, DataMartError):
            for _, done in requests:
                done.set_exception(error)
        else:  # one of them is at fault, and the others must not suffer
            for request in requests:
                _store_all(subscription, [request])
    else:
        for _, done in requests:
            done.set_result(None)


gatherings: defaultdict[str, Gathering] = defaultdict(Gathering)  # by subscription
