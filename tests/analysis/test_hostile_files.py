"""Any file is profiled or refused with a ValueError; the findings of fuzzing are kept as cases."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.analysis.files.jobs import read_profile

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
