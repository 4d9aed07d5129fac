"""Scoring requests in a data frame, the way to log many: a row is a request of its own."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from helpers.datamart.batches import Batch, checked_id, milliseconds, some, utc

ABOUT = ("scoring_id", "scoring_timestamp", "response_time")  # columns that aren't the model's


def batch_of_frame(frame: pd.DataFrame, asset: Mapping, known_outputs: Collection[str] | None = None) -> Batch:
    """Take a data frame apart into columns.

    What isn't a feature is an output; with `known_outputs` (a subscription whose features may change), what isn't one
    of those is a feature.

    Raises:
        ValueError: a feature or the prediction is missing, or two columns have one name.
    """
    named = {str(name): name for name in frame.columns}
    if len(named) < len(frame.columns):
        raise ValueError("The data frame has two columns of one name. Nothing was stored.")
    about = {name: frame[named.pop(name)] for name in ABOUT if name in named and name not in asset["feature_columns"]}
    features = asset["feature_columns"] if known_outputs is None else [n for n in named if n not in known_outputs]
    if lacking := [name for name in (*features, asset["prediction_column"]) if name not in named]:
        raise ValueError(f"The data frame lacks column {some(lacking)}. Nothing was stored.")
    count = len(frame)
    scored_at = np.full(count, utc(datetime.now(UTC)))
    if "scoring_timestamp" in about:
        times = pd.to_datetime(about["scoring_timestamp"], utc=True).dt.tz_convert(None)
        scored_at = np.where(times.isna(), scored_at, times.to_numpy(dtype="datetime64[us]"))
    taken = [None] * count
    if "response_time" in about:
        taken = [None if pd.isna(given) else milliseconds(given) for given in about["response_time"].tolist()]
    outputs = [name for name in named if name not in features]
    fields = {name: _raw(frame[named[name]]) for name in (*features, *outputs)}
    scoring_ids = _scoring_ids(about["scoring_id"].tolist() if "scoring_id" in about else [None] * count)
    return Batch(scoring_ids, np.ones(count, dtype=np.int64), scored_at, taken, features, fields)


def _scoring_ids(given: list) -> list[str]:
    kinds = set(map(type, given))
    if kinds == {type(None)}:
        fresh = uuid.uuid4()
        return [f"{fresh}.{row}" for row in range(1, len(given) + 1)]
    if kinds == {str} and "" not in given and "\0" not in "".join(given) and max(map(len, given)) <= 100:
        return given
    return [checked_id(each, f"row {row}") for row, each in enumerate(given, 1)]


def _raw(series: pd.Series) -> Sequence:
    """Return a column's values as numpy has them where it can, else as Python objects with None for missing ones."""
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
        return series.to_numpy()
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    objects = series.astype(object)
    return objects.where(objects.notna(), None).tolist()
