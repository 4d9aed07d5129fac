"""The same rows are the same data, by whichever route they come."""

import base64
import csv
import datetime
import gzip
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_monitoring.analysis.data_quality.comparison import compare
from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.analysis.files.jobs import run_baseline, run_check

few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\u2028\x85\x0c\x0b\"',"),
    min_size=1,
    max_size=8,
)
NAMES = ["size", "count", "flag", "note", "_income"]
ROWS = st.lists(
    st.tuples(
        st.none() | st.floats(-1e6, 1e6, width=32).map(lambda x: round(x, 3) + 0.0),
        st.integers(-(2**62), 2**62) | st.integers(0, 9),
        st.booleans(),
        st.none() | TEXTS,
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=60,
)


def text(value):
    return "" if value is None else str(value)


def csv_text(rows, header=()):
    out = io.StringIO(newline="")
    csv.writer(out).writerows([*([header] if header else []), *(map(text, row) for row in rows)])
    return out.getvalue()


def captured(rows, side):
    return "".join(
        json.dumps(
            {
                "captureData": {
                    "endpointInput": side(row),
                    "endpointOutput": {
                        "observedContentType": "application/json",
                        "mode": "OUTPUT",
                        "data": '{"predictions": [{"score": 0.5}]}',
                        "encoding": "JSON",
                    },
                },
                "eventMetadata": {"eventId": str(number)},
            },
            ensure_ascii=False,
        )
        + "\n"
        for number, row in enumerate(rows)
    ).encode()


def as_csv(row):
    return {"observedContentType": "text/csv", "data": csv_text([row]), "encoding": "CSV"}


def as_json(row, wrap=lambda named: named):
    data = json.dumps(wrap(dict(zip(NAMES, row, strict=True))))
    return {"observedContentType": "application/json", "data": data, "encoding": "JSON"}


def packed(side):
    data = base64.b64encode(side["data"].encode()).decode()
    return side | {"data": data, "encoding": "BASE64"}


def parquet(rows):
    out = io.BytesIO()
    frame = pd.DataFrame(rows, columns=NAMES)
    frame = frame.astype({"size": float, "note": object})
    frame.to_parquet(out)
    return out.getvalue()


def json_lines(rows):
    named = (dict(zip(NAMES, row, strict=True)) for row in rows)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in named).encode()


def a_list(rows):
    named = [dict(zip(NAMES, row, strict=True)) for row in rows]
    return json.dumps(named, indent=1).encode()


ROUTES = {
    "csv": lambda rows: csv_text(rows, NAMES).encode(),
    "csv.gz": lambda rows: gzip.compress(csv_text(rows, NAMES).encode()),
    "parquet": parquet,
    "jsonl": json_lines,
    "jsonl.gz": lambda rows: gzip.compress(json_lines(rows)),
    "json": a_list,
    "captured csv": lambda rows: captured(rows, as_csv),
    "captured csv, base64": lambda rows: captured(rows, lambda row: packed(as_csv(row))),
    "captured json": lambda rows: captured(rows, as_json),
    "captured json, nested": lambda rows: captured(
        rows, lambda row: as_json(row, lambda named: {"instances": [named]})
    ),
    "captured json, by column": lambda rows: captured(
        rows, lambda row: as_json(row, lambda named: {n: [v] for n, v in named.items()})
    ),
    "captured json, base64": lambda rows: captured(rows, lambda row: packed(as_json(row))),
}


def plain(statistics):
    """Statistics but for how booleans are written, in the order of the names."""
    text = json.dumps(sorted(statistics["features"], key=lambda feature: feature["name"]))
    found = json.loads(text.replace('"True"', '"true"').replace('"False"', '"false"'))
    for feature in found:
        feature.pop("shape", None)
        buckets = feature.get("string_statistics", {}).get("distribution", {}).get("categorical")
        if buckets:
            buckets["buckets"].sort(key=lambda bucket: bucket["value"])
    return found


@few
@given(rows=ROWS)
def test_every_pair_of_routes_has_the_same_statistics_and_no_drift(tmp_path, rows):
    rows = [(*row[:4], 10 * row[4]) for row in rows] * 3  # enough to be held against each other
    shutil.rmtree(tmp_path, ignore_errors=True)
    tmp_path.mkdir()
    first = None
    for name, write in ROUTES.items():
        file = tmp_path / f"{name.replace(' ', '_')}.data"
        file.write_bytes(write(rows))
        base = tmp_path / f"base of {name}"
        result = run_baseline(file, base)
        if name.startswith("captured"):
            if first is not None:  # its columns are numbered, or the output stands among them
                checked = run_check(file, first[1], tmp_path / "out")
                assert checked.violations == [], name
                assert plain(checked.statistics) == plain(first[0]), name
                assert not checked.drift["drifted"].any()
            continue
        assert result.rows == len(rows), name
        if first is None:
            first = result.statistics, base
        assert plain(result.statistics) == plain(first[0]), name
        for one, other in ((file, first[1]), (tmp_path / "csv.data", base)):
            checked = run_check(one, other, tmp_path / "out")
            assert checked.violations == [], name
            assert not checked.drift["drifted"].any(), name


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_narrow_float_is_the_number_that_was_written(tmp_path, dtype):
    numbers = np.array([0.1, 0.2, 0.3, 0.7, 1e-3, 3.14, 2048.0, -0.5] * 100, dtype)
    wide = pd.DataFrame({"x": [float(str(number)) for number in numbers]})
    wide.to_csv(tmp_path / "wide.csv", index=False)
    narrow = pd.DataFrame({"x": numbers})
    if dtype == "float32":
        narrow.to_parquet(tmp_path / "narrow.parquet")
        run_baseline(tmp_path / "wide.csv", tmp_path / "base")
        result = run_check(tmp_path / "narrow.parquet", tmp_path / "base", tmp_path / "out")
        assert result.violations == [] and result.drift["psi"].tolist() == [0.0]
    assert profile(narrow).statistics() == profile(wide).statistics()
    assert compare(wide, narrow)["linf"].tolist() == [0.0]
    assert compare(narrow, wide)["psi"].tolist() == [0.0]


@pytest.mark.parametrize(
    "times",
    [
        ["2024-03-01", "2024-03-02"],
        ["2024-03-01 10:00", "2024-03-02"],
        ["2024-03-01 10:00:00.5", "2024-03-02"],
        ["2024-03-01 10:00:00.000001", "1969-03-02"],
        ["2024-03-01T10:00:00+01:00", "2024-03-02T00:00:00+01:00"],
    ],
)
def test_times_are_written_as_in_csv(tmp_path, times):
    frame = pd.DataFrame({"t": pd.to_datetime(times * 40, format="ISO8601"), "x": range(80)})
    frame.loc[3, "t"] = pd.NaT
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    expected = run_baseline(tmp_path / "rows.csv", tmp_path / "base").statistics
    result = run_check(tmp_path / "rows.parquet", tmp_path / "base", tmp_path / "out")
    assert result.violations == [] and plain(result.statistics) == plain(expected)
    assert plain(profile(frame).statistics()) == plain(expected)


def test_whole_numbers_beyond_2_to_53_are_told_apart(tmp_path):
    ids = [2**53 + i for i in range(300)] + [-(2**53) - i for i in range(1, 301)]
    frame = pd.DataFrame({"id": ids, "wide": [10**30 + i for i in range(600)]})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame[["id"]].to_parquet(tmp_path / "rows.parquet")
    from_csv = run_baseline(tmp_path / "rows.csv", tmp_path / "a").statistics["features"]
    from_parquet = run_baseline(tmp_path / "rows.parquet", tmp_path / "b").statistics["features"]
    for feature in (*from_csv, *from_parquet):
        assert feature["numerical_statistics"]["approximate_num_distinct_values"] == 600
    both = profile({"id": np.array(ids)})
    both.merge(profile({"id": pd.Series(ids).astype(str)}))
    assert both.columns["id"].settled().distinct.count() == 600


def test_booleans_of_any_case_are_the_same_except_in_mode_aws(tmp_path):
    flags = [number % 3 == 0 for number in range(300)]
    written = {"python.csv": str, "spark.csv": lambda flag: str(flag).lower()}
    written["excel.csv"] = lambda flag: str(flag).upper()
    for name, write in written.items():
        (tmp_path / name).write_text("flag\n" + "".join(f"{write(flag)}\n" for flag in flags))
    for one in written:
        run_baseline(tmp_path / one, tmp_path / "base")
        for other in written:
            check = run_check(tmp_path / other, tmp_path / "base", tmp_path / "out")
            assert check.violations == [], (one, other)
    aws = run_check(tmp_path / "spark.csv", tmp_path / "base", tmp_path / "out", mode="aws")
    assert [v["constraint_check_type"] for v in aws.violations] == [
        "categorical_values_check",
        "baseline_drift_check",
    ]


def test_columns_named_0_and_zero_as_text_are_one_name():
    with pytest.raises(ValueError, match="found more than once"):
        profile(pd.DataFrame({0: [1], "0": [2]}))


def test_categories_of_any_kind_are_read_as_their_values(tmp_path):
    frame = pd.DataFrame({"n": pd.Categorical([3, 4] * 50), "t": pd.Categorical(["x", "y"] * 50)})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    expected = plain(run_baseline(tmp_path / "rows.csv", tmp_path / "a").statistics)
    assert plain(run_baseline(tmp_path / "rows.parquet", tmp_path / "b").statistics) == expected
    assert plain(profile(frame).statistics()) == expected
    assert Path(tmp_path / "a" / "constraints.json").exists()


def test_times_of_day_are_written_as_in_csv(tmp_path):
    times = [datetime.time(9, 30), datetime.time(9, 30, 0, 500_000), None]
    frame = pd.DataFrame({"t": times * 40})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    expected = run_baseline(tmp_path / "rows.csv", tmp_path / "base").statistics
    for unit in ("us", "ns"):
        table = pa.table({"t": pa.array(times * 40, pa.time64(unit))})
        pq.write_table(table, tmp_path / "rows.parquet")
        result = run_check(tmp_path / "rows.parquet", tmp_path / "base", tmp_path / "out")
        assert result.violations == [] and plain(result.statistics) == plain(expected)
    assert plain(profile(frame).statistics()) == plain(expected)


def test_durations_are_seconds_whatever_their_unit(tmp_path):
    frame = pd.DataFrame({"d": pd.to_timedelta([90.5, 60, None] * 40, unit="s")})
    pq.write_table(
        pa.table({"d": pa.array(frame["d"]).cast(pa.duration("ms"))}), tmp_path / "rows.parquet"
    )
    result = run_baseline(tmp_path / "rows.parquet", tmp_path / "base")
    found = result.statistics["features"][0]["numerical_statistics"]
    assert (found["mean"], found["common"]["num_missing"]) == (75.25, 40)
    assert profile(frame).statistics() == result.profile.statistics()
