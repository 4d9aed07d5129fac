"""Data capture: the requests and answers of an endpoint, as JSON lines in S3, in SageMaker's own layout."""

import base64
import json
import logging
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from helpers.local_aws import services

_FILE_SECONDS = 60  # SageMaker starts a new file about every minute
_IDLE_SECONDS = 1  # and a reader of this tutorial needn't wait for it

_log = logging.getLogger(__name__)


@dataclass
class Capture:
    """What one production variant captures: its configuration, and the records not yet in S3."""

    config: dict[str, Any]
    endpoint: str
    variant: str
    _lines: list[str] = field(default_factory=list)
    _opened: datetime = datetime.min
    _last: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, request: tuple[str, bytes], response: tuple[str, bytes], inference_id: str | None) -> None:
        """Capture one exchange, if it falls into the sample.

        Args:
            request: content type and body.
            response: content type and body.
            inference_id: the caller's own id of the request, if any.
        """
        if random.random() * 100 >= self.config["InitialSamplingPercentage"]:
            return
        now = datetime.now(UTC)
        line = json.dumps(self._event(request, response, inference_id, now), separators=(",", ":"))
        with self._lock:
            if self._lines and now.strftime("%Y%m%d%H") != self._opened.strftime("%Y%m%d%H"):
                self._write()  # a file belongs to one hour's folder
            if not self._lines:
                self._opened = now
            self._lines.append(line)
            self._last = time.monotonic()

    def flush_if_due(self) -> None:
        """Write what is captured if the file is a minute old or no request came for a second."""
        with self._lock:
            old = self._lines and (datetime.now(UTC) - self._opened).total_seconds() >= _FILE_SECONDS
            if self._lines and (old or time.monotonic() - self._last >= _IDLE_SECONDS):
                self._write()

    def flush(self) -> None:
        """Write what is captured."""
        with self._lock:
            if self._lines:
                self._write()

    def _write(self) -> None:
        """Put the captured lines into one object; the lock is held."""
        folder = f"{self.config['DestinationS3Uri'].rstrip('/')}/{self.endpoint}/{self.variant}"
        milliseconds = self._opened.microsecond // 1000
        name = f"{self._opened:%Y/%m/%d/%H/%M-%S}-{milliseconds:03d}-{uuid.uuid4()}.jsonl"
        try:
            services.write_object(f"{folder}/{name}", ("\n".join(self._lines) + "\n").encode())
        except ValueError as error:
            _log.error("%d captured requests of %s are lost: %s", len(self._lines), self.endpoint, error)
        self._lines = []

    def _event(
        self, request: tuple[str, bytes], response: tuple[str, bytes], inference_id: str | None, now: datetime
    ) -> dict[str, Any]:
        """Return one captured record, its keys in SageMaker's order."""
        modes = {option["CaptureMode"] for option in self.config["CaptureOptions"]}
        both = "InputAndOutput" in modes
        data = {}
        if both or "Input" in modes:
            data["endpointInput"] = self._side("INPUT", *request)
        if both or "Output" in modes:
            data["endpointOutput"] = self._side("OUTPUT", *response)
        metadata = {"eventId": str(uuid.uuid4())}
        if inference_id:
            metadata["inferenceId"] = inference_id
        metadata["inferenceTime"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}

    def _side(self, mode: str, content_type: str, body: bytes) -> dict[str, str]:
        """Return one direction: text for the content types named as CSV or JSON, Base64 for all others."""
        headers = self.config.get("CaptureContentTypeHeader", {})
        media_type = content_type.partition(";")[0].strip().lower()
        encoding = "BASE64"
        for name in ("CSV", "JSON"):
            if media_type in [listed.lower() for listed in headers.get(f"{name.capitalize()}ContentTypes", [])]:
                encoding = name
        try:
            text = body.decode() if encoding != "BASE64" else base64.b64encode(body).decode()
        except UnicodeDecodeError:
            encoding, text = "BASE64", base64.b64encode(body).decode()
        return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}
