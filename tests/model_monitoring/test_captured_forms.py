"""The forms of endpoints' requests and responses.

The analysis and the data mart read the same rows from each.
"""

import base64
import json

import pytest

from model_monitoring.analysis.files.readers import Reading, read_chunks
from model_monitoring.datamart.records.captured_events import Reader

ASSET = {
    "feature_columns": ["size", "colour"],
    "categorical_columns": ["colour"],
    "feature_types": {},
    "prediction_column": None,
    "probability_column": "score",
    "problem_type": "binary",
    "label_values": None,
    "positive_label": None,
}
CSV, JSON, LINES = "text/csv", "application/json; charset=utf-8", "application/jsonlines"
BY_NAME = {"size": 1.5, "colour": "red"}, {"size": 2.5, "colour": "dark, red"}
BY_PLACE = [[1.5, "red"], [2.5, "dark, red"]]
SCORES = {"predictions": [{"score": 0.9}, {"score": 0.2}]}
FORMS = {
    "csv": (CSV, '1.5,red\n2.5,"dark, red"\n', CSV, "0.9\n0.2\n"),
    "csv answered on one line": (CSV, '1.5,red\r\n2.5,"dark, red"\r\n', CSV, "0.9,0.2"),
    "csv of no type": (None, '1.5,red\n2.5,"dark, red"', None, "0.9\n0.2"),
    "lists": (JSON, BY_PLACE, JSON, [0.9, 0.2]),
    "objects": (JSON, [*BY_NAME], JSON, [{"score": 0.9}, {"score": 0.2}]),
    "instances": (JSON, {"instances": BY_PLACE}, JSON, {"predictions": [0.9, 0.2]}),
    "instances beside other keys": (
        JSON,
        {"signature_name": "serving_default", "instances": BY_PLACE},
        JSON,
        {"predictions": [[0.9], [0.2]]},
    ),
    "instances of features": (
        JSON,
        {"instances": [{"features": row} for row in BY_PLACE]},
        JSON,
        SCORES,
    ),
    "fields and values": (
        JSON,
        {"fields": ["colour", "size"], "values": [row[::-1] for row in BY_PLACE]},
        JSON,
        {"fields": ["score"], "values": [[0.9], [0.2]]},
    ),
    "SageMaker's long form": (
        JSON,
        {"instances": [{"data": {"features": {"values": row}}} for row in BY_PLACE]},
        JSON,
        SCORES,
    ),
    "by column": (
        JSON,
        {name: [row[name] for row in BY_NAME] for name in BY_NAME[0]},
        JSON,
        {"score": [0.9, 0.2]},
    ),
    "MLflow's split": (
        JSON,
        {"dataframe_split": {"columns": ["size", "colour"], "data": BY_PLACE}},
        JSON,
        {"predictions": [0.9, 0.2]},
    ),
    "TensorFlow Serving by column": (
        JSON,
        {"inputs": {name: [row[name] for row in BY_NAME] for name in BY_NAME[0]}},
        JSON,
        {"outputs": [[0.9], [0.2]]},
    ),
    "KServe's tensors": (
        JSON,
        {
            "inputs": [
                {"name": name, "shape": [2], "data": [row[name] for row in BY_NAME]}
                for name in BY_NAME[0]
            ]
        },
        JSON,
        {"outputs": [{"name": "score", "shape": [2, 1], "data": [0.9, 0.2]}]},
    ),
    "json lines": (
        LINES,
        "\n".join(map(json.dumps, BY_NAME)),
        LINES,
        '{"score": 0.9}\n{"score": 0.2}\n',
    ),
    "json lines of features": (
        LINES,
        "\n".join(json.dumps({"features": row}) for row in BY_PLACE),
        "application/x-json",
        SCORES,
    ),
}


def side(kind, body, encoded):
    text = body if isinstance(body, str) else json.dumps(body)
    if encoded:
        data = base64.b64encode(text.encode()).decode()
        return {"observedContentType": kind, "data": data, "encoding": "BASE64"}
    encoding = "JSON" if "json" in (kind or "") else "CSV"
    return {"observedContentType": kind, "data": text, "encoding": encoding}


@pytest.fixture(params=[False, True], ids=["as it is", "in BASE64"])
def line(request, form):
    asked, request_, answered, response = FORMS[form]
    captured = {
        "endpointInput": side(asked, request_, request.param),
        "endpointOutput": side(answered, response, request.param),
    }
    about = {"eventId": "e", "inferenceTime": "2026-03-01T10:00:00Z"}
    return json.dumps({"captureData": captured, "eventMetadata": about, "eventVersion": "0"})


@pytest.mark.parametrize("form", FORMS)
def test_the_data_mart_reads_it(line, form):
    record = Reader(ASSET, None).record(line.encode())
    named = [
        dict(zip(record.request["fields"], row, strict=True)) for row in record.request["values"]
    ]
    # CSV's cells are still text: the contract reads them by their columns' types
    assert [row | {"size": float(row["size"])} for row in named] == [*BY_NAME]
    assert record.response == {"fields": ["score"], "values": [[0.9], [0.2]]}


@pytest.mark.parametrize("form", FORMS)
def test_the_analysis_reads_it(line, form, tmp_path):
    (tmp_path / "captured.jsonl").write_text(line + "\n")
    reading = Reading()
    (chunk,) = read_chunks(tmp_path, reading)
    outputs = [name for name in chunk if name in reading.outputs]
    inputs = sorted((name for name in chunk if name not in outputs), key=_place)
    assert [chunk[name].to_pylist() for name in inputs] == [["1.5", "2.5"], ["red", "dark, red"]]
    assert [chunk[name].to_pylist() for name in outputs] == [["0.9", "0.2"]]
    assert reading.skipped == 0 and reading.notes == []


def _place(name):
    return {"size": "_in0", "colour": "_in1"}.get(name, name)
