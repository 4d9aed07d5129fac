"""CloudWatch metrics of an endpoint's variant: collected per request, sent in batches."""

import threading
import time
from dataclasses import dataclass, field

from local_aws import services

_UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds"}
_BATCH_SECONDS = 60
_IDLE_SECONDS = 1


def due(first: float, last: float) -> bool:
    """Say whether to send what was collected from `first` to `last` (monotonic seconds).

    SageMaker sends about once a minute. Readers of a tutorial wait for it, so it is also sent a
    second after the last request.
    """
    now = time.monotonic()
    return now - first >= _BATCH_SECONDS or now - last >= _IDLE_SECONDS


@dataclass
class Meter:
    """The values of one variant that CloudWatch doesn't have yet."""

    region: str
    endpoint: str
    variant: str
    _values: dict[str, list[float]] = field(default_factory=dict)
    _first: float = 0.0
    _last: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, status: int, model_seconds: float, total_seconds: float) -> None:
        """Count one request: its HTTP status, the model's time, and the whole time."""
        values = {
            "Invocations": 1.0,
            "InvocationsPerInstance": 1.0,
            "Invocation4XXErrors": float(400 <= status < 500),
            "Invocation5XXErrors": float(status >= 500),
            "InvocationModelErrors": float(status != 200),
            "ModelLatency": model_seconds * 1e6,
            "OverheadLatency": (total_seconds - model_seconds) * 1e6,
        }
        with self._lock:
            self._last = time.monotonic()
            if not self._values:
                self._first = self._last
            for name, value in values.items():
                self._values.setdefault(name, []).append(value)

    def send_if_due(self) -> None:
        """Send the collected values, if it is time."""
        with self._lock:
            if not self._values or not due(self._first, self._last):
                return
            values, self._values = self._values, {}
        dimensions = {"EndpointName": self.endpoint, "VariantName": self.variant}
        for name, numbers in values.items():
            services.put_metric(
                self.region, "AWS/SageMaker", dimensions, name, numbers, _UNITS.get(name, "None")
            )
