"""Data capture read as columns, for files in which every event has the same form.

Each event has one row, in CSV or in JSON by name, plain or in BASE64, and its response is CSV or
JSON. Most captured traffic is like this, and pyarrow reads it about ten times as fast as Python
reads it line by line. `captured_events` reads all other files.
"""

from binascii import a2b_base64
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, json

from model_monitoring.analysis.files.bodies import kind_of
from model_monitoring.datamart.engines import responses
from model_monitoring.datamart.postgres.columns import INTEGER, NUMBER, TEXT
from model_monitoring.datamart.postgres.values import is_short_text
from model_monitoring.datamart.records.batches import Batch
from model_monitoring.datamart.tables.tables import Table

SIDE = pa.struct(
    [("data", pa.string()), ("encoding", pa.string()), ("observedContentType", pa.string())]
)
ABOUT = pa.struct(
    [("eventId", pa.string()), ("inferenceId", pa.string()), ("inferenceTime", pa.string())]
)
EVENT = pa.schema(
    [
        ("captureData", pa.struct([("endpointInput", SIDE), ("endpointOutput", SIDE)])),
        ("eventMetadata", ABOUT),
    ]
)
BLOCK = 4 << 20  # bytes that a thread reads: far more than an event, far less than most files
WHOLE = json.ReadOptions(block_size=64 << 20)  # as one block, by which its types are inferred
_UNTYPED = r"^\s*[\[{<]"  # what may be JSON or a web page, whose content type says nothing
ARROW_TYPES = {NUMBER: pa.float64(), INTEGER: pa.int64(), TEXT: pa.string()}


class Irregular(ValueError):
    """The file can't be read as columns."""


def batch_of_capture(body: bytes, asset: Mapping, table: Table) -> Batch:
    """Read a whole capture file.

    Raises:
        Irregular: an event is of another form, or broken.
    """
    try:
        options = json.ParseOptions(explicit_schema=EVENT, unexpected_field_behavior="ignore")
        blocks = json.ReadOptions(block_size=BLOCK)
        events = json.read_json(pa.BufferReader(body), blocks, options).combine_chunks()
        about = events["eventMetadata"].combine_chunks()
        times = pc.strptime(about.field("inferenceTime"), format="%Y-%m-%dT%H:%M:%SZ", unit="us")
        captured = events["captureData"].combine_chunks()
        kind, requests = _texts(captured.field("endpointInput"))
        ids = pc.coalesce(about.field("inferenceId"), about.field("eventId"))
        if (
            not all(map(is_short_text, ids.to_pylist()))
            or times.null_count
            or pc.min(pc.year(times)).as_py() < 1
        ):
            raise Irregular
        kinds = {column.name: ARROW_TYPES[column.type] for column in table.of("feature")}
        features = asset["feature_columns"]
        fields = (_csv if kind == "CSV" else _json)(
            requests, {name: kinds[name] for name in features}
        )
        fields |= _answers(*_texts(captured.field("endpointOutput")), asset, table)
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise Irregular from error
    if any(len(column) != len(ids) for column in fields.values()):
        raise Irregular
    ones = np.ones(len(ids), dtype=np.int64)
    nothing = [None] * len(ids)
    return Batch(ids.to_pylist(), ones, times.to_numpy(), nothing, features, fields, nothing)


def _texts(side: pa.StructArray) -> tuple[str, pa.Array]:
    """Return the kind of all bodies, CSV or JSON, and the bodies as strings."""
    encodings, data = side.field("encoding").unique().to_pylist(), side.field("data")
    if encodings == ["BASE64"]:
        types = side.field("observedContentType").unique().to_pylist()
        encodings = list(set(map(kind_of, types)))
        decoded = [a2b_base64(text, strict_mode=True) for text in data.to_pylist()]
        data = pa.array(decoded, pa.binary()).cast(pa.string())  # which checks that it is UTF-8
        if encodings == ["CSV"] and pc.any(pc.match_substring_regex(data, _UNTYPED)).as_py():
            raise Irregular
    if side.null_count or encodings not in (["CSV"], ["JSON"]):
        raise Irregular
    return encodings[0], data


def _lines(texts: pa.Array) -> pa.BufferReader:
    """Join strings of one line each."""
    if texts.null_count:
        raise Irregular
    ends = [pc.any(pc.ends_with(texts, end)).as_py() for end in ("\n", "\r")]
    if any(ends):
        texts = pc.utf8_rtrim(texts, "\r\n")
    if pc.min(pc.binary_length(texts)).as_py() == 0:
        raise Irregular
    [joined] = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "\n")
    written = joined.as_buffer()
    if np.count_nonzero(np.frombuffer(written, np.uint8) == ord("\n")) != len(texts) - 1:
        raise Irregular
    return pa.BufferReader(written)


def _csv(texts: pa.Array, types: Mapping[str, pa.DataType]) -> dict[str, np.ndarray | list]:
    convert = csv.ConvertOptions(
        column_types=dict(types), null_values=["", "nan"], strings_can_be_null=True
    )
    read = csv.ReadOptions(column_names=list(types), block_size=BLOCK)
    table = csv.read_csv(_lines(texts), read, convert_options=convert)
    return {name: _values(table[name].combine_chunks()) for name in types}


def _json(texts: pa.Array, types: Mapping[str, pa.DataType]) -> dict[str, np.ndarray | list]:
    options = json.ParseOptions(
        explicit_schema=pa.schema(list(types.items())), unexpected_field_behavior="error"
    )
    table = json.read_json(_lines(texts), json.ReadOptions(block_size=BLOCK), options)
    if any(column.null_count for column in table.columns):
        raise Irregular  # a field that wasn't sent is null here too, and that is an error
    return {name: _values(table[name].combine_chunks()) for name in types}


def _values(column: pa.Array) -> np.ndarray | list:
    """Return numbers as an array in which NaN is a missing one, anything else as a list."""
    number = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
    if not number or (pa.types.is_integer(column.type) and column.null_count):
        return column.to_pylist()
    return column.to_numpy(zero_copy_only=False)


def _answers(
    kind: str, texts: pa.Array, asset: Mapping, table: Table
) -> dict[str, np.ndarray | list]:
    """Return the output columns, as `responses.outputs_of` does for one row."""
    if kind == "JSON":
        lists = json.read_json(_lines(texts), WHOLE)["predictions"].combine_chunks()
        if not pc.all(pc.equal(pc.list_value_length(lists), 1), skip_nulls=False).as_py():
            raise Irregular
        answers = pc.list_flatten(lists)
        columns = {answers.type[i].name: answers.field(i) for i in range(answers.type.num_fields)}
        if any(column.null_count for column in columns.values()):
            raise Irregular  # a missing output is an error of its line
        found = {name: _values(column) for name, column in columns.items()}
    else:
        found = _csv(texts, {"score": pa.float64()})
    probability = asset["probability_column"]
    scores = found.get("score", found.get(probability))
    if scores is not None:
        if probability:
            found.setdefault(probability, scores)
        if asset["prediction_column"] not in found:
            predicted = responses.of_scores(scores, asset)
            found[asset["prediction_column"]] = predicted
    return {column.name: found[column.name] for column in table.of("output")}
