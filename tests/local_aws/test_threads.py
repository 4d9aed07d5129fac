"""Threads end with what they serve: moto's reset of every region leaves none behind."""

import subprocess
import sys

RESETS = """
import threading
from moto.sagemaker.models import sagemaker_backends
from local_aws.sagemaker.models import Backend
sagemaker_backends.backend = Backend
for _ in range(20):
    for region in ("us-east-1", "eu-central-1"):
        backend = sagemaker_backends["123456789012"][region]
        assert isinstance(backend, Backend)
        backend.queue.submit(int).result()
        backend.reset()
print(threading.active_count())
"""


def test_a_reset_leaves_no_thread():
    done = subprocess.run(
        [sys.executable, "-c", RESETS], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 2, done.stdout  # a worker of the last pool may be ending still
