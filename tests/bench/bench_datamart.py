"""Time the data mart beside what bounds it: ``python -m tests.bench.bench_datamart``.

Ratios are of two things done in this one run, the better of three each; they mean little while the
machine is busy. Exits with 1 where a bound is missed.
"""

import base64
import dataclasses
import io
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import numpy as np
import pandas as pd
import psycopg2
from botocore.client import BaseClient
from moto import mock_aws
from psycopg2.extras import execute_values

from model_monitoring import datamart
from model_monitoring.datamart.postgres import server
from model_monitoring.datamart.postgres.copying import SIGNATURE, TRAILER
from model_monitoring.datamart.records.payload_logging import PayloadLogging

ROWS, COLUMNS = 200_000, 35
NAMES = [f"f{i}" for i in range(COLUMNS - 2)] + ["score", "predicted_label"]
RESULTS: list[dict] = []


def report(
    what: str, value: float, unit: str, at_least: float | None = None, at_most: float | None = None
) -> None:
    """Print one line and keep it."""
    held = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    bound = f"  bound: at least {at_least:g}" if at_least is not None else ""
    bound += f"  bound: at most {at_most:g}" if at_most is not None else ""
    print(f"{what:62} {value:12,.2f} {unit}{bound}{'' if held else '  MISSED'}", flush=True)
    RESULTS.append({"what": what, "value": value, "unit": unit, "held": held})


def best(action: Callable[[], float], times: int = 3) -> float:
    """Return the smallest of several timings."""
    return min(action() for _ in range(times))


def in_turn(*actions: Callable[[], float], times: int = 4) -> list[float]:
    """Time actions one after the other, several times; return the smallest of each."""
    return [
        min(column)
        for column in zip(*([action() for action in actions] for _ in range(times)), strict=True)
    ]


def timed(action: Callable[[], object]) -> float:
    """Run an action once and return its seconds."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


class Bench:
    """A database, and subscriptions in fresh schemas of it."""

    def __init__(self, url: str):
        self.url, self.count = url, 0
        self.connection = psycopg2.connect(url)
        self.cursor = self.connection.cursor()
        self.array = np.random.default_rng(0).normal(size=(ROWS, COLUMNS))
        self.array[:, -2] = np.random.default_rng(1).random(ROWS)
        self.array[:, -1] = self.array[:, -2] > 0.5

    def subscribe(self, session: boto3.Session | None = None, **changes) -> datamart.Subscription:
        """Subscribe in a schema of its own."""
        self.count += 1
        mart = datamart.DataMart(self.url, schema=f"bench_{self.count}", boto_session=session)
        mart.setup()
        asset = {
            "source_uid": "endpoint",
            "binding_uid": mart.bindings.add(
                "e", datamart.SageMakerMachineLearningInstance(region="us-east-1")
            ),
            "problem_type": "binary",
            "label_column": "y",
            "prediction_column": "predicted_label",
            "probability_column": "score",
            "feature_columns": NAMES[:-2],
            "positive_label": 1,
        }
        return mart.subscriptions.add(datamart.SageMakerMachineLearningAsset(**(asset | changes)))

    def frame(self) -> pd.DataFrame:
        """Return the array as a frame with scoring ids."""
        return pd.DataFrame(self.array, columns=NAMES).assign(
            scoring_id=[f"request-{i:08d}" for i in range(ROWS)]
        )

    def store(self, frame: pd.DataFrame, **changes) -> float:
        """Time one call of store."""
        subscription = self.subscribe(categorical_columns=text_of(frame), **changes)
        subscription.payload_logging.store(frame.iloc[:1].assign(scoring_id="first"))
        return timed(lambda: subscription.payload_logging.store(frame))

    def bare_copy(self, count: int = ROWS) -> float:
        """Time psycopg2's binary COPY of rows of the array into a bare table."""
        columns = ", ".join(f"c{i} float8" for i in range(COLUMNS))
        self.cursor.execute(f"DROP TABLE IF EXISTS bare; CREATE TABLE bare ({columns})")
        self.connection.commit()

        def copy() -> None:
            rows = np.empty(
                count,
                [("n", ">i2")]
                + [(f"{k}{i}", t) for i in range(COLUMNS) for k, t in (("l", ">i4"), ("v", ">f8"))],
            )
            rows["n"] = COLUMNS
            for i in range(COLUMNS):
                rows[f"l{i}"], rows[f"v{i}"] = 8, self.array[:count, i]
            self.cursor.copy_expert(
                "COPY bare FROM STDIN (FORMAT BINARY)",
                io.BytesIO(SIGNATURE + rows.tobytes() + TRAILER),
            )
            self.connection.commit()

        return timed(copy)

    def execute_values(self) -> float:
        """Time execute_values of a twentieth of the array, times twenty."""
        part = self.array[: ROWS // 20].tolist()

        def insert() -> None:
            execute_values(self.cursor, "INSERT INTO bare VALUES %s", part)
            self.connection.commit()

        return 20 * timed(insert)


def writing(bench: Bench) -> None:
    """Log a frame, each row once."""
    frame = bench.frame()
    bare, ours = in_turn(bench.bare_copy, lambda: bench.store(frame))
    report(f"write {ROWS:,} x {COLUMNS} exactly once", ROWS / ours, "rows/s")
    report("  against a bare binary COPY", bare / ours, "x", at_least=0.45)
    report("  against execute_values", bench.execute_values() / ours, "x", at_least=12)
    repeated = frame.assign(scoring_id=[f"request-{i * 4 // 5:08d}" for i in range(ROWS)])
    repeated.iloc[:, :-1] = frame.iloc[[i * 4 // 5 for i in range(ROWS)], :-1].to_numpy()
    report(
        "  with a fifth of the ids repeated",
        bare / best(lambda: bench.store(repeated), 2),
        "x of the bare COPY",
    )
    holes = frame.mask(np.random.default_rng(2).random(frame.shape) < 0.1)
    holes[["scoring_id", "predicted_label"]] = frame[["scoring_id", "predicted_label"]]
    report(
        "  with a tenth of the values NULL",
        bare / best(lambda: bench.store(holes), 2),
        "x of the bare COPY",
    )
    report(
        "  with five text columns",
        bare / best(lambda: bench.store(with_text(frame)), 2),
        "x of the bare COPY",
    )


def text_of(frame: pd.DataFrame) -> list[str]:
    """Name the features of a frame that are text."""
    return frame.select_dtypes(exclude="number").columns.intersection(NAMES).tolist()


def with_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Put words into five columns."""
    words = np.array(["red", "green", "blue", "a rather long colour name"])
    rng = np.random.default_rng(3)
    return frame.assign(**{name: words[rng.integers(0, 4, ROWS)] for name in NAMES[:5]})


def reading(bench: Bench) -> None:
    """Read a window into a frame."""
    frame = bench.frame()
    subscription = bench.subscribe()
    subscription.payload_logging.store(frame)
    table = f"bench_{bench.count}.payload_1"

    def raw() -> None:
        buffer = io.BytesIO()
        bench.cursor.copy_expert(
            f"COPY (SELECT {', '.join(NAMES)} FROM {table}) TO STDOUT (FORMAT BINARY)", buffer
        )
        kinds = [(f"{k}{i}", t) for i in range(COLUMNS) for k, t in (("l", ">i4"), ("v", ">f8"))]
        np.frombuffer(buffer.getbuffer()[len(SIGNATURE) : -len(TRAILER)], [("n", ">i2"), *kinds])

    bare, ours = in_turn(lambda: timed(raw), lambda: timed(subscription.payload_logging.get_window))
    report(f"read {ROWS:,} x {COLUMNS} into a frame", ROWS / ours, "rows/s")
    report("  against COPY BINARY + frombuffer", bare / ours, "x", at_least=0.7)
    query = f"SELECT {', '.join(NAMES)} FROM {table} LIMIT {ROWS // 10}"
    slow = 10 * timed(lambda: pd.read_sql(query, bench.connection))
    report("  against pandas.read_sql", slow / ours, "x", at_least=5)
    holes = with_text(frame).mask(np.random.default_rng(2).random(frame.shape) < 0.1)
    holes[["scoring_id", "predicted_label"]] = frame[["scoring_id", "predicted_label"]]
    textual = bench.subscribe(categorical_columns=text_of(holes))
    textual.payload_logging.store(holes)
    took = best(lambda: timed(textual.payload_logging.get_window), 2)
    report(
        "  with five text columns and a tenth of the values NULL", bare / took, "x of the bare COPY"
    )


def ingesting(bench: Bench) -> None:
    """Take in data-capture files from S3, which is moto's and lies in this process: CSV, BASE64,
    JSON by name.
    """
    with mock_aws():
        session = boto3.Session("x", "x", region_name="us-east-1")
        s3 = session.client("s3")
        s3.create_bucket(Bucket="captured")
        for encoding in ("CSV", "BASE64", "JSON"):
            lines = [_event(encoding, i, row) for i, row in enumerate(bench.array[:80_000])]
            for n in range(4):
                body = "\n".join(lines[20_000 * n : 20_000 * (n + 1)]).encode()
                s3.put_object(Bucket="captured", Key=f"{encoding}/{n}/file.jsonl", Body=body)
        log = bench.subscribe(session).payload_logging
        log.ingest_capture("s3://captured/CSV/0/")  # which makes the tables
        bare, took = fastest(
            (lambda n=n: parsed_and_copied(bench, s3, f"CSV/{n}"), taken(log, f"CSV/{n}"))
            for n in (1, 2, 3)
        )
        report("capture ingestion", 20_000 / took, "records/s", at_least=40_000)
        report("  against json.loads of each line and a bare COPY", bare / took, "x")
        s3.copy_object(
            Bucket="captured", Key="again/file.jsonl", CopySource="captured/CSV/1/file.jsonl"
        )
        again = timed(lambda: log.ingest_capture("s3://captured/again/"))
        report("  of records that are there already", 20_000 / again, "records/s")
        for encoding, how in (("BASE64", "  of BASE64"), ("JSON", "  of JSON by name")):
            bare, took = fastest(
                (
                    lambda e=encoding, n=n: parsed_and_copied(bench, s3, f"{e}/{n}"),
                    taken(log, f"{encoding}/{n}"),
                )
                for n in (1, 2, 3)
            )
            report(how, 20_000 / took, "records/s")
            report("    against json.loads and a bare COPY", bare / took, "x")


def fastest(turns: Iterable[tuple[Callable[[], float], ...]]) -> list[float]:
    """Time actions in turns, each a little other; return the smallest of each."""
    return [
        min(times) for times in zip(*([each() for each in turn] for turn in turns), strict=True)
    ]


def taken(log: PayloadLogging, folder: str) -> Callable[[], float]:
    """Return what times the ingestion of a folder."""
    return lambda: timed(lambda: log.ingest_capture(f"s3://captured/{folder}/"))


def parsed_and_copied(bench: Bench, s3: BaseClient, folder: str) -> float:
    """Time what ingestion can't do without: get the file, parse each line, COPY as many rows."""

    def work() -> None:
        body = s3.get_object(Bucket="captured", Key=f"{folder}/file.jsonl")["Body"].read()
        for line in body.split(b"\n"):
            json.loads(line)

    return timed(work) + bench.bare_copy(20_000)


def _event(encoding: str, number: int, row: np.ndarray) -> str:
    def side(mode: str, text: str) -> dict:
        data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
        return {
            "observedContentType": "text/csv; charset=utf-8",
            "mode": mode,
            "encoding": encoding,
            "data": data,
        }

    values, score = row[:-2].tolist(), row[-2].item()
    if encoding == "JSON":
        asked = json.dumps(dict(zip(NAMES[:-2], values, strict=True)))
        answered = json.dumps({"predictions": [{"score": score}]})
    else:
        asked, answered = ",".join(map(repr, values)), repr(score)
    captured = {"endpointInput": side("INPUT", asked), "endpointOutput": side("OUTPUT", answered)}
    about = {"eventId": f"{encoding}-{number}", "inferenceTime": "2026-03-01T10:00:00Z"}
    return json.dumps({"captureData": captured, "eventMetadata": about, "eventVersion": "0"})


def single_records(bench: Bench) -> None:
    """Log one record after the other, beside one bare INSERT and commit for each."""
    subscription = bench.subscribe()
    answer = {"fields": ["score", "predicted_label"], "values": [[0.9, 1]]}
    rows = bench.array[:500].tolist()
    records = [
        datamart.PayloadRecord({"fields": NAMES[:-2], "values": [row[:-2]]}, answer) for row in rows
    ]
    subscription.payload_logging.store(records[:1])
    numbers = itertools.count()

    def log(record: datamart.PayloadRecord) -> None:
        again = dataclasses.replace(record, scoring_id=f"again {next(numbers)}")
        subscription.payload_logging.store([again])

    bench.bare_copy(1)  # which makes the table
    for writers, called, least in ((1, "one writer", 350), (4, "four writers", 350)):
        connections = [psycopg2.connect(bench.url) for _ in range(writers)]
        bare, ours = in_turn(
            lambda them=connections: timed(lambda: insert_each(them, rows)),
            lambda n=writers: timed(lambda: each(log, records, n)),
            times=3,
        )
        for connection in connections:
            connection.close()
        report(f"single records, {called}", len(rows) / ours, "records/s", at_least=least)
        report("  against a bare INSERT and commit for each", bare / ours, "x")


def each(action: Callable, items: Sequence, writers: int) -> None:
    """Call an action for each item, from some threads."""
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(action, items))


def insert_each(connections: Sequence, rows: Sequence[list[float]]) -> None:
    """Insert each row in a transaction of its own, from a thread for each connection."""
    statement = f"INSERT INTO bare VALUES ({', '.join(['%s'] * COLUMNS)})"

    def insert(number: int) -> None:
        connection = connections[number]
        for row in rows[number :: len(connections)]:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, row)

    each(insert, range(len(connections)), len(connections))


QUALITY = """
import re, sys, time
from model_monitoring import datamart
subscription = datamart.DataMart(sys.argv[1], schema=sys.argv[2]).subscriptions.get(name="endpoint")
begin = time.perf_counter()
run = subscription.quality_monitoring.run()
took, peak = time.perf_counter() - begin, re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(took, int(peak[1]) / 1024, run["records"])
"""


def quality(bench: Bench) -> None:
    """Measure quality on a million labelled rows, in a process of its own for its memory."""
    subscription = bench.subscribe(feature_columns=["f0"])
    rng = np.random.default_rng(0)
    for part in range(5):
        score = rng.random(200_000)
        ids = [f"{part}-{i}" for i in range(200_000)]
        frame = pd.DataFrame(
            {"f0": score, "score": score, "predicted_label": score > 0.5, "scoring_id": ids}
        )
        subscription.payload_logging.store(frame.astype({"predicted_label": int}))
        labels = (rng.random(200_000) < score).astype(int)
        subscription.feedback_logging.store(
            pd.DataFrame({"scoring_id": [f"{i}-1" for i in ids], "y": labels})
        )
    subscription.quality_monitoring.enable()
    bench.connection.commit()
    bench.connection.autocommit = True
    bench.cursor.execute("ANALYZE")
    arguments = [sys.executable, "-c", QUALITY, bench.url, f"bench_{bench.count}"]
    outputs = [
        subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(3)
    ]
    report(
        f"quality of {int(outputs[0][2]):,} joined rows",
        min(float(o[0]) for o in outputs),
        "s",
        at_most=5,
    )
    report("  peak memory", max(float(o[1]) for o in outputs), "MB", at_most=500)
    add_measurements(bench)
    mart = datamart.DataMart(bench.url, schema=f"bench_{bench.count}")
    page = best(
        lambda: timed(
            lambda: mart.subscriptions.get(name="endpoint").quality_monitoring.get_metrics(
                limit=200
            )
        )
    )
    report("metric history page over a million measurements", 1000 * page, "ms", at_most=200)
    status = best(lambda: timed(mart.get_deployment_metrics))
    report("  last value of every metric", 1000 * status, "ms", at_most=200)


def add_measurements(bench: Bench) -> None:
    """Make a million measurements of 100,000 hourly runs, as eleven years of one model would."""
    bench.cursor.execute(f"SET search_path TO bench_{bench.count}")
    bench.cursor.execute(
        "INSERT INTO run (run_uid, subscription_id, monitor, state, started, finished, records)"
        " SELECT gen_random_uuid(), 1, 'quality', 'finished', now() - n * interval '1 hour', "
        "now(), 10"
        " FROM generate_series(1, 100000) n;"
        "INSERT INTO measurement (run_uid, subscription_id, monitor, metric, ts, value, records)"
        " SELECT run_uid, 1, 'quality', 'metric ' || m, started, random(), 10 FROM run, "
        "generate_series(1, 10) m;"
    )
    bench.cursor.execute("ANALYZE; SET search_path TO public")


def main() -> None:
    """Run everything, print a table and keep it in build/."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        directory = Path(folder) / "postgresql"
        found: list[str] = []
        report(
            "server, first start",
            timed(lambda: found.append(server.start(directory))),
            "s",
            at_most=5,
        )
        report("server, found running", timed(lambda: server.start(directory)), "s")
        try:
            bench = Bench(found[0])
            for part in (writing, reading, ingesting, single_records, quality):
                part(bench)
        finally:
            server.stop(directory)
    build = Path(__file__).resolve().parents[2] / "build"
    build.mkdir(exist_ok=True)
    (build / "bench_datamart.json").write_text(json.dumps(RESULTS, indent=1))
    sys.exit(0 if all(result["held"] for result in RESULTS) else 1)


if __name__ == "__main__":
    main()
