"""The image sagemaker-model-monitor-groundtruth-merger: it adds labels to captured requests.

Reads captured requests below `dataset_source` and labels below `ground_truth_source`, and writes to
`output_path` the requests that have a label, in the folders that the captures came in. A label
finds its request by the request's inference id if it has one, else by its event id; of several
labels for one request the last one counts. Lines that can't be read are left out and counted.
"""

import json
import os
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_monitoring.analysis.files import bodies, json_bodies
from model_monitoring.analysis.wording import counted

from ..base.contract import ClientError, opt_ml, to_private

COMPLETED = "Completed: Job completed successfully."


@dataclass
class Broken:
    """Lines that can't be read: how many, and the first."""

    part: str
    count: int = 0
    first: str = ""

    def add(self, where: str) -> None:
        """Count one."""
        self.count += 1
        self.first = self.first or where

    def __str__(self) -> str:
        """Say how many there are, if any."""
        if not self.count:
            return ""
        wanted = f"a record with eventMetadata.eventId and {self.part}"
        lines = counted(self.count, "line is", "lines are")
        return f" {lines} not {wanted}, first: {self.first}."


def merge(_: Namespace) -> None:
    """Merge; raises ClientError if no label matches a request."""
    try:
        source, truth, output = (
            to_private(os.environ[name])
            for name in ("dataset_source", "ground_truth_source", "output_path")
        )
    except KeyError as error:
        raise ClientError(f"The environment variable {error.args[0]} is missing") from None
    broken = Broken("groundTruthData"), Broken("captureData")
    labels = {
        record["eventMetadata"]["eventId"]: record["groundTruthData"]
        for record in _records(truth.rglob("*.jsonl"), broken[0])
    }
    merged, by_event = 0, 0
    for folder in sorted({file.parent for file in source.rglob("*.jsonl")}):
        rows = []
        for record in _records(folder.glob("*.jsonl"), broken[1]):
            about = record["eventMetadata"]
            asked = about.get("inferenceId") or about["eventId"]
            if asked in labels:
                rows.append(json.dumps(_join(record, labels[asked])) + "\n")
            by_event += asked not in labels and about["eventId"] in labels
        if rows:
            # The name is the same each time, so no row is written twice
            file = output / folder.relative_to(source) / "part-00000.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(rows))
            merged += len(rows)
    unread = "".join(map(str, broken))
    if not merged:
        hint = (
            f" {counted(by_event, 'captured request')} with a label for the event id can't have it:"
            " a request that has an inference id is known by that one."
        )
        raise ClientError(
            f"No label belongs to a captured request ({counted(len(labels), 'label')} read):"
            " check the ids."
            f"{hint if by_event else ''}{unread}"
        )
    print(f"{counted(merged, 'captured request has', 'captured requests have')} a label.{unread}")
    (opt_ml() / "output" / "message").write_text(f"{COMPLETED}{unread}")


def _records(files: Iterable[Path], broken: Broken) -> Iterator[dict[str, Any]]:
    """Read the records of JSON lines, file by file; count those that are none."""
    for file in sorted(files):
        for number, line in bodies.records(file.read_bytes()):
            try:
                record = json_bodies.load(line.decode())
                known = isinstance(record["eventMetadata"]["eventId"], str)
                if not known or not isinstance(record[broken.part], dict):
                    raise ValueError
            except (ValueError, KeyError, TypeError, RecursionError):
                broken.add(f"{file.name}, line {number}")
            else:
                yield record


def _join(record: dict[str, Any], label: dict[str, Any]) -> dict[str, Any]:
    """Return a captured request with its label."""
    return {
        "eventVersion": record.get("eventVersion", "0"),
        "groundTruthData": label,
        "captureData": record["captureData"],
        "eventMetadata": record["eventMetadata"],
    }


VERBS = {"run": merge}
