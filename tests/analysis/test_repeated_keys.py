"""A key that stands twice in a JSON object is refused by name: Python would keep the last value."""

import json

import pytest

from model_monitoring.analysis.files import bodies, documents
from model_monitoring.analysis.files.jobs import read_profile
from model_monitoring.analysis.files.readers import read_chunks
from model_monitoring.analysis.files.reading import Reading

TWICE = "has the key 'a' twice"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": 2, "a": 3}',
        '[{"b": 1}, {"a": 1, "a": 1}]',
        '{"instances": [{"features": [1]}], "a": 1, "a": 2}',
        '{"b": 1}\n{"a": 1, "a": 2}\n',
        '{"who": {"a": 1, "a": 2}}',
        '{"a": [1, 2], "a": [3, 4]}',
    ],
)
@pytest.mark.parametrize("number", [None, str])
def test_in_a_body(text, number):
    with pytest.raises(ValueError, match=TWICE):
        bodies.read_rows("JSON", text, number)


def test_tensors_of_one_name():
    tensor = {"name": "a", "shape": [1], "datatype": "FP64", "data": [1.5]}
    with pytest.raises(ValueError, match="two tensors have the name 'a'"):
        bodies.read_rows("JSON", json.dumps({"inputs": [tensor, tensor]}))


def test_in_a_file_of_lines_it_is_counted(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1, "a": 9}\n{"a": 2}\n{"a": 3}\n')
    reading = Reading()
    [columns] = list(read_chunks(path, reading))
    assert columns["a"].to_pylist() == ["2", "3"]
    assert reading.skipped == 1
    assert TWICE in reading.notes[0]


def test_in_a_document_it_is_refused(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text('[{"a": 1, "a": 9}, {"a": 2}]')
    with pytest.raises(ValueError, match=TWICE):
        read_profile(path)


def test_in_a_captured_request(tmp_path):
    side = {"observedContentType": "application/json", "mode": "INPUT", "encoding": "JSON"}
    event = {
        "captureData": {"endpointInput": side | {"data": '{"a": 1}'}},
        "eventMetadata": {"eventId": "e", "inferenceTime": "2026-03-01T10:00:00Z"},
        "eventVersion": "0",
    }
    text = json.dumps(event)
    odd = text.replace('{\\"a\\": 1}', '{\\"a\\": 1, \\"a\\": 2}')
    path = tmp_path / "captured.jsonl"
    path.write_text("\n".join([text, odd, text.replace('"mode": "INPUT"', '"a": 1, "a": 2')]))
    reading = Reading()
    [columns] = list(read_chunks(path, reading))
    assert columns["a"].to_pylist() == ["1"]
    assert reading.skipped == 2
    assert TWICE in reading.notes[0]


def test_in_a_hand_edited_document(tmp_path):
    path = tmp_path / "constraints.json"
    path.write_text('{"version": 0.0, "features": [], "monitoring_config": {"a": 1, "a": 2}}')
    with pytest.raises(ValueError, match=TWICE):
        documents.read(path, "features")
