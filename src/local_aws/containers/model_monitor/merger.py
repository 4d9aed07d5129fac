"""The image sagemaker-model-monitor-groundtruth-merger: it adds labels to captured requests.

It reads captured requests below `dataset_source` and labels below `ground_truth_source`. It writes
the requests that have a label to `output_path`, in the same folders as the captures. A label is
matched with a request by the request's inference id if it has one, else by its event id.
"""

import json
import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base.contract import ClientError, opt_ml, to_private


def merge(_: Namespace) -> None:
    """Merge; raises ClientError if no label matches a request."""
    try:
        source, truth, output = (
            to_private(os.environ[name])
            for name in ("dataset_source", "ground_truth_source", "output_path")
        )
    except KeyError as error:
        raise ClientError(f"The environment variable {error.args[0]} is missing") from None
    labels = {
        record["eventMetadata"]["eventId"]: record["groundTruthData"] for record in _records(truth)
    }
    merged = 0
    for folder in sorted({file.parent for file in source.rglob("*.jsonl")}):
        rows = [
            json.dumps(joined) + "\n"
            for joined in (_join(record, labels) for record in _records(folder))
            if joined
        ]
        if rows:
            # The name is the same each time, so no row is written twice
            file = output / folder.relative_to(source) / "part-00000.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(rows))
            merged += len(rows)
    if not merged:
        raise ClientError(
            f"None of {len(labels)} labels belongs to a captured request: check the ids"
        )
    print(f"{merged} captured requests have a label")
    (opt_ml() / "output" / "message").write_text("Completed: Job completed successfully.")


def _records(folder: Path) -> Iterator[dict[str, Any]]:
    """Read the records of the JSON lines below a folder; raises ClientError."""
    for file in sorted(folder.rglob("*.jsonl")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            try:
                record = json.loads(line)
                record["eventMetadata"]["eventId"]
                yield record
            except (ValueError, KeyError, TypeError):
                raise ClientError(
                    f"{file.name}, line {number} isn't a record with eventMetadata.eventId"
                ) from None


def _join(record: dict[str, Any], labels: dict[str, Any]) -> dict[str, Any] | None:
    """Return a captured request with its label, or None if it has none."""
    metadata = record["eventMetadata"]
    label = labels.get(metadata.get("inferenceId", metadata["eventId"]))
    if label is None:
        return None
    return {
        "eventVersion": record.get("eventVersion", "0"),
        "groundTruthData": label,
        "captureData": record["captureData"],
        "eventMetadata": metadata,
    }


VERBS = {"run": merge}
