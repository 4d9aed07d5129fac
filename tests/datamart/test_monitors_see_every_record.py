"""A run measures what was logged since the last one.

This includes what another writer was just about to store.
"""

import threading

from model_monitoring import datamart
from model_monitoring.datamart.records import writing

from .conftest import small_record


def test_a_slow_writer_is_waited_for(database_url, mart, small, monkeypatch):
    small.payload_logging.store([small_record("first")])
    small.performance_monitoring.enable()
    small.performance_monitoring.run()
    begun, go_on = threading.Event(), threading.Event()
    original = writing.write

    def slow(cursor, subscription, state, batch, *rest):
        if batch.scoring_ids == ["slow"]:
            begun.set()
            go_on.wait(20)
        return original(cursor, subscription, state, batch, *rest)

    monkeypatch.setattr(writing, "write", slow)
    other = datamart.DataMart(database_url, schema=small.database.schema).subscriptions.get(
        name="small"
    )
    writer = threading.Thread(target=other.payload_logging.store, args=([small_record("slow")],))
    writer.start()
    assert begun.wait(20)
    small.payload_logging.store([small_record("quick")])  # a higher record id, stored earlier
    threading.Timer(0.5, go_on.set).start()
    assert small.performance_monitoring.run()["metrics"]["records"] == 2
    writer.join()
    assert small.performance_monitoring.run()["state"] == "skipped"


def test_what_was_scored_long_ago_counts_when_it_is_logged(small):
    small.payload_logging.store([small_record("a")])
    small.performance_monitoring.enable()
    small.performance_monitoring.run()
    small.payload_logging.store(
        [small_record("captured", scoring_timestamp="2026-01-01T00:00:00Z")]
    )
    assert small.performance_monitoring.run()["metrics"]["records"] == 1
