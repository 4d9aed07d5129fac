"""Nothing acknowledged is lost and nothing is doubled, whatever dies. SOAK_ROUNDS=50 makes the long form of these."""

import gc
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import psutil
import pytest

from helpers import datamart
from helpers.datamart import capture, server

from .conftest import small_record
from .test_capture_ingestion import event

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("SOAK_ROUNDS", 4))


def test_eight_writers_on_three_routes_with_a_fifth_of_the_ids_repeated(database_url, small):
    ids = [f"id-{n}" for n in range(160 * ROUNDS)]
    schema = small.database.schema

    def subscription():
        return datamart.DataMart(database_url, schema=schema).subscriptions.get(name="small")

    def size(scoring_id):
        return float(scoring_id[3:])

    def by_records(mine):
        log = subscription().payload_logging
        return sum(log.store([small_record(i, values=[[size(i), "red"]])]).stored for i in mine)

    def by_frame(mine):
        frame = pd.DataFrame({"size": map(size, mine), "colour": "red", "score": 0.9, "predicted_label": 1})
        return subscription().payload_logging.store(frame.assign(scoring_id=mine)).stored

    def by_capture(mine):
        lines = [json.dumps(event(f"event {i}", f"{size(i)},red", inferenceId=i)).encode() for i in mine]
        return capture._ingest_file(subscription(), f"s3://b/{random.random()}", "", b"\n".join(lines)).stored

    rng = random.Random(0)
    routes = [by_records, by_frame, by_capture, by_records, by_frame, by_capture, by_records, by_frame]
    parts = [ids[n::8] + rng.sample(ids, len(ids) // 5 // 8) for n in range(8)]
    for part in parts:
        rng.shuffle(part)
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda route, part: route(part), routes, parts))
    assert sum(stored) == len(ids)
    found = Counter(small.payload_logging.get_window(columns=["scoring_id"])["scoring_id"])
    assert found == Counter(f"{i}-1" for i in ids)
    errors = small.payload_logging.list_errors()
    assert errors.empty, errors["reason"].tolist()


WRITER = """
import sys, itertools
from helpers import datamart
from tests.datamart.conftest import small_record
log = datamart.DataMart(sys.argv[1], schema="kill").subscriptions.get(name="small").payload_logging
for n in itertools.count():
    scoring_id = f"{sys.argv[2]}:{n}"
    log.store([small_record(scoring_id, values=[[n, "red"], [n, "blue"]], answers=[[0.9, 1]] * 2)])
    print(scoring_id, flush=True)
"""


def writer(url, name, directory):
    # a file keeps what was acknowledged, whenever the writer dies
    with open(directory / f"{name}.log", "w") as log, open(directory / f"{name}.errors", "w") as errors:
        return subprocess.Popen([sys.executable, "-c", WRITER, url, name], cwd=ROOT, stdout=log, stderr=errors)


def test_kill_9_of_server_and_writers(home):
    directory = home / "postgresql"
    url = server.start(directory)
    mart = datamart.DataMart(url, schema="kill")
    mart.setup()
    uid = mart.bindings.add("engine", datamart.SageMakerMachineLearningInstance(region="us-east-1"))
    small = mart.subscriptions.add(
        datamart.SageMakerMachineLearningAsset(
            source_uid="e",
            binding_uid=uid,
            name="small",
            problem_type="binary",
            label_column="diagnosis",
            prediction_column="predicted_label",
            probability_column="score",
            feature_columns=["size", "colour"],
            positive_label=1,
        )
    )
    rng, names = random.Random(time.time_ns()), iter(range(10**6))
    writers = [writer(url, f"w{next(names)}", home) for _ in range(2)]
    try:
        for _ in range(ROUNDS):
            time.sleep(rng.uniform(0.5, 2.5))
            if rng.random() < 0.5:
                os.kill(int((directory / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                assert server.start(directory) == url
            else:
                writers.pop(0).kill()
                writers.append(writer(url, f"w{next(names)}", home))
        time.sleep(1)
        acknowledged = sum(len(log.read_text().split()) for log in home.glob("w*.log"))
        deadline = time.monotonic() + 30  # those alive go on after the last crash
        while sum(len(log.read_text().split()) for log in home.glob("w*.log")) <= acknowledged:
            assert time.monotonic() < deadline, [errors.read_text()[-500:] for errors in home.glob("w*.errors")]
            time.sleep(0.2)
        assert [process.poll() for process in writers] == [None, None]  # no crash of the server ended one
    finally:
        for process in writers:
            process.kill()
            process.wait()
    said = "".join(log.read_text() for log in home.glob("w*.log"))
    rows = Counter(small.payload_logging.get_window(columns=["scoring_id"])["scoring_id"])
    assert set(rows.values()) == {1}
    missing = [i for i in said.split() if not rows[f"{i}-1"] or not rows[f"{i}-2"]]
    assert missing == []
    assert len(rows) == small.payload_logging.get_records_count()
    labels = [{"scoring_id": row, "diagnosis": 1} for row in list(rows)[:20]]
    small.feedback_logging.store(labels)
    small.quality_monitoring.enable()
    assert small.quality_monitoring.run()["state"] == "finished"
    server.stop(directory)


@pytest.mark.parametrize("hours", [24 * max(1, ROUNDS // 10)])
def test_a_day_of_hourly_traffic_leaks_nothing(mart, small, hours, query):
    small.payload_logging.store([small_record("first")])
    small.quality_monitoring.enable(min_records=1)
    small.performance_monitoring.enable()
    process, marks = psutil.Process(), []
    for hour in range(hours):
        values = [[float(n), "red"] for n in range(50)]
        small.payload_logging.store([small_record(f"h{hour}", values=values, answers=[[0.9, 1]] * 50, response_time=5)])
        small.feedback_logging.store([{"scoring_id": f"h{hour}-{n}", "diagnosis": n % 2} for n in range(1, 51)])
        small.quality_monitoring.run()
        small.performance_monitoring.run()
        mart.get_deployment_metrics()
        gc.collect()
        connections = query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'data mart'")[0][0]
        marks.append((connections, process.num_fds(), process.memory_info().rss))
    connections, files, memory = zip(*marks, strict=True)
    assert connections[-1] <= connections[1]
    assert files[-1] <= files[1]
    assert memory[-1] < memory[len(memory) // 2] + (20 << 20)
