"""What pandas writes as JSON is read as the frame that it was, in each orient, or refused."""

import io
import json

import pandas as pd
import pytest

from model_monitoring.analysis.files import bodies
from model_monitoring.analysis.files.jobs import read_profile
from model_monitoring.analysis.files.readers import read_chunks
from model_monitoring.analysis.files.reading import Reading

ROWS = [{"a": 1.5, "b": "x"}, {"a": 2.5, "b": None}, {"a": -3.0, "b": "z"}]
INDEXES = {
    "counted": None,
    "shuffled": [7, -3, 5],
    "with fractions": [0.5, 1.5, 2.5],
    "times": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
}
ORIENTS = ("split", "records", "index", "columns", "table")


def written(orient, index=None, count=3, columns=("a", "b"), **options):
    frame = pd.DataFrame(ROWS[:count], index=None if index is None else index[:count])
    options = {"date_format": "iso"} | options
    return frame[list(columns)].to_json(orient=orient, **options)


def from_file(tmp_path, text):
    path = tmp_path / "rows.json"
    path.write_text(text)
    found = {}
    for columns in read_chunks(path, Reading()):
        found |= {name: values.to_pylist() for name, values in columns.items()}
    return found


@pytest.mark.parametrize("index", INDEXES)
@pytest.mark.parametrize("orient", ORIENTS)
def test_each_orient(tmp_path, orient, index):
    text = written(orient, INDEXES[index])
    assert bodies.read_rows("JSON", text) == ROWS
    columns = from_file(tmp_path, text)
    assert columns == {"a": ["1.5", "2.5", "-3.0"], "b": ["x", None, "z"]}
    indented = written(orient, INDEXES[index], indent=2)
    assert from_file(tmp_path, indented) == columns


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize(("count", "columns"), [(1, ["a", "b"]), (3, ["a"]), (1, ["a"])])
def test_frames_of_one_row_or_column(tmp_path, orient, count, columns):
    text = written(orient, count=count, columns=columns)
    expected = [{name: row[name] for name in columns} for row in ROWS[:count]]
    assert bodies.read_rows("JSON", text) == expected
    assert list(from_file(tmp_path, text)) == columns


def test_a_named_index_is_data_in_a_table_as_in_csv():
    frame = pd.DataFrame(ROWS, index=pd.Index(["p", "q", "r"], name="id"))
    rows = bodies.read_rows("JSON", frame.to_json(orient="table"))
    assert rows == [{"id": name} | row for name, row in zip("pqr", ROWS, strict=True)]
    expected = pd.read_csv(io.StringIO(frame.to_csv()))
    assert list(rows[0]) == list(expected.columns)


def test_series():
    series = pd.Series([1.5, 2.5], name="a")
    for orient in ("split", "table"):
        rows = bodies.read_rows("JSON", series.to_json(orient=orient))
        assert rows == [{"a": 1.5}, {"a": 2.5}]


def test_columns_named_by_digits(tmp_path):
    """Names and index can't be told from each other, but the answers say how many rows there are."""
    frame = pd.DataFrame([[1.5, 2.5], [3.5, 4.5], [5.5, 6.5]])
    rows = [{"0": a, "1": b} for a, b in frame.values.tolist()]
    for orient in ("split", "records", "table"):
        assert bodies.read_rows("JSON", frame.to_json(orient=orient)) == rows
    for orient in ("index", "columns"):
        text = frame.to_json(orient=orient)
        asked, _ = bodies.read_exchange(("JSON", text), ("JSON", "[1, 2, 3]"))
        assert asked == rows
        with pytest.raises(ValueError, match=r"isn't clear which.*orient='records' or 'split'"):
            from_file(tmp_path, text)


@pytest.mark.parametrize("orient", ["index", "columns"])
def test_a_file_by_an_index_of_text_is_refused(tmp_path, orient):
    text = written(orient, ["p", "q", "r"])
    with pytest.raises(ValueError, match=r"rows\.json cannot .* isn't clear which of the two name"):
        from_file(tmp_path, text)


def test_rows_of_objects_stay_rows(tmp_path):
    row = {"home": {"lat": 1, "lon": 2}, "work": {"lat": 3, "lon": 4}}
    flat = {"home.lat": 1, "home.lon": 2, "work.lat": 3, "work.lon": 4}
    assert bodies.read_rows("JSON", json.dumps(row)) == [flat]
    assert list(from_file(tmp_path, f"{json.dumps(row)}\n{json.dumps(row)}\n")) == list(flat)


def test_columns_whose_indexes_are_in_another_order():
    text = '{"a": {"0": 1, "1": 2}, "b": {"1": "y", "0": "x"}}'
    assert bodies.read_rows("JSON", text) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_values_have_no_names(tmp_path):
    assert bodies.read_rows("JSON", written("values")) == [list(row.values()) for row in ROWS]
    (tmp_path / "values.json").write_text(written("values"))
    with pytest.raises(ValueError, match="has no names: a row is an object"):
        read_profile(tmp_path / "values.json")
    with pytest.raises(ValueError, match="a table of pandas whose data is no list of objects"):
        bodies.read_rows("JSON", '{"schema": {"fields": []}, "data": [1]}')
