"""Run a user's script as a subprocess that writes to the job's log."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..base.contract import ClientError, opt_ml, write_failure


def run_script(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, reason: str
) -> None:
    """Run a command in `folder`; if it fails, write output/failure and exit with its code.

    If the script has written a failure file itself, that one is kept. Otherwise it is `reason`,
    with {code}, {command} and {error} (the last line of the log) filled in. A SIGTERM also reaches
    the script, and this process doesn't end before the script does.

    Raises:
        ClientError: the command doesn't exist.
    """
    start = _measure_log()
    try:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise ClientError(f"Cannot run {command[0]}: {error.strerror}") from None
    signal.signal(signal.SIGTERM, lambda *_: None)
    code = process.wait()
    if code:
        code = code if code > 0 else 128 - code
        written = opt_ml() / "output" / "failure"
        text = written.read_text(errors="replace").strip() if written.exists() else ""
        text = text or reason.format(
            code=code, command=" ".join(command), error=_read_last_line(start)
        )
        write_failure(
            text
            if text.startswith(("ClientError", "AlgorithmError"))
            else f"AlgorithmError: {text}"
        )
        sys.exit(code)


def _measure_log() -> int:
    """Return the log's length in bytes: stdout is the log, which is also open for reading."""
    return os.fstat(sys.stdout.fileno()).st_size


def _read_last_line(start: int) -> str:
    """Return the last line of the log after `start`."""
    try:
        end = _measure_log()
        tail = os.pread(sys.stdout.fileno(), 4096, max(start, end - 4096))
    except OSError:  # a terminal
        return ""
    lines = tail[: end - start].decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
