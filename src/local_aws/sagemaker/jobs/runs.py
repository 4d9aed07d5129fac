"""One run of a container: its private files, its log, and whether it was asked to stop."""

import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from local_aws import services
from local_aws.kept import state


@dataclass
class Run:
    """One running job: its private root, its log stream, and whether it was asked to stop."""

    region: str
    log_group: str
    log_stream: str
    root: Path = field(default_factory=lambda: state.root() / "jobs" / uuid.uuid4().hex)
    stopping: threading.Event = field(default_factory=threading.Event)
    _shipped: int = 0

    @property
    def opt_ml(self) -> Path:
        """Return the job's own /opt/ml."""
        return self.root / "opt" / "ml"

    @property
    def log(self) -> Path:
        """Return the file that its process writes to."""
        return self.root / "log"

    def start_log(self) -> None:
        """Make the log, empty."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        self._shipped = 0

    def ship_log(self, final: bool = False) -> None:
        """Send the log's new lines to CloudWatch Logs; an unfinished line waits, unless `final`."""
        if not self.log.exists():
            return
        with open(self.log, "rb") as file:
            file.seek(self._shipped)
            text = file.read()
        text = text if final else text[: text.rfind(b"\n") + 1]
        self._shipped += len(text)
        lines = text.decode(errors="replace").splitlines()
        services.log_lines(self.region, self.log_group, self.log_stream, lines)
