"""Data capture read as columns, for files in which every event is alike: one row, CSV in, CSV or JSON out.

Most captured traffic is of this kind, and pyarrow reads it some ten times as fast as Python goes through it line by
line. Whatever else a file may hold, `capture` reads in that way.
"""

import io
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, json

from helpers.datamart.batches import Batch, is_short_text
from helpers.datamart.columns import INTEGER, NUMBER, TEXT
from helpers.datamart.entities import ProblemType
from helpers.datamart.tables import Table

SIDE = pa.struct([("data", pa.string()), ("encoding", pa.string())])
ABOUT = pa.struct([("eventId", pa.string()), ("inferenceId", pa.string()), ("inferenceTime", pa.string())])
EVENT = pa.schema(
    [("captureData", pa.struct([("endpointInput", SIDE), ("endpointOutput", SIDE)])), ("eventMetadata", ABOUT)]
)
ARROW_TYPES = {NUMBER: pa.float64(), INTEGER: pa.float64(), TEXT: pa.string()}


class Irregular(ValueError):
    """The file isn't of the kind that is read as columns."""


def batch_of_capture(body: bytes, asset: Mapping, table: Table) -> Batch:
    """Read a whole capture file.

    Raises:
        Irregular: an event is of another form, or broken.
    """
    try:
        options = json.ParseOptions(explicit_schema=EVENT, unexpected_field_behavior="ignore")
        events = json.read_json(io.BytesIO(body), json.ReadOptions(block_size=64 << 20), options).combine_chunks()
        about = events["eventMetadata"].combine_chunks()
        times = pc.strptime(about.field("inferenceTime"), format="%Y-%m-%dT%H:%M:%SZ", unit="us")
        captured = events["captureData"].combine_chunks()
        inputs, answers = captured.field("endpointInput"), captured.field("endpointOutput")
        ids = pc.coalesce(about.field("inferenceId"), about.field("eventId"))
        if (
            not all(map(is_short_text, ids.to_pylist()))
            or times.null_count
            or pc.min(pc.year(times)).as_py() < 1
            or not _all(inputs, "CSV")
            or not (_all(answers, "CSV") or _all(answers, "JSON"))
        ):
            raise Irregular
        kinds = {column.name: ARROW_TYPES[column.type] for column in table.of("feature")}
        features = asset["feature_columns"]
        fields = _csv(inputs.field("data"), {name: kinds[name] for name in features})
        fields |= _answers(answers, asset)
    except (pa.ArrowException, KeyError, TypeError) as error:
        raise Irregular from error
    if any(len(column) != len(ids) for column in fields.values()):
        raise Irregular
    ones = np.ones(len(ids), dtype=np.int64)
    nothing = [None] * len(ids)
    return Batch(ids.to_pylist(), ones, times.to_numpy(), nothing, features, fields, nothing)


def _all(side: pa.StructArray, encoding: str) -> bool:
    return side.null_count == 0 and bool(pc.all(pc.equal(side.field("encoding"), encoding), skip_nulls=False).as_py())


def _lines(texts: pa.Array) -> bytes:
    """Join texts of one line each."""
    texts = pc.utf8_rtrim(texts, "\r\n")
    if texts.null_count or pc.any(pc.match_substring(texts, "\n")).as_py() or pc.any(pc.equal(texts, "")).as_py():
        raise Irregular
    return "\n".join(texts.to_pylist()).encode()


def _csv(texts: pa.Array, types: Mapping[str, pa.DataType]) -> dict[str, np.ndarray | list]:
    convert = csv.ConvertOptions(column_types=dict(types), null_values=[""], strings_can_be_null=True)
    read = csv.ReadOptions(column_names=list(types), block_size=64 << 20)
    table = csv.read_csv(io.BytesIO(_lines(texts)), read, convert_options=convert)
    return {name: _values(table[name].combine_chunks()) for name in types}


def _values(column: pa.Array) -> np.ndarray | list:
    """Return numbers as an array in which NaN is a missing one, anything else as a list."""
    if not pa.types.is_floating(column.type) and not pa.types.is_integer(column.type):
        return column.to_pylist()
    if pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py():
        raise Irregular  # a NaN that was sent is an error, not a missing value
    return column.to_numpy(zero_copy_only=False)


def _answers(side: pa.StructArray, asset: Mapping) -> dict[str, np.ndarray | list]:
    if _all(side, "JSON"):
        read = json.ReadOptions(block_size=64 << 20)
        lists = json.read_json(io.BytesIO(_lines(side.field("data"))), read)["predictions"].combine_chunks()
        if not pc.all(pc.equal(pc.list_value_length(lists), 1), skip_nulls=False).as_py():
            raise Irregular
        found = pc.list_flatten(lists)
        return {found.type[i].name: _values(found.field(i)) for i in range(found.type.num_fields)}
    score = _csv(side.field("data"), {"score": pa.float64()})["score"]
    fields = {asset["probability_column"]: score} if asset["probability_column"] else {}
    return fields | {asset["prediction_column"]: _predictions(score, asset)}


def _predictions(score: np.ndarray, asset: Mapping) -> np.ndarray | list:
    """Tell predictions from bare scores, as `sagemaker.outputs_of` does for one row."""
    if asset["problem_type"] == ProblemType.REGRESSION:
        return score
    known = [value for _, value in asset["label_values"] or [[0, 0], [1, 1]]]
    positive = 1 if asset["positive_label"] is None else asset["positive_label"]
    others = [value for value in known if value != positive]
    if asset["problem_type"] != ProblemType.BINARY_CLASSIFICATION or len(others) != 1 or np.isnan(score).any():
        raise Irregular
    return (
        np.where(score >= 0.5, positive, others[0])
        if isinstance(positive, int)
        else [positive if value >= 0.5 else others[0] for value in score]
    )
