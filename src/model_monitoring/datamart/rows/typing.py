"""Frames of the user's in the types of the payload, so that they can be compared with it."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from model_monitoring.datamart import contract
from model_monitoring.datamart.postgres.columns import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    NUMBERS,
    TEXT,
    Column,
    Values,
    check,
    unpacked,
)
from model_monitoring.datamart.records import answering, labelling
from model_monitoring.datamart.records.frames import raw
from model_monitoring.datamart.watched import WatchedModel


def as_logged(
    subscription: WatchedModel, frame: pd.DataFrame, features: Iterable[str], what: str
) -> pd.DataFrame:
    """Return features of a frame as the payload would hold them.

    Args:
        subscription: whose contract it is.
        frame: with a column for each feature.
        features: those that are wanted.
        what: names the frame in an error, such as training_data.

    Raises:
        ValueError: a value isn't of the type that the contract declares.
    """
    asset = subscription.asset
    found = {}
    for name in features:
        column = Column(name, name, "feature", contract.column_type(asset, name))
        given = raw(frame[name])
        if column.type == NUMBER and isinstance(given, np.ndarray) and given.dtype.kind == "b":
            given = given.astype(float)  # dummies, which an endpoint gets as 1 and 0
        values = check(column, given, lambda row: f"row {row + 1} of {what}")
        found[name] = _series(column.type, values)
    return pd.DataFrame(found, copy=False)


def predictions(asset: Mapping, frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return a frame with its predictions, if it has any, as the payload would hold them.

    They may be labels, and booleans where the classes are numbers or the reverse.

    Raises:
        ValueError: one is no class of the model's.
    """
    name = asset["prediction_column"]
    kind = contract.column_type(asset, name)
    if name not in frame or kind is None or asset["problem_type"] == "regression":
        return frame
    codes, seen = pd.factorize(frame[name])
    said = labelling.as_predicted(asset, pd.Series(seen).astype(object).tolist(), name)
    if kind in (INTEGER, NUMBER):
        said = [int(value) if isinstance(value, bool) else value for value in said]
    read = check(Column(name, name, "output", kind), said, lambda row: f"a row of {what}")
    missing = codes < 0
    if missing.all():
        return frame
    held = Values(read.data[np.where(missing, 0, codes)], missing if missing.any() else None)
    return frame.assign(**{name: pd.Series(_series(kind, held), frame.index)})


def probabilities(asset: Mapping, frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return a frame with its probability, if it has one, as the payload would hold it.

    Raises:
        ValueError: one is no probability, or there are more or fewer than classes.
    """
    name = asset["probability_column"]
    if name is None or name not in frame:
        return frame
    column = Column(name, name, "output", contract.column_type(asset, name))
    values = answering.probabilities(
        column, asset, raw(frame[name]), lambda row: f"row {row + 1} of {what}"
    )
    return frame.assign(**{name: pd.Series(_series(column.type, values), frame.index)})


def _series(kind: str, values: Values) -> np.ndarray:
    """Return values as a window of the payload brings them."""
    data = values.data
    if kind == NUMBERS:
        data = pd.Series([unpacked(packed) for packed in data]).to_numpy()
    if kind == TEXT:
        data = np.array([text.decode() for text in data], dtype=object)
    if values.missing is None:
        return data
    if kind in (TEXT, BOOLEAN, NUMBERS):
        data = data.astype(object)
        data[values.missing] = None
        return data
    data = data.astype(np.float64) if kind == INTEGER else data
    return np.where(values.missing, np.nan, data)
