"""Requests that arrive at the same time are stored together, and each gets its own response."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from model_monitoring.console.gathering import Gathering
from model_monitoring.datamart import ConflictError, DataMartError

from .conftest import record


@pytest.fixture
def path(schema):
    return f"/v1/data_marts/{schema}/scoring_payloads"


def test_every_id_is_stored_once_even_if_several_clients_send_it(program, path, subscription):
    ids = [f"id-{n}" for n in range(300)]
    sent = ids + random.Random(1).choices(ids, k=60)
    random.Random(2).shuffle(sent)
    with ThreadPoolExecutor(16) as pool:
        statuses = list(
            pool.map(lambda one: program.post(path, [record(subscription, one)]).status, sent)
        )
    assert set(statuses) == {202}
    assert sorted(subscription.payload_logging.get_table_content()["scoring_id"]) == sorted(
        f"{one}-1" for one in ids
    )


def test_a_bad_request_does_not_affect_the_others(program, path, subscription):
    program.post(path, [record(subscription, "first")])

    def send(n):
        wrong_type, other_content, good = [["text", "red"]], [[9.0, "other"]], [[1.5, "red"]]
        values = (wrong_type, other_content, good)[n % 3]
        scoring_id = "first" if n % 3 == 1 else f"id-{n}"
        return program.post(path, [record(subscription, scoring_id, values)]).status

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(send, range(90)))
    assert statuses == [400, 409, 202] * 30
    assert subscription.payload_logging.get_records_count() == 31


class Slow:
    """A subscription whose first store waits, so that other requests gather behind it."""

    def __init__(self, fails=lambda records: None):
        self.calls, self.go, self.entered, self.fails = [], Event(), Event(), fails
        self.payload_logging = self

    def store(self, records):
        self.entered.set()
        self.go.wait(10)
        self.calls.append(list(records))
        if error := self.fails(records):
            raise error


def gather(subscription, requests):
    gathering = Gathering()
    with ThreadPoolExecutor(len(requests)) as pool:
        first = pool.submit(gathering.store, subscription, requests[0])
        subscription.entered.wait(10)
        others = [pool.submit(gathering.store, subscription, each) for each in requests[1:]]
        while len(gathering._waiting) < len(others):
            pass
        subscription.go.set()
        return [each.exception() for each in (first, *others)]


def test_waiting_requests_are_stored_in_one_transaction():
    slow = Slow()
    assert gather(slow, [["a"], ["b", "c"], ["d"], ["e"]]) == [None] * 4
    assert slow.calls[0] == ["a"]
    assert len(slow.calls) == 2
    assert sorted(slow.calls[1]) == ["b", "c", "d", "e"]


def test_each_gets_its_own_error():
    refusals = {"bad": ValueError("bad"), "taken": ConflictError("taken", ["taken"])}
    slow = Slow(lambda records: next((refusals[r] for r in records if r in refusals), None))
    found = gather(slow, [["a"], ["bad"], ["good"], ["taken"]])
    assert found == [None, refusals["bad"], None, refusals["taken"]]


def test_an_unreachable_database_is_not_tried_for_each_request():
    gone = DataMartError("gone")
    slow = Slow(lambda records: gone)
    assert gather(slow, [["a"], ["b"], ["c"]]) == [gone] * 3
    assert len(slow.calls) == 1
