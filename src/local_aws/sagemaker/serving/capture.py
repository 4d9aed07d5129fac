"""Data capture: an endpoint's requests and responses, as JSON lines in S3, laid out as on AWS."""

import base64
import errno
import json
import logging
import os
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from local_aws import services
from local_aws.kept import state
from local_aws.sagemaker.serving.meter import due
from model_monitoring.analysis.wording import counted

_log = logging.getLogger(__name__)


@dataclass
class Capture:
    """The capture of one variant: its configuration, and the records that aren't in S3 yet.

    A record is in the spool before its request gets a response, so a crash loses none. The spool
    names its future object, so no object is written twice.
    """

    config: dict[str, Any]
    endpoint: str
    variant: str
    _lines: list[str] = field(default_factory=list)
    _uri: str = ""
    _hour: str = ""
    _spool: BinaryIO | None = None
    _first: float = 0.0
    _last: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(
        self, request: tuple[str, bytes], response: tuple[str, bytes], inference_id: str | None
    ) -> None:
        """Capture one exchange, if it is in the sample.

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
            if self._lines and now.strftime("%Y%m%d%H") != self._hour:
                self._write()  # a file belongs to the folder of one hour
            if not self._lines:
                self._open(now)
            self._append(line.encode() + b"\n")
            self._lines.append(line)
            self._last = time.monotonic()

    def flush_if_due(self) -> None:
        """Write the captured records if it is time."""
        with self._lock:
            if self._lines and due(self._first, self._last):
                self._write()

    def flush(self) -> None:
        """Write the captured records."""
        with self._lock:
            if self._lines:
                self._write()

    def _open(self, now: datetime) -> None:
        """Begin a file of records in the spool, and choose its name in S3; the lock is held."""
        folder = f"{self.config['DestinationS3Uri'].rstrip('/')}/{self.endpoint}/{self.variant}"
        name = uuid.uuid4()
        self._uri = f"{folder}/{now:%Y/%m/%d/%H/%M-%S}-{now.microsecond // 1000:03d}-{name}.jsonl"
        self._hour, self._first = now.strftime("%Y%m%d%H"), time.monotonic()
        spool = state.root() / "captured" / name.hex
        spool.parent.mkdir(exist_ok=True)
        self._discard()
        self._spool = open(spool, "xb", buffering=0)  # noqa: SIM115  closed by _discard
        self._append(self._uri.encode() + b"\n")

    def _append(self, line: bytes) -> None:
        """Write a line to the spool, or nothing: raises OSError if the disk is full."""
        end = self._spool.tell()
        try:
            if self._spool.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._spool.truncate(self._spool.seek(end))
            raise

    def _discard(self) -> None:
        """Remove the spool, if there is one."""
        if self._spool:
            self._spool.close()
            Path(self._spool.name).unlink(missing_ok=True)
            self._spool = None

    def _write(self) -> None:
        """Write the captured lines into one object; the lock is held."""
        _put(self._uri, "".join(f"{line}\n" for line in self._lines).encode())
        self._discard()
        self._lines = []

    def _event(
        self,
        request: tuple[str, bytes],
        response: tuple[str, bytes],
        inference_id: str | None,
        now: datetime,
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
        """Return one direction: text for the types listed as CSV or JSON, else Base64."""
        headers = self.config.get("CaptureContentTypeHeader", {})
        media_type = content_type.partition(";")[0].strip().lower()
        encoding = "BASE64"
        for name in ("CSV", "JSON"):
            if media_type in [
                listed.lower() for listed in headers.get(f"{name.capitalize()}ContentTypes", [])
            ]:
                encoding = name
        try:
            text = body.decode() if encoding != "BASE64" else base64.b64encode(body).decode()
        except UnicodeDecodeError:
            encoding, text = "BASE64", base64.b64encode(body).decode()
        return {
            "observedContentType": content_type,
            "mode": mode,
            "data": text,
            "encoding": encoding,
        }


def restore() -> None:
    """Write the spool of a crash to S3, without a torn last line: it got no response."""
    for spool in (state.root() / "captured").glob("*"):
        uri, _, lines = spool.read_bytes().partition(b"\n")
        whole = lines[: lines.rfind(b"\n") + 1]
        if whole:
            _put(uri.decode(), whole)
        spool.unlink()


def _put(uri: str, lines: bytes) -> None:
    """Write captured lines to S3; if the bucket is gone they are lost, as on AWS."""
    try:
        services.write_object(uri, lines)
    except ValueError as error:
        lost = counted(lines.count(b"\n"), "captured request is", "captured requests are")
        _log.error("%s lost: %s", lost, error)
