"""Nothing that was acknowledged is lost, nothing is doubled and nothing grows.

The long forms: SOAK_ROUNDS=50, tests/soak.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model_monitoring import datamart
from model_monitoring.datamart.postgres import server

from .load import log_by_all_routes, watch_by_the_hour

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("SOAK_ROUNDS", 4))


def test_eight_writers_on_four_routes_with_a_fifth_of_the_ids_repeated(database_url, capturing):
    log_by_all_routes(database_url, capturing[0], 2000)


WRITER = """
import sys, itertools
from model_monitoring import datamart
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

REST_WRITER = """
import http.client, itertools, json, sys, time, urllib.error, urllib.request
port, token, uid = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
for n in itertools.count():
    record = {"subscription_id": uid, "scoring_id": f"rest:{n}",
              "request": {"fields": ["size", "colour"], "values": [[n, "red"], [n, "blue"]]},
              "response": {"fields": ["score", "predicted_label"], "values": [[0.9, 1]] * 2}}
    url = f"http://127.0.0.1:{port}/v1/data_marts/kill/scoring_payloads"
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(url, json.dumps([record]).encode(),
                headers), timeout=60)
            break
        except urllib.error.HTTPError as error:
            if error.code != 503:  # what is answered while the database is away
                raise
        except (OSError, http.client.HTTPException):
            pass  # the console is away
        time.sleep(0.05)
    print(f"rest:{n}", flush=True)
"""
TOKEN = "a-token-for-this-test"


def launch(directory, name, *arguments, **environment):
    """Start Python; a file keeps what was acknowledged, even if the process dies."""
    with (
        open(directory / f"{name}.log", "w") as log,
        open(directory / f"{name}.errors", "w") as errors,
    ):
        command = [sys.executable, *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=errors
        )


def writer(url, name, directory):
    return launch(directory, name, "-c", WRITER, url, name)


def page(url, port, name, directory):
    arguments = ("-m", "model_monitoring", "console", "--port", port, "--schema", "kill")
    environment = {
        "DATABASE_URL": url,
        "CONSOLE_TOKEN": TOKEN,
        "TUTORIAL_LOCAL_DIR": str(directory),
    }
    return launch(directory, name, *arguments, **environment)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def acknowledged_in(directory):
    """The scoring ids that each writer was told are stored."""
    return {log.stem: log.read_text().split() for log in directory.glob("w*.log")}


def test_kill_9_of_server_console_and_writers(home):
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
            categorical_columns=["colour"],
            positive_label=1,
        )
    )
    rng, names = random.Random(time.time_ns()), iter(range(10**6))
    port = free_port()
    writers = {name: writer(url, name, home) for name in (f"w{next(names)}" for _ in range(2))}
    over_rest = launch(home, "w-rest", "-c", REST_WRITER, port, TOKEN, small.uid)
    console = page(url, port, f"console{next(names)}", home)
    victims = ["server", "console", "writer"]
    try:
        for round in range(ROUNDS):
            time.sleep(rng.uniform(0.5, 2.5))
            victim = victims[round] if round < len(victims) else rng.choice(victims)
            if victim == "server":
                os.kill(int((directory / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                assert server.start(directory) == url
            elif victim == "console":
                console.kill()
                console.wait()
                console = page(url, port, f"console{next(names)}", home)
            else:
                writers.pop(next(iter(writers))).kill()
                name = f"w{next(names)}"
                writers[name] = writer(url, name, home)
        before = acknowledged_in(home)
        deadline = time.monotonic() + 60  # the survivors continue after the last crash
        while any(
            len(acknowledged_in(home)[name]) <= len(before[name]) for name in ("w-rest", *writers)
        ):
            assert time.monotonic() < deadline, [
                errors.read_text()[-500:] for errors in home.glob("*.errors")
            ]
            time.sleep(0.2)
        assert [process.poll() for process in (*writers.values(), over_rest, console)] == [
            None
        ] * 4  # no crash ended another process
    finally:
        for process in (*writers.values(), over_rest, console):
            process.kill()
            process.wait()
    said = [scoring_id for ids in acknowledged_in(home).values() for scoring_id in ids]
    rows = Counter(small.payload_logging.get_window(columns=["scoring_id"])["scoring_id"])
    assert set(rows.values()) == {1}
    missing = [i for i in said if not rows[f"{i}-1"] or not rows[f"{i}-2"]]
    assert missing == []
    assert len(rows) == small.payload_logging.get_records_count()
    labels = [{"scoring_id": row, "diagnosis": 1} for row in list(rows)[:20]]
    small.feedback_logging.store(labels)
    small.quality_monitoring.enable()
    assert small.quality_monitoring.run()["state"] == "finished"
    server.stop(directory)


def test_six_hours_of_traffic_across_the_end_of_a_month(mart, small, query):
    evening = datetime.now(UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    ) - timedelta(hours=3)
    watch_by_the_hour(mart, small, query, evening, hours=6, rows=200)
