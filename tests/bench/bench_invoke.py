"""Latency of InvokeEndpoint: ours, which really predicts, beside moto's canned answer, in one run.

    python -m tests.bench.bench_invoke [--seconds 5]

Both servers are separate processes and are asked in turn, by 1 and by 4 clients, each a process
with a boto3 client of its own; what it says of the time over the model's own is CloudWatch's
OverheadLatency. Trust the ratios, not the seconds.
"""

import argparse
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import numpy as np
from botocore.config import Config

sys.path.insert(0, str(Path(__file__).parents[1] / "local_aws"))
from offline import Offline, capture_config, deploy, set_up


def ask(url: str, endpoint: str, keys: tuple[str, ...], seconds: float) -> list[float]:
    """Invoke an endpoint one request after the other; answers each request's seconds."""
    session = boto3.Session(*keys, "us-east-1")
    client = session.client(
        "sagemaker-runtime", endpoint_url=url, config=Config(retries={"total_max_attempts": 1})
    )
    times = []
    client.invoke_endpoint(EndpointName=endpoint, Body="1,1,1", ContentType="text/csv")[
        "Body"
    ].read()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        client.invoke_endpoint(EndpointName=endpoint, Body="1,1,1", ContentType="text/csv")[
            "Body"
        ].read()
        times.append(time.perf_counter() - began)
    return times


def measure(
    url: str, endpoint: str, keys: tuple[str, ...], clients: int, seconds: float
) -> tuple[float, float, float]:
    """Return p50 and p99 in milliseconds and requests per second of all clients together."""
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        results = pool.starmap(ask, [(url, endpoint, keys, seconds)] * clients)
    times = np.concatenate(results)
    return *(np.percentile(times, [50, 99]) * 1000), len(times) / seconds


def start_moto(port: int) -> subprocess.Popen:
    """Start a plain moto server."""
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL
    )
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)


def overhead(offline: Offline, endpoint: str) -> tuple[float, float]:
    """Return the model's and our own share of a request, in milliseconds on average."""
    now, dimensions = datetime.now(UTC), {"EndpointName": endpoint, "VariantName": "AllTraffic"}
    shares = []
    for name in ("ModelLatency", "OverheadLatency"):
        points = offline.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        shares.append(
            sum(point["Sum"] for point in points)
            / sum(point["SampleCount"] for point in points)
            / 1000
        )
    return shares[0], shares[1]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5)
    seconds = parser.parse_args().seconds
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        offline = Offline(Path(folder)).start()
        moto = start_moto(port)
        try:
            began = time.monotonic()
            artifact = set_up(offline)
            trained = time.monotonic()
            plain = deploy(offline, model_data=artifact)["EndpointName"]
            served = time.monotonic()
            deploy(offline, model_data=artifact)
            print(f"first training job {trained - began:.1f} s", end=", ")
            print(
                f"endpoint in service {served - trained:.1f} s, a second one "
                f"{time.monotonic() - served:.1f} s"
            )
            captured = deploy(offline, model_data=artifact, capture=capture_config())[
                "EndpointName"
            ]
            url = offline.env["AWS_ENDPOINT_URL"]
            names = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
            keys = tuple(offline.env[f"AWS_{name}"] for name in names)
            print(f"{'':28}clients  p50 ms  p99 ms  requests/s  p50 against moto")
            for clients in (1, 4):
                canned = measure(f"http://127.0.0.1:{port}", "any", keys, clients, seconds)
                rows = {
                    "moto, canned answer": canned,
                    "ours": measure(url, plain, keys, clients, seconds),
                    "ours, every request captured": measure(url, captured, keys, clients, seconds),
                }
                for name, (p50, p99, rate) in rows.items():
                    print(
                        f"{name:28}{clients:7}{p50:8.2f}{p99:8.2f}{rate:12.0f}{p50 / canned[0]:17.2f}x"
                    )
            time.sleep(2)
            print(
                "Of a request, on average: model {:.2f} ms, the server's own {:.2f} ms".format(
                    *overhead(offline, plain)
                )
            )
        finally:
            moto.kill()
            offline.command("stop")


if __name__ == "__main__":
    main()
