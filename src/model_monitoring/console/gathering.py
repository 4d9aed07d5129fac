"""Storing what arrives at the same time in one transaction."""

from collections import defaultdict, deque
from concurrent.futures import Future
from threading import Condition

from model_monitoring.datamart import DataMartError, PayloadRecord, Subscription


class Gathering:
    """Requests that have to wait for each other anyway, stored together.

    A transaction costs the same for one request as for many. No request waits for others to come:
    the first is stored at once, and those that arrive meanwhile are stored next, together.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[list[PayloadRecord], Future]] = deque()
        self._turn = Condition()
        self._is_storing = False

    def store(self, subscription: Subscription, records: list[PayloadRecord]) -> None:
        """Store records, all or none, and return when they are committed.

        Records that other threads are waiting to store are stored with them.

        Raises:
            ValueError, ConflictError, DataMartError: as `payload_logging.store` does.
        """
        done: Future[None] = Future()
        with self._turn:
            self._waiting.append((records, done))
            # What is stored with others, or has failed with them, waits for no further turn
            self._turn.wait_for(lambda: done.done() or not self._is_storing)
            if done.done():
                return done.result()
            self._is_storing = True
            taken = self._taken()
        problem = None
        try:
            problem = _store_all(subscription, taken)
        finally:
            with self._turn:
                self._is_storing = False
                if problem:
                    # Otherwise, requests that came meanwhile would wait for the same error one
                    # after the other, and each would hold a thread.
                    _fail(self._taken(), problem)
                self._turn.notify_all()
        return done.result()

    def _taken(self) -> list[tuple[list[PayloadRecord], Future]]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]


def _fail(requests: list[tuple[list[PayloadRecord], Future]], error: Exception) -> None:
    for _, done in requests:
        done.set_exception(error)


def _store_all(
    subscription: Subscription, requests: list[tuple[list[PayloadRecord], Future]]
) -> DataMartError | None:
    """Store requests together if none is faulty; return the data mart's error, if any."""
    try:
        subscription.payload_logging.store(
            [record for records, _ in requests for record in records]
        )
    except DataMartError as error:
        _fail(requests, error)
        return error
    except Exception as error:
        if len(requests) == 1:
            _fail(requests, error)
            return None
        # One of them is faulty, which must not affect the others: store each separately.
        for position, request in enumerate(requests):
            if problem := _store_all(subscription, [request]):
                _fail(requests[position + 1 :], problem)
                return problem
    else:
        for _, done in requests:
            done.set_result(None)
    return None


gatherings: defaultdict[str, Gathering] = defaultdict(Gathering)  # by subscription
