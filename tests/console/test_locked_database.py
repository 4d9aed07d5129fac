"""Somebody's open transaction locks the data mart's tables.

Pages still work, writers get an error, and everything ends with the lock.
"""

import contextlib
import threading
import time

import psycopg2
import pytest

from model_monitoring import console
from tests.console.conftest import Client

from .conftest import record

WRITERS = 24  # more than the console has threads
PAGE, WRITE = 10, 20  # seconds, on a busy machine; the time-out is 3


@pytest.mark.parametrize("table", ["scoring_key", "payload_1"])
def test_pages_are_answered_while_writers_wait_for_a_lock(
    database_url, schema, subscription, table
):
    running = console.start(database_url, schema)
    program, reader = Client(running.url, running.token), Client(running.url)
    path = f"/v1/data_marts/{schema}/scoring_payloads"
    assert program.post(path, [record(subscription, "first")]).status == 202
    assert reader.sign_in(running.token).status == 200
    answers, over = [], threading.Event()

    def write(number):
        while not over.is_set():
            began = time.monotonic()
            answer = program.post(path, [record(subscription, f"w{number}")])
            answers.append((answer.status, answer.headers, time.monotonic() - began))
            if answer.status == 202:
                return

    with contextlib.closing(psycopg2.connect(database_url)) as holder:
        holder.cursor().execute(f"LOCK TABLE {schema}.{table}")
        writers = [
            threading.Thread(target=write, args=(number,), daemon=True) for number in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        time.sleep(1)
        for _ in range(3):
            began = time.monotonic()
            assert reader.ask("/alerts").status == 200
            assert time.monotonic() - began < PAGE
        time.sleep(4)
    for writer in writers:
        writer.join(WRITE)
    over.set()
    refused = [answer for answer in answers if answer[0] != 202]
    assert {status for status, _, _ in answers} <= {202, 503}
    assert refused and all(int(headers["Retry-After"]) > 0 for _, headers, _ in refused)
    assert max(took for _, _, took in answers) < WRITE
    assert len(answers) - len(refused) == WRITERS
    assert subscription.payload_logging.get_records_count() == 1 + WRITERS
    running.stop()
