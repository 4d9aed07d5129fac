"""A column of any type of Parquet, or of pandas, is read as CSV would have it, or refused."""

import datetime
import decimal
import json
import subprocess
import sys
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model_monitoring.analysis.data_quality.celltypes import cells
from model_monitoring.analysis.files.jobs import read_profile, run_baseline

PERIODS = pd.Series(pd.period_range("2026-01", periods=3, freq="M"))
IDS = [uuid.UUID(int=2**127 + n) for n in range(3)]
HOURS = [datetime.timedelta(hours=n) for n in (1, 2, 3)]
# Each: what Parquet holds, and the numbers or texts of its cells
READ = {
    "periods": (PERIODS, ["2026-01", "2026-02", "2026-03"]),
    "days": (pd.Series(pd.period_range("2026-01-01", periods=2)), ["2026-01-01", "2026-01-02"]),
    "intervals": (pd.Series(pd.interval_range(0, 2)), ["(0, 1]", "(1, 2]"]),
    "durations": (pa.array(HOURS, pa.duration("ms")), [3600.0, 7200.0, 10800.0]),
    "decimals": (pa.array([decimal.Decimal("1.50"), None], pa.decimal128(9, 2)), [1.5]),
    "wide decimals": (pa.array([decimal.Decimal("-2.5")], pa.decimal256(50, 1)), [-2.5]),
    "whole decimals": (pa.array([decimal.Decimal(7)], pa.decimal128(9, 0)), [7.0]),
    "words": (pa.array(["a", "b", None, "a"]).dictionary_encode(), ["a", "b", "a"]),
    "numbered": (pa.array([3, 1, None, 3]).dictionary_encode(), [3.0, 1.0, 3.0]),
    "bytes": (pa.array([b"ab", "ü".encode()]), ["ab", "ü"]),
    "days of 64 bits": (pa.array([datetime.date(2026, 1, 1)], pa.date64()), ["2026-01-01"]),
    "booleans": (pa.array([True, False, None]), ["true", "false"]),
    "half floats": (pa.array(np.array([0.1], np.float16)), [0.1]),
    "nothing": (pa.nulls(3), []),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.parquet"


def write(path, values):
    if isinstance(values, pd.Series):
        values.to_frame("x").to_parquet(path, index=False)
    else:
        pq.write_table(pa.table({"x": values}), path)


def found(values):
    read = cells(values)
    return read.numbers.tolist() or read.texts.to_pylist()


@pytest.mark.parametrize("name", READ)
def test_types_of_parquet(path, name):
    values, expected = READ[name]
    assert found(values) == expected
    write(path, values)
    assert found(pq.read_table(path)["x"]) == expected
    column = read_profile(path)[0].columns["x"]
    assert column.integral + column.fractional + column.boolean + column.text == len(expected)
    assert column.missing == len(values) - len(expected)


def test_categories_that_arrow_does_not_write():
    assert found(PERIODS.astype("category")) == ["2026-01", "2026-02", "2026-03"]
    binned = pd.cut(pd.Series([1.0, 2.0, 9.0, None]), [0, 5, 10])
    assert found(binned) == ["(0, 5]", "(0, 5]", "(5, 10]"]


def test_periods_are_no_numbers_in_a_program_that_has_not_used_any(path, tmp_path):
    """Only once pandas has told Arrow of them does Parquet hold more than a count of months."""
    write(path, PERIODS)
    command = [sys.executable, "-m", "model_monitoring.analysis", "baseline", path]
    subprocess.run([*command, "--out", tmp_path / "out"], check=True)
    statistics = json.loads((tmp_path / "out/statistics.json").read_text())
    assert statistics == run_baseline([path], tmp_path / "here").statistics
    assert statistics["features"][0]["inferred_type"] == "String"


@pytest.mark.skipif(not hasattr(pa, "bool8"), reason="this pyarrow has no such types")
def test_arrows_own_extensions(path):
    ids = pa.array([one.bytes for one in IDS], pa.uuid())
    assert found(ids) == found(pd.Series(IDS)) == list(map(str, IDS))
    assert found(pa.array([1, 0, None], pa.bool8())) == ["true", "false"]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1.0, 2.0], [3.0]]),
        pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2)),
        pa.array([{"x": 1}]),
        pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    ],
)
def test_nested_types_are_refused_with_what_to_do(path, values):
    write(path, values)
    with pytest.raises(ValueError, match=r"Column 'x': a column of type .*: flatten it first"):
        read_profile(path)


@pytest.mark.parametrize("values", [pa.array([b"\xff"]), pd.Series([b"\xff"])])
def test_bytes_that_are_no_text_are_refused(values):
    with pytest.raises(ValueError, match=r"bytes.* that are no text"):
        cells(values)
