"""Files are read as they are or refused with a reason; skipped rows are counted and reported."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.analysis.files import csv_files
from model_monitoring.analysis.files.jobs import read_profile, run_baseline, run_check


def put(tmp_path, content, name="data.csv"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def kinds(found):
    return {name: column.inferred_type for name, column in found.columns.items()}


def test_csv_with_and_without_header(tmp_path):
    found, _ = read_profile(put(tmp_path, '\ufeffa,b c,d\r\n1,x,\r\n2,"y, z",3.5\r\n'))
    assert kinds(found) == {"a": "Integral", "b c": "String", "d": "Fractional"}
    assert (
        found.columns["b c"].categories == {"x": 1, "y, z": 1} and found.columns["d"].missing == 1
    )
    found, reading = read_profile(put(tmp_path, "1,x\n2,y"), header=False)
    assert (
        kinds(found) == {"_c0": "Integral", "_c1": "String"}
        and found.rows == 2
        and not reading.notes
    )


def test_blocks_end_at_line_ends(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=5000),
            "n": rng.integers(0, 9, 5000),
            "t": rng.choice(["a", "bb"], 5000),
        }
    )
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    expected = profile(frame).statistics()
    for size in (100, 4097, path.stat().st_size, 10**7):
        monkeypatch.setattr(csv_files, "_BLOCK_BYTES", size)
        assert read_profile(path)[0].statistics() == expected


def test_json_lines(tmp_path):
    lines = ['{"a": 1, "b": 1.0, "c": "x", "d": true}', '{"a": 2, "c": null, "e": [1, 2]}']
    found, _ = read_profile(put(tmp_path, "\n".join(lines), "rows.jsonl"))
    assert kinds(found) == {
        **{
            "a": "Integral",
            "b": "Fractional",
            "c": "String",
            "d": "String",
            "e_0": "Integral",
            "e_1": "Integral",
        }
    }
    assert (found.rows, found.columns["b"].missing, found.columns["e_0"].missing) == (2, 1, 1)


def test_parquet(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", "1"], "d": [True, False]})
    frame.to_parquet(tmp_path / "rows.parquet")
    found, _ = read_profile(tmp_path / "rows.parquet")
    assert kinds(found) == {"a": "Integral", "b": "Fractional", "c": "String", "d": "String"}
    assert found.statistics() == profile(frame).statistics()


def test_a_folder_is_read_in_order_of_name(tmp_path):
    put(tmp_path, "x\n1\n", "day/01/part-0.csv")
    put(tmp_path, "x\n2\n", "day/02/part-0.csv")
    put(tmp_path, "", "day/_SUCCESS")
    (tmp_path / "day/03.csv.gz").write_bytes(gzip.compress(b"x\n3\n"))
    found, _ = read_profile(tmp_path / "day")
    assert found.columns["x"].settled().sketch.levels[0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no data|is empty"),
        ("  \n", "is empty"),
        ("a,b\n", "holds no rows"),
        ("a;b\n1;2\n", "separated by ';'"),
        ("a\tb\n1\t2\n", r"separated by '\\t'"),
        ("1.5,2\n3,4\n", "has no header.*--no-header"),
        ("a,a\n1,2\n", r"more than once in its header: \['a'\]"),
        ("a,\n1,2\n", "column without a name"),
        ("n\u00e4me,b\n1,2\n".encode("latin-1"), "not UTF-8"),
        ("a,b\n\u00e4,2\n".encode("latin-1"), "not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"\x1f\x8b\x08rest", "gzip"),
        ('{"a": [[1]]}\n' * 2, "line 1: field 'a' holds a list of lists"),
        ('{"a": 1\n{"a"\n', "holds no rows.*2 broken lines"),
    ],
)
def test_the_error_says_why_a_file_cannot_be_read(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_profile(put(tmp_path, content))


def test_latin_1_is_refused_without_a_header_too(tmp_path):
    with pytest.raises(ValueError, match="is not UTF-8"):
        read_profile(put(tmp_path, "a,b\n1,\u00e4\n".encode("latin-1"), "d.csv"), header=False)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no data"):
        read_profile(tmp_path)


def test_rows_and_lines_that_are_broken_are_skipped_and_counted(tmp_path):
    found, reading = read_profile(put(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8\n"))
    assert found.rows == 2 and reading.skipped == 2
    assert reading.notes == [
        "data.csv: 2 rows were skipped for having another number of columns than 2, first: '3'."
    ]
    found, reading = read_profile(put(tmp_path, '{"a": 1}\n{"a": 2', "cut.jsonl"))
    assert found.rows == 1 and reading.notes == [
        "cut.jsonl: 1 broken line was skipped, first: line 2: "
        "Expecting ',' delimiter: line 1 column 8 (char 7)."
    ]


def test_a_header_read_as_data_is_noticed(tmp_path):
    _, reading = read_profile(put(tmp_path, "age,city\n41,Rome\n"), header=False)
    assert "looks like a header" in reading.notes[0]


def test_a_baseline_says_why_a_column_is_a_string(tmp_path):
    result = run_baseline(put(tmp_path, "x\n1\n2\n3\ninf\n"), tmp_path / "out")
    assert result.notes == ["x is a String column because of 1 cell such as ['inf']."]


def test_nothing_is_written_when_the_window_is_empty(tmp_path):
    run_baseline(put(tmp_path, "x\n1\n"), tmp_path / "base")
    with pytest.raises(ValueError, match="holds no rows"):
        run_check(put(tmp_path, "x\n"), tmp_path / "base", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_baseline_without_statistics_still_checks_the_rest(tmp_path):
    run_baseline(put(tmp_path, "x\n1\n"), tmp_path / "base")
    (tmp_path / "base" / "statistics.json").unlink()
    result = run_check(put(tmp_path, "x\n1.5\n"), tmp_path / "base", tmp_path / "out")
    assert [v["constraint_check_type"] for v in result.violations] == ["data_type_check"]
    assert "drift was not checked" in result.notes[0]
    assert json.loads((tmp_path / "out/constraint_violations.json").read_text()) == {
        "violations": result.violations
    }
