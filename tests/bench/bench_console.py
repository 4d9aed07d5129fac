"""Time the console: ``python -m tests.bench.bench_console`` prints rates and times beside their
bounds.

The console, PostgreSQL and the client share this machine's cores. Exits with 1 where a bound is
missed.
"""

import http.client
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import psycopg2

from model_monitoring import datamart
from model_monitoring.datamart.postgres import server

FEATURES = [f"feature {i}" for i in range(30)]
RECORDS, CONNECTIONS = 3000, 8
SUBSCRIPTIONS, MEASUREMENTS = 20, 1_000_000
MORE = 80  # subscriptions beside those, with five monitors and a hundred runs of each
RESULTS: list[bool] = []

HISTORY = """
INSERT INTO monitor SELECT s, m, true, '{{}}' FROM generate_series(1, {subscriptions}) s,
    unnest(ARRAY['quality', 'drift', 'performance']) m;
INSERT INTO run (run_uid, subscription_id, monitor, state, started, finished, window_start, window_end, records)
    SELECT gen_random_uuid(), s, 'quality', 'finished', t, t, t - interval '1 hour', t, 500
    FROM generate_series(1, {subscriptions}) s,
         generate_series(now() - {runs} * interval '1 hour', now() - interval '1 hour', interval '1 hour') t;
INSERT INTO measurement (run_uid, subscription_id, monitor, metric, ts, value, ci_low, ci_high, lower_limit, records)
    SELECT run_uid, subscription_id, 'quality', 'metric ' || m, started, 0.85 + 0.1 * random(), 0.8, 1,
        CASE WHEN m = 1 THEN 0.86 END, 500
    FROM run, generate_series(1, {metrics}) m WHERE monitor = 'quality';
INSERT INTO run (run_uid, subscription_id, monitor, state, started, finished, records)
    SELECT gen_random_uuid(), 1, 'drift', 'finished', now() - n * interval '1 minute', now(), 500
    FROM generate_series(1, {measurements}) n;
INSERT INTO measurement (run_uid, subscription_id, monitor, metric, ts, value, upper_limit, records)
    SELECT run_uid, 1, 'drift', 'drift', started, random(), 0.9, 500 FROM run WHERE monitor = 'drift';
VACUUM ANALYZE run; VACUUM ANALYZE measurement
"""
OTHERS = """
INSERT INTO monitor SELECT s, m, true, '{}' FROM subscription s0 CROSS JOIN LATERAL (SELECT s0.subscription_id) n (s),
    unnest(ARRAY['quality', 'drift', 'performance', 'fairness', 'explainability']) m WHERE s0.name LIKE 'other %';
INSERT INTO run (run_uid, subscription_id, monitor, state, started, finished, records, details)
    SELECT gen_random_uuid(), subscription_id, monitor, CASE WHEN n % 3 = 1 THEN 'skipped' ELSE 'finished' END,
        now() - n * interval '1 hour', now(), 500, CASE WHEN monitor <> 'drift' THEN '{"reason": "few"}' ELSE (
            SELECT jsonb_build_object('believable', true, 'drift', jsonb_agg(jsonb_build_object(
                'feature', i, 'distance', random(), 'p_value', random(), 'psi', random())))
            FROM generate_series(1, 30) i) END
    FROM monitor JOIN subscription USING (subscription_id), generate_series(1, 100) n WHERE name LIKE 'other %';
INSERT INTO measurement (run_uid, subscription_id, monitor, metric, slice, ts, value, upper_limit, records)
    SELECT run_uid, subscription_id, monitor, 'metric', i::text, started, random(), 2, 500
    FROM run JOIN subscription USING (subscription_id), generate_series(1, 30) i
    WHERE name LIKE 'other %' AND state = 'finished';
VACUUM ANALYZE monitor; VACUUM ANALYZE run; VACUUM ANALYZE measurement
"""


def report(
    what: str, value: float, unit: str, at_least: float | None = None, at_most: float | None = None
) -> None:
    """Print one line and keep whether its bound held."""
    held = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    bound = ""
    if at_least is not None:
        bound = f"  at least {at_least:g}"
    elif at_most is not None:
        bound = f"  at most {at_most:g}"
    print(f"{what:66} {value:10,.2f} {unit}{bound}{'' if held else '  MISSED'}", flush=True)
    RESULTS.append(held)


def subscribe(mart: datamart.DataMart, name: str) -> datamart.Subscription:
    """Subscribe a model of 30 features."""
    binding = mart.bindings.add(
        "engine", datamart.SageMakerMachineLearningInstance(region="us-east-1")
    )
    asset = datamart.SageMakerMachineLearningAsset(
        source_uid="endpoint",
        binding_uid=binding,
        problem_type=datamart.ProblemType.BINARY_CLASSIFICATION,
        label_column="diagnosis",
        prediction_column="predicted_label",
        probability_column="score",
        feature_columns=FEATURES,
        name=name,
    )
    return mart.subscriptions.add(asset)


def body(subscription_uid: str) -> bytes:
    """Make the body of one scored row under a fresh id."""
    record = {
        "subscription_id": subscription_uid,
        "request": {"fields": FEATURES, "values": [[float(i) for i in range(len(FEATURES))]]},
        "response": {"fields": ["score", "predicted_label"], "values": [[0.7, 1]]},
        "scoring_id": str(uuid.uuid4()),
        "response_time": 5,
    }
    return json.dumps([record]).encode()


def log(
    place: str,
    path: str,
    token: str,
    uid: str,
    count: int,
    connections: int,
    done: multiprocessing.Queue,
) -> None:
    """Send single records over some connections at once; put the seconds taken into `done`."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    bodies = [[body(uid) for _ in range(count // connections)] for _ in range(connections)]

    def work(own: list[bytes]) -> None:
        connection = http.client.HTTPConnection(place)
        for each in own:
            connection.request("POST", path, each, headers)
            answer = connection.getresponse()
            if answer.status != 202:
                raise RuntimeError(f"{answer.status}: {answer.read()!r}")
            answer.read()

    threads = [Thread(target=work, args=(own,)) for own in bodies]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.put(time.perf_counter() - begin)


def logging(mart: datamart.DataMart, base: str, bare: str, token: str) -> None:
    """Single records through REST, one connection and several; a hundred records a call.

    In turn, as many go to `bare`, which only inserts them.
    """
    subscription = subscribe(mart, "logged")
    path = "/v1/data_marts/data_mart/scoring_payloads"
    done: multiprocessing.Queue = multiprocessing.Queue()

    def send(place: str, count: int, connections: int) -> float:
        netloc = urllib.parse.urlsplit(place).netloc
        arguments = (netloc, path, token, subscription.uid, count, connections, done)
        client = multiprocessing.Process(target=log, args=arguments)
        client.start()
        took = done.get(timeout=300)
        client.join()
        return count // connections * connections / took

    rows = 0
    for count, connections, least in (
        (200, 1, None),
        (RECORDS // 3, 4, None),
        (RECORDS, CONNECTIONS, 350),
    ):
        rates = [(send(bare, count, connections), send(base, count, connections)) for _ in "12"]
        most, ours = (max(side) for side in zip(*rates, strict=True))
        what = f"single records over REST, {connections} connections"
        report(what, ours, "records/s", at_least=least)
        report("  against one INSERT and commit for each, behind HTTP", ours / most, "x")
        rows += 2 * (count // connections * connections)
    if subscription.payload_logging.get_records_count() != rows:
        sys.exit("Records are missing or doubled.")
    many = b"[" + b",".join(body(subscription.uid)[1:-1] for _ in range(1000)) + b"]"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(base + path, many, headers)
    report(
        "a thousand records in one call",
        1000 / best(lambda: urllib.request.urlopen(request)),
        "records/s",
    )


def best(action: Callable[[], object], times: int = 5) -> float:
    """Return the seconds of the quickest of several runs."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def pages(mart: datamart.DataMart, url: str, base: str, cookie: str) -> None:
    """Pages over a million measurements of one metric, and a million of many."""
    uids = [subscribe(mart, f"model {n}").uid for n in range(SUBSCRIPTIONS)]
    runs, metrics = MEASUREMENTS // SUBSCRIPTIONS // 20, 20
    connection = psycopg2.connect(url)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("SET search_path TO data_mart")
    script = HISTORY.format(
        subscriptions=SUBSCRIPTIONS, runs=runs, metrics=metrics, measurements=MEASUREMENTS
    )
    for statement in script.split(";"):
        cursor.execute(statement)
    cursor.execute("SELECT count(*) FROM measurement")
    print(f"{cursor.fetchone()[0]:,} measurements")

    def read(path: str) -> None:
        answer = urllib.request.urlopen(
            urllib.request.Request(base + path, headers={"Cookie": cookie})
        )
        if answer.url != base + path:
            sys.exit("The session doesn't hold.")
        answer.read()

    cursor.execute("SELECT subscription_uid::text FROM subscription WHERE subscription_id = 1")
    first = cursor.fetchone()[0]
    for what, path, most in (
        (f"home page, {SUBSCRIPTIONS} subscriptions", "/", 200),
        (
            "metric history, 50,000 of a metric, 30 days",
            f"/subscriptions/{uids[0]}/history?monitor=quality&metric=metric+1",
            200,
        ),
        (
            "metric history, 1,000,000 of a metric, 30 days",
            f"/subscriptions/{first}/history?monitor=drift&metric=drift",
            200,
        ),
        (
            "the same, a year",
            f"/subscriptions/{first}/history?monitor=drift&metric=drift&days=365",
            200,
        ),
        (
            "the same, all of it",
            f"/subscriptions/{first}/history?monitor=drift&metric=drift&days=all",
            200,
        ),
        ("subscription page", f"/subscriptions/{first}", 200),
        ("alerts page", "/alerts", 200),
    ):
        report(what, 1000 * best(lambda path=path: read(path)), "ms", at_most=most)
    for n in range(MORE):
        subscribe(mart, f"other {n}")
    for statement in OTHERS.split(";"):
        cursor.execute(statement)
    everything = f"home page, {SUBSCRIPTIONS + MORE} subscriptions"
    report(everything, 1000 * best(lambda: read("/")), "ms", at_most=400)


def sign_in(base: str, token: str) -> str:
    """Return a session's cookie."""
    page = urllib.request.urlopen(base + "/sign-in")
    cookie = page.headers["Set-Cookie"].split(";")[0]
    csrf = page.read().decode().split('name="csrf_token" value="')[1].split('"')[0]
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc)
    form = urllib.parse.urlencode({"token": token, "csrf_token": csrf})
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    connection.request("POST", "/sign-in", form, kind)
    return connection.getresponse().headers["Set-Cookie"].split(";")[0]


def main() -> int:
    """Run all and return the exit code."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        directory = Path(name) / "postgresql"
        url = server.start(directory)
        mart = datamart.DataMart(url)
        mart.setup()
        token = uuid.uuid4().hex
        environment = {
            **os.environ,
            "CONSOLE_TOKEN": token,
            "TUTORIAL_LOCAL_DIR": name,
            "DATABASE_URL": url,
        }
        command = [sys.executable, "-m", "model_monitoring", "console", "--port", "0"]
        bare = [sys.executable, "-m", "tests.bench.bare_handler", url]
        started = [
            subprocess.Popen(each, env=environment, stdout=subprocess.PIPE, text=True)
            for each in (command, bare)
        ]
        try:
            base, handler = (process.stdout.readline().split()[-1] for process in started)
            logging(mart, base, handler, token)
            pages(mart, url, base, sign_in(base, token))
        finally:
            for process in started:
                process.terminate()
                process.wait()
            server.stop(directory)
    return 0 if all(RESULTS) else 1


if __name__ == "__main__":
    sys.exit(main())
