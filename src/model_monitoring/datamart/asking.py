"""Calling an endpoint for the monitors: perturbed rows, and variants of a row for an explanation.

These requests are not real traffic. Their inference ids begin with PERTURBED, so that ingesting
data capture leaves them out of the payload.
"""

import re
import uuid
from collections.abc import Sequence

import pandas as pd

from model_monitoring.analysis.files.captured import PERTURBED
from model_monitoring.datamart.engines import responses
from model_monitoring.datamart.rows import typing
from model_monitoring.datamart.watched import WatchedModel

ROWS_AT_ONCE = 1000  # a request may hold 6 MB and take 60 seconds
# As it is written in an event's metadata. In captured data, the same words have a backslash before
# each quotation mark.
_MARKED = re.compile(rb'"inferenceId"\s*:\s*"' + PERTURBED.encode())


def ask(subscription: WatchedModel, rows: pd.DataFrame, *outputs: str) -> pd.DataFrame:
    """Return the model's outputs for rows of features, in the same order.

    There is one row per row of features, and a column for each of `outputs`.

    Raises:
        ValueError: the endpoint can't be called, refuses the rows, or doesn't return an output.
    """
    asset, answers = subscription.asset, []
    features = asset["feature_columns"]
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        values = as_sent(rows.iloc[begin : begin + ROWS_AT_ONCE], features)
        answered = subscription.score(values, f"{PERTURBED}{uuid.uuid4()}", features)
        answers += [responses.outputs_of(answer, outputs, asset) for answer in answered]
    found = pd.DataFrame(answers, columns=list(outputs))
    name = asset["probability_column"]
    return typing.probabilities(asset, found, "the response") if name in outputs else found


def as_sent(frame: pd.DataFrame, features: Sequence[str]) -> list[list]:
    """Return rows of a frame as an engine gets them: lists of values, None for missing ones."""
    part = frame[list(features)].astype(object)
    return part.where(part.notna(), None).values.tolist()


def without_asked(body: bytes) -> tuple[bytes, int]:
    """Blank out the events of `ask` in a file of captured events.

    Returns the rest and the number of events that were blanked out.
    """
    if not _MARKED.search(body):
        return body, 0
    lines = body.split(b"\n")
    kept = [b"" if _MARKED.search(line) else line for line in lines]
    return b"\n".join(kept), sum(map(bool, lines)) - sum(map(bool, kept))
