"""Asking an endpoint about rows that are nobody's traffic: perturbed twins, variants for an
explanation.

Such requests carry an inference id that begins with PERTURBED, so that what data capture wrote of
them never becomes payload.
"""

import re
import uuid

import pandas as pd

from model_monitoring.analysis.files.captured import PERTURBED
from model_monitoring.datamart.engines import sagemaker
from model_monitoring.datamart.watched import WatchedModel

ROWS_AT_ONCE = 1000  # a request may hold 6 MB and take 60 seconds
# In an event's metadata; the same words within captured data have a backslash before each quotation
# mark.
_MARKED = re.compile(rb'"inferenceId"\s*:\s*"' + PERTURBED.encode())


def ask(subscription: WatchedModel, rows: pd.DataFrame, *outputs: str) -> pd.DataFrame:
    """Return the model's answers to rows of features: a row each, in their order, and a column for
    each output named.

    Raises:
        ValueError: the endpoint can't be asked, refuses the rows, or doesn't give an output.
    """
    asset, answers = subscription.asset, []
    features = asset["feature_columns"]
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        part = rows.iloc[begin : begin + ROWS_AT_ONCE][features].astype(object)
        values = part.where(part.notna(), None).values.tolist()
        answered = subscription.score(values, f"{PERTURBED}{uuid.uuid4()}", features)
        answers += [sagemaker.outputs_of(answer, outputs, asset) for answer in answered]
    return pd.DataFrame(answers, columns=list(outputs))


def without_asked(body: bytes) -> tuple[bytes, int]:
    """Blank out, in a file of captured events, those of `ask`; return the rest and how many they
    were.
    """
    if not _MARKED.search(body):
        return body, 0
    lines = body.split(b"\n")
    kept = [b"" if _MARKED.search(line) else line for line in lines]
    return b"\n".join(kept), sum(map(bool, lines)) - sum(map(bool, kept))
