"""Any file is profiled or refused with a ValueError; the findings of fuzzing are kept as cases."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.analysis.files.jobs import read_profile, run_baseline

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
quick = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def survives(path, content, header=True):
    path.write_bytes(content)
    try:
        found, _ = read_profile(path, header=header)
        json.dumps(found.statistics(), allow_nan=False)
    except ValueError as error:
        assert str(error)


@quick
@given(content=st.binary(max_size=200), header=st.booleans())
@example(content=b'"a', header=True)
@example(content=b"a\x00,b\n1,\x002\n", header=True)
@example(content=b"a,b\n" + b"\xff" * 10, header=True)
@example(content=b'"' + b"x" * 200_000 + b'",b\n1,2\n', header=True)
@example(content=b"\r\r\n\n1", header=False)
@example(content=b"PAR1rest", header=True)
@example(content=b"{" * 5000, header=True)
@example(content=b'{"a":' + b"[" * 100_000, header=True)
def test_any_bytes(tmp_path, content, header):
    survives(tmp_path / "file", content, header)


@quick
@given(text=st.text("a1.,;\"'\n\r -", max_size=80), header=st.booleans())
def test_any_csv(tmp_path, text, header):
    survives(tmp_path / "file", text.encode(), header)


@quick
@given(lines=st.lists(st.dictionaries(st.text(max_size=4), values, max_size=4), max_size=4))
@example(
    lines=[{"captureData": 1}, {"captureData": {"endpointInput": {"data": "1", "encoding": "CSV"}}}]
)
@example(lines=[{"captureData": {"endpointInput": {"data": "[]", "encoding": "JSON"}}}])
@example(lines=[{"captureData": {"endpointInput": {"data": "!", "encoding": "BASE64"}}}])
@example(lines=[{"captureData": {"endpointInput": {"data": "1" * 200_000, "encoding": "CSV"}}}])
def test_any_json_lines(tmp_path, lines):
    survives(tmp_path / "file", "\n".join(map(json.dumps, lines)).encode())


@quick
@given(data=values, encoding=st.sampled_from(["CSV", "JSON", "BASE64", "XML"]))
def test_any_captured_content(tmp_path, data, encoding):
    text = data if isinstance(data, str) else json.dumps(data)
    side = {"data": text, "encoding": encoding, "observedContentType": "application/json"}
    record = {"captureData": {"endpointInput": side, "endpointOutput": side}}
    survives(tmp_path / "file", json.dumps(record).encode())


def test_nested_parquet_is_refused(tmp_path):
    pq.write_table(pa.table({"a": [[1], [2]]}), tmp_path / "file")
    with pytest.raises(ValueError, match=r"list<.*> cannot be monitored"):
        read_profile(tmp_path / "file")
    with pytest.raises(ValueError, match="cannot be monitored"):
        profile({"a": pa.array([{"b": 1}])})


def test_half_a_character_is_one_broken_line(tmp_path):
    plain = ['{"a": "\\ud83d"}', '{"a": "\\uD83D\\uDE00"}', '{"a": "\\\\ud83d"}']
    (tmp_path / "file").write_text("\n".join(plain))
    found, reading = read_profile(tmp_path / "file")
    assert list(found.columns["a"].texts.counts) == ["\U0001f600", "\\ud83d"]
    assert "1 broken line was skipped, first: line 1: JSON with half a char" in reading.notes[0]
    sides = [{"data": json.dumps([text]), "encoding": "JSON"} for text in ("\ud83d", "x")]
    lines = [{"captureData": {"endpointInput": side, "endpointOutput": sides[1]}} for side in sides]
    (tmp_path / "file").write_text("\n".join(map(json.dumps, lines)))
    assert read_profile(tmp_path / "file")[0].rows == 1


def test_a_field_that_a_list_names_too_is_refused(tmp_path):
    (tmp_path / "file").write_text('{"a_0": 1, "a": [2, 3]}\n{"a_0": 1, "a": 5}\n')
    found, reading = read_profile(tmp_path / "file")
    assert found.rows == 1 and "line 1: field 'a_0' stands in the row twice" in reading.notes[0]


def test_digits_that_no_double_holds_are_text(tmp_path):
    rows = [*map(str, range(300)), "9" * 400]
    (tmp_path / "file").write_text("\n".join(["a", *rows]))
    result = run_baseline(tmp_path / "file", tmp_path / "base")
    shape = result.statistics["features"][0]["shape"]
    assert (shape["numbers"], shape["texts"], shape["amounts"]) == (300, 1, 0)


def test_bytes_that_are_no_text_are_told_with_their_column(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": [b"\xff"]}), tmp_path / "file")
    with pytest.raises(ValueError, match=r"Column 'b': .* binary holds bytes that are no text"):
        read_profile(tmp_path / "file")
