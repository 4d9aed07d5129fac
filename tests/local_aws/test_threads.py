"""Threads end with what they serve: after moto's reset of all regions, none remains."""

import subprocess
import sys

RESETS = """
import threading
import time
from moto.sagemaker.models import sagemaker_backends
from local_aws.sagemaker.models import Backend
sagemaker_backends.backend = Backend
for _ in range(20):
    for region in ("us-east-1", "eu-central-1"):
        backend = sagemaker_backends["123456789012"][region]
        assert isinstance(backend, Backend)
        backend.queue.submit(int).result()
        backend.reset()
end = time.monotonic() + 10  # the workers of the last pools may still be ending
while threading.active_count() > 1 and time.monotonic() < end:
    time.sleep(0.05)
print(threading.active_count())
"""


def test_a_reset_leaves_no_thread():
    done = subprocess.run(
        [sys.executable, "-c", RESETS], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 2, done.stdout
