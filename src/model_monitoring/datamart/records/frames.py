"""Scoring requests in a data frame, the way to log many: each row is a request of its own."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from model_monitoring.analysis.files.json_rows import repeated
from model_monitoring.datamart.postgres.values import checked_id, milliseconds, revision, utc, year
from model_monitoring.datamart.postgres.wording import shown, some
from model_monitoring.datamart.records.batches import Batch

# Columns that aren't fields of the model
ABOUT = ("scoring_id", "scoring_timestamp", "response_time", "asset_revision")


def batch_of_frame(
    frame: pd.DataFrame, asset: Mapping, known_outputs: Collection[str] | None = None
) -> Batch:
    """Split a data frame into columns of features and outputs.

    A column that isn't a feature is an output. With `known_outputs` (if the features may change), a
    column that isn't one of those is a feature.

    Raises:
        ValueError: a feature or the prediction is missing, or two columns have the same name.
    """
    named = {str(name): name for name in frame.columns}
    if len(named) < len(frame.columns):
        twice = repeated(list(map(str, frame.columns)))
        raise ValueError(
            f"Two columns of the data frame have the same name, {shown(twice)}. Nothing was stored."
        )
    about = {
        name: frame[named.pop(name)]
        for name in ABOUT
        if name in named and name not in asset["feature_columns"]
    }
    features = (
        asset["feature_columns"]
        if known_outputs is None
        else [n for n in named if n not in known_outputs]
    )
    if lacking := [name for name in (*features, asset["prediction_column"]) if name not in named]:
        raise ValueError(f"The data frame lacks column {some(lacking)}. Nothing was stored.")
    count = len(frame)
    scored_at = np.full(count, utc(datetime.now(UTC)))
    if "scoring_timestamp" in about:
        times = _times(about["scoring_timestamp"])
        scored_at = np.where(np.isnat(times), scored_at, times)
    taken = revisions = [None] * count
    if "response_time" in about:
        taken = [milliseconds(given) for given in _raw_objects(about["response_time"])]
    if "asset_revision" in about:
        revisions = [revision(given) for given in _raw_objects(about["asset_revision"])]
    outputs = [name for name in named if name not in features]
    fields = {name: raw(frame[named[name]]) for name in (*features, *outputs)}
    scoring_ids = _scoring_ids(
        about["scoring_id"].tolist() if "scoring_id" in about else [None] * count
    )
    return Batch(
        scoring_ids, np.ones(count, dtype=np.int64), scored_at, taken, features, fields, revisions
    )


def _times(series: pd.Series) -> np.ndarray:
    """Return times as datetime64[us], UTC, with NaT for missing ones.

    Raises:
        ValueError: a value isn't a time in the years 1 to 9999.
    """
    wrong = (
        []
        if series.dtype.kind == "M"
        else [v for v in series.dropna() if not isinstance(v, str | datetime)]
    )
    if not wrong:
        try:
            times = (
                pd.to_datetime(series, utc=True, format="ISO8601").dt.tz_convert(None).to_numpy()
            )
        except (OverflowError, ValueError) as error:
            raise ValueError(f"scoring_timestamp: {error}. Nothing was stored.") from None
        wrong = (
            times[~np.isnat(times) & ((year(times) < 1) | (year(times) > 9999))]
            .astype(str)
            .tolist()
        )
    if wrong:
        raise ValueError(
            f"scoring_timestamp {shown(wrong[0])} isn't a time in the years 1 to 9999. Nothing was"
            " stored."
        )
    return times.astype("datetime64[us]")


def _scoring_ids(given: list) -> list[str]:
    kinds = set(map(type, given))
    if kinds == {type(None)}:
        fresh = uuid.uuid4()
        return [f"{fresh}.{row}" for row in range(1, len(given) + 1)]
    if kinds == {str} and "" not in given and max(map(len, given)) <= 100:
        text = "".join(given)
        if text.isascii() and "\0" not in text:
            return given
    return [checked_id(each, f"row {row}") for row, each in enumerate(given, 1)]


def raw(series: pd.Series) -> Sequence:
    """Return a column's values as a numpy array if possible.

    Otherwise they are Python objects, with None for missing ones.
    """
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
        return series.to_numpy()
    if pd.api.types.is_integer_dtype(series.dtype):  # floats would round what is beyond 2^53
        whole = np.uint64 if pd.api.types.is_unsigned_integer_dtype(series.dtype) else np.int64
        return _raw_objects(series) if series.hasnans else series.to_numpy(dtype=whole)
    if pd.api.types.is_float_dtype(series.dtype):  # of its own width, by which it is widened
        narrow = getattr(series.dtype, "itemsize", 8) == np.float32().itemsize
        return series.to_numpy(dtype=np.float32 if narrow else np.float64, na_value=np.nan)
    if pd.api.types.is_any_real_numeric_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return _raw_objects(series)


def _raw_objects(series: pd.Series) -> list:
    objects = series.astype(object)
    return objects.where(objects.notna(), None).tolist()
