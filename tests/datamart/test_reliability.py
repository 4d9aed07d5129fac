"""Nothing acknowledged is lost, nothing is doubled and nothing grows. The long forms: SOAK_ROUNDS=50, tests/soak."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpers import datamart
from helpers.datamart import server

from .load import log_by_all_routes, watch_by_the_hour
from .test_capture_ingestion import capturing  # noqa: F401  a fixture

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("SOAK_ROUNDS", 4))


def test_eight_writers_on_four_routes_with_a_fifth_of_the_ids_repeated(database_url, capturing):  # noqa: F811
    log_by_all_routes(database_url, capturing[0], 2000)


WRITER = """
import sys, itertools
from helpers import datamart
from tests.datamart.conftest import small_record
log = datamart.DataMart(sys.argv[1], schema="kill").subscriptions.get(name="small").payload_logging
for n in itertools.count():
    scoring_id = f"{sys.argv[2]}:{n}"
    record = small_record(scoring_id, values=[[n, "red"], [n, "blue"]], answers=[[0.9, 1]] * 2)
    while True:
        try:
            log.store([record])
            break
        except datamart.DataMartError:
            pass  # a busy machine may start the server more slowly than store waits
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


def test_six_hours_of_traffic_across_the_end_of_a_month(mart, small, query):
    evening = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=3)
    watch_by_the_hour(mart, small, query, evening, hours=6, rows=200)
