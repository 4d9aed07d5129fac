"""A minute of load, and kill -9 in the midst of it: `pytest -m soak tests/soak`."""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

sys.path.insert(0, str(Path(__file__).parents[1] / "local_aws"))
from offline import Offline, capture_config, captured_ids, deploy, invoke_for, set_up

pytestmark = pytest.mark.soak


@pytest.fixture
def offline(tmp_path):
    started = Offline(tmp_path).start()
    yield started
    started.command("stop", check=False)


def test_four_clients_for_a_minute(offline):
    name = deploy(offline, model_data=set_up(offline), capture=capture_config())["EndpointName"]
    invoke_for(offline, name, clients=4, seconds=5)
    server = psutil.Process(offline.server["pid"])
    before, files = server.memory_info().rss, server.num_fds()
    sent = invoke_for(offline, name, clients=4, seconds=60)
    grown = server.memory_info().rss - before
    time.sleep(3)
    found = captured_ids(offline, "captured")
    print(f"{len(sent)} requests in 60 s, {len(found)} captured, memory grew by {grown >> 20} MiB")
    counts = {sent_id: found.count(sent_id) for sent_id in set(found) - set(sent)}
    assert set(sent) <= set(found) and not [key for key, count in counts.items() if count > 2]
    assert grown < len(sent) * 4096 + (32 << 20), (
        "memory grows with requests beyond the captured lines"
    )
    assert server.num_fds() < files + 20


def test_kill_9_in_the_midst_of_writing_and_invoking(offline):
    name = deploy(offline, model_data=set_up(offline), capture=capture_config())["EndpointName"]
    written, answered = set(), set()

    def write(attempt):
        for number in range(1000):
            key = f"objects/{attempt}-{number}"
            offline.s3.put_object(Bucket="data", Key=key, Body=key)
            written.add(key)

    def invoke(attempt):
        for number in range(1000):
            offline.invoke(name, InferenceId=f"{attempt}-{number}")
            answered.add(f"{attempt}-{number}")

    for attempt in range(20):
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(write, attempt), pool.submit(invoke, attempt)]
            time.sleep(0.3 + attempt % 7 / 10)
            os.kill(offline.server["pid"], signal.SIGKILL)
        for job in jobs:
            with pytest.raises((BotoCoreError, ClientError)):
                job.result()
        offline.start()
        offline.invoke(name)
    time.sleep(3)
    pages = offline.s3.get_paginator("list_objects_v2").paginate(Bucket="data", Prefix="objects/")
    listed = {item["Key"] for page in pages for item in page.get("Contents", [])}
    found = captured_ids(offline, "captured")
    print(f"20 kills: {len(written)} objects and {len(answered)} answers acknowledged")
    assert written <= listed and answered <= set(found)
    assert len(found) == len(set(found)), "a request was captured twice"
    for key in sorted(written)[::50]:
        assert offline.s3.get_object(Bucket="data", Key=key)["Body"].read().decode() == key
