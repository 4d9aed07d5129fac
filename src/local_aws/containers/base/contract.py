"""The container's side of SageMaker's contract: paths under OPT_ML, and how a job fails.

$OPT_ML/input/config/{hyperparameters,inputdataconfig,resourceconfig}.json
$OPT_ML/input/data/<channel>/      read by `train`
$OPT_ML/model/                     written by `train`, read by `serve`
$OPT_ML/output/failure             a text file: why the job failed
"""

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath


class ClientError(ValueError):
    """A mistake in the user's input: data, hyperparameters or a script."""


def opt_ml() -> Path:
    """Return this container's /opt/ml: a private directory, never the machine's own /opt/ml."""
    return Path(os.environ["OPT_ML"])


def to_private(path: str) -> Path:
    """Return where a path under /opt/ml is on this machine; raises ClientError for other paths."""
    parts = PurePosixPath(path).parts
    if parts[:3] != ("/", "opt", "ml") or ".." in parts:
        raise ClientError(f"{path} is not a path under /opt/ml")
    return opt_ml().joinpath(*parts[3:])


def to_public(text: str) -> str:
    """Return a text with paths as the user knows them, under /opt/ml."""
    return text.replace(str(opt_ml()), "/opt/ml")


def read_config(name: str) -> dict:
    """Read `input/config/<name>.json`; an absent file reads as empty."""
    path = opt_ml() / "input" / "config" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def current_host() -> str:
    """Return this host's name in the job: algo-1."""
    return read_config("resourceconfig").get("current_host", "algo-1")


def read_channels(required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, dict]:
    """Read the configuration of each channel.

    Raises:
        ClientError: a channel is missing or unknown, or it streams (Pipe), which isn't supported
            offline.
    """
    channels = read_config("inputdataconfig")
    for name in required:
        if name not in channels:
            raise ClientError(f"Missing required channel: {name}")
    for name, channel in channels.items():
        if name not in (*required, *optional):
            raise ClientError(
                f"Extraneous channel found: {name}. Known are: {', '.join((*required, *optional))}"
            )
        if channel.get("TrainingInputMode", "File") == "Pipe":
            raise ClientError(f"Channel {name}: Pipe input mode is not supported offline, use File")
    return channels


def write_failure(text: str) -> None:
    """Write why the job failed to output/failure, where SageMaker reads the FailureReason."""
    path = opt_ml() / "output" / "failure"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main(verbs: dict[str, Callable[[argparse.Namespace], None]], words: Sequence[str]) -> None:
    """Run the verb of a command line.

    A failure is logged, written to output/failure, and exits with 1. A ClientError is logged in one
    line; any other error is the container's own fault and leaves its traceback in the log.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=verbs)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ready-file", type=Path)
    arguments = parser.parse_args(words)
    try:
        verbs[arguments.verb](arguments)
    except ClientError as error:
        reason = to_public(f"ClientError: {error}")
        print(reason, flush=True)
        write_failure(reason)
        sys.exit(1)
    except Exception as error:
        traceback.print_exc()
        write_failure(f"AlgorithmError: {type(error).__name__}: {error}")
        sys.exit(1)
