"""A load with a short form in every test run and a long form in `make soak`."""

import gc
import itertools
import json
import random
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import boto3
import numpy as np
import pandas as pd
import psutil

from model_monitoring import console, datamart

from .conftest import small_record
from .test_capture_ingestion import event

WRITERS = 8
WARM_UP = 0.4  # of the hours; after that, memory, connections and files must not grow
# Bytes, for a process with a PostgreSQL client, pandas and the results of the hours
LARGEST_GROWTH = 32 << 20
FEATURES, OUTPUTS = ["size", "colour"], ["score", "predicted_label"]


def by_record(log, ids, rng):
    """Log from Python, one to twenty records per call."""
    stored = 0
    while ids:
        part, ids = ids[: (size := rng.randint(1, 20))], ids[size:]
        stored += log.store([small_record(i, values=[[float(i[3:]), "red"]]) for i in part]).stored
    return stored


def by_frame(log, ids, rng):
    """Log data frames of some hundred rows."""
    stored = 0
    while ids:
        part, ids = ids[: (size := rng.randint(1, 600))], ids[size:]
        frame = pd.DataFrame(
            {"scoring_id": part, "size": [float(i[3:]) for i in part], "colour": "red"}
        )
        stored += log.store(frame.assign(score=0.9, predicted_label=1)).stored
    return stored


def by_capture(log, ids, rng):
    """Ingest data-capture files of some hundred events from S3."""
    s3, folder, stored = boto3.client("s3", region_name="us-east-1"), f"capture-{rng.random()}", 0
    for number in itertools.count():
        if not ids:
            return stored
        part, ids = ids[: (size := rng.randint(1, 600))], ids[size:]
        lines = [
            json.dumps(event(f"event {i}", f"{float(i[3:])},red", inferenceId=i)) for i in part
        ]
        s3.put_object(
            Bucket="captured", Key=f"{folder}/{number}.jsonl", Body="\n".join(lines).encode()
        )
        report = log.ingest_capture(f"s3://captured/{folder}/")
        assert (report.files, report.failed) == (1, 0)
        stored += report.stored


def over_rest(page, subscription, ids, rng):
    """Log over REST, one to twenty records per call.

    It doesn't return how many were already there.
    """
    url = f"{page.url}/v1/data_marts/{subscription.database.schema}/scoring_payloads"
    headers = {"Authorization": f"Bearer {page.token}", "Content-Type": "application/json"}
    while ids:
        part, ids = ids[: (size := rng.randint(1, 20))], ids[size:]
        records = [
            {
                "subscription_id": subscription.uid,
                "scoring_id": i,
                "request": {"fields": FEATURES, "values": [[float(i[3:]), "red"]]},
                "response": {"fields": OUTPUTS, "values": [[0.9, 1]]},
            }
            for i in part
        ]
        with urllib.request.urlopen(
            urllib.request.Request(url, json.dumps(records).encode(), headers)
        ) as answer:
            assert answer.status == 202


def log_by_all_routes(database_url, capturing, count):
    """Have eight writers send `count` records by all routes at once, a fifth of them repeated.

    It checks that each record is stored once. `capturing` is a subscription with a session on an S3
    that has a bucket "captured".
    """
    rng = random.Random(0)
    ids = [f"id-{number}" for number in range(count * 4 // 5)]
    sent = [*ids, *rng.choices(ids, k=count - len(ids))]
    rng.shuffle(sent)
    page = console.start(database_url, capturing.database.schema)

    def log():
        mart = datamart.DataMart(database_url, capturing.database.schema, capturing.boto_session)
        return mart.subscriptions.get(capturing.uid).payload_logging

    routes = [by_record, by_frame, by_capture, None, by_record, by_frame, by_capture, None]
    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            parts = [sent[number::WRITERS] for number in range(WRITERS)]
            writing = [
                pool.submit(route, log(), part, random.Random(number))
                if route
                else pool.submit(over_rest, page, capturing, part, random.Random(number))
                for number, (route, part) in enumerate(zip(routes, parts, strict=True))
            ]
            stored = [each.result() for each in writing]
    finally:
        page.stop()
    assert sum(number or 0 for number in stored) < len(ids)  # REST stored the others
    found = Counter(capturing.payload_logging.get_window(columns=["scoring_id"])["scoring_id"])
    assert found == Counter(f"{i}-1" for i in ids)
    assert capturing.payload_logging.get_records_count() == len(ids)
    rows = capturing.payload_logging.get_window(columns=["scoring_id", "size"])
    assert (rows["scoring_id"] == [f"id-{int(size)}-1" for size in rows["size"]]).all()
    assert capturing.payload_logging.list_errors().empty


def watch_by_the_hour(mart, small, query, start, hours, rows):
    """Log `rows` rows in each of some hours from `start`, and run every monitor after each.

    It checks that nothing grows. The clock is that of the records; nothing sleeps. Returns how much
    memory grew after the warm-up, in bytes.
    """
    rng, process, marks = np.random.default_rng(0), psutil.Process(), []
    training = traffic(rng, 2000).drop(columns=["scoring_id"])
    small.payload_logging.store([small_record("first", scoring_timestamp=start)])
    small.quality_monitoring.enable(min_records=1, max_records=10 * rows)
    small.performance_monitoring.enable(apt_threshold=100)
    small.drift_monitoring.enable(training, min_records=1)
    for hour in range(hours):
        begin = start + timedelta(hours=hour)
        frame = traffic(rng, rows, f"{hour}.")
        seconds = pd.to_timedelta(np.sort(rng.uniform(0, 3600, rows)), unit="s")
        small.payload_logging.store(
            frame.assign(scoring_timestamp=begin + seconds, response_time=50)
        )
        late = frame.iloc[: rows // 10]
        labels = pd.DataFrame(
            {"scoring_id": late["scoring_id"] + "-1", "diagnosis": late["predicted_label"]}
        )
        small.feedback_logging.store(labels)
        ran = mart.run_monitors()
        assert ran["state"].tolist() == ["finished"] * 3, ran
        assert ran.set_index("monitor")["records"]["performance"] == rows + (hour == 0)
        window = small.payload_logging.get_window(begin, begin + timedelta(hours=1), ["scoring_id"])
        assert len(window) == rows + (hour == 0)
        mart.get_deployment_metrics()
        gc.collect()
        [(connections,)] = query(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'data mart'"
        )
        marks.append((connections, process.num_fds(), process.memory_info().rss))
    mart.maintain()
    check_partitions(small, query)
    connections, files, memory = zip(*marks[int(WARM_UP * hours) :], strict=True)
    assert max(connections) <= connections[0], connections
    assert max(files) <= files[0], files
    assert memory[-1] - memory[0] < LARGEST_GROWTH, memory
    return memory[-1] - memory[0]


def traffic(rng, rows, name=""):
    """Make scored rows."""
    size = rng.normal(10, 2, rows)
    score = 1 / (1 + np.exp(size - 10))
    frame = pd.DataFrame(
        {"size": size, "colour": rng.choice(["red", "blue"], rows), "score": score}
    )
    ids = [f"{name}{row}" for row in range(rows)]
    return frame.assign(predicted_label=(score > 0.5).astype(int), scoring_id=ids)


def check_partitions(small, query):
    """Check that each row is in its month's partition, and that both months exist."""
    schema = small.database.schema
    table = f"payload_{small.subscription_id}"
    month = "to_char(scored_at AT TIME ZONE 'UTC', 'YYYY_MM')"
    found = query(f"SELECT DISTINCT tableoid::regclass::text, {month} FROM {schema}.{table}")
    assert len(found) == 2
    assert all(name == f"{schema}.{table}_{month}" for name, month in found), found
