"""Which files are read, of what kind they are, and what is said of the others."""

import bz2
import gzip
import json

import pandas as pd
import pytest

from model_monitoring.analysis.files import packed, splitting
from model_monitoring.analysis.files.jobs import read_profile, run_baseline, run_check

ROWS = b"a,b\n1,2\n3,4\n"


def put(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_what_belongs_to_the_writer_of_a_folder_is_no_data(tmp_path):
    names = ["_SUCCESS", "_committed_1", "_delta_log/0.json", ".part-0.csv.crc", ".ipynb/x.csv"]
    for name in (*names, "part-0.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(ROWS if name == "part-0.csv" else b'{"added": []}')
    found, reading = read_profile(tmp_path)
    assert (found.rows, list(found.columns), reading.notes) == (2, ["a", "b"], [])


def test_results_in_the_folder_that_is_read_are_no_data(tmp_path):
    put(tmp_path, a_dot_csv=ROWS)
    for out in (tmp_path, tmp_path / "out", tmp_path):
        assert run_baseline(tmp_path, out).rows == 2
        checked = run_check(tmp_path, tmp_path, out)
        assert (checked.rows, checked.violations) == (2, [])


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (("b.csv", ROWS), ("a.jsonl", b'{"a": 1}\n'), r"b\.csv \(CSV\) and a\.jsonl \(JSON\)"),
        (("a.csv", ROWS), ("b.parquet", b"PAR1"), r"a\.csv \(CSV\) and b\.parquet \(Parquet\)"),
        (
            ("a.jsonl", b'{"a": 1}'),
            ("b.jsonl", b'{"captureData": {}}'),
            r"a\.jsonl \(JSON\) and b\.jsonl \(capture\)",
        ),
    ],
)
def test_files_of_different_kinds_in_one_folder_are_refused_by_name(tmp_path, one, other, message):
    for name, content in (one, other):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"mixes kinds of files: {message}"):
        read_profile(tmp_path)


OTHERS = {
    "zip": (b"PK\x03\x04rest", "a zip archive or an Excel workbook"),
    "bzip2": (bz2.compress(ROWS), "compressed with bzip2"),
    "an archive": (gzip.compress(b"\0" * 600), "an archive"),
    "packed Parquet": (gzip.compress(b"PAR1rest"), "an archive"),
    "pickle": (b"\x80\x04\x95\0\0pickle", "a binary file"),
    "picture": (b"\x89PNG\r\n", "a picture"),
    "Avro": (b"Obj\x01avro", "Avro"),
    "libsvm": (b"1 0:0.5 3:2\n0 1:1\n", "libsvm"),
    "HTML": (b"<!DOCTYPE html><html>", "HTML or XML"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_kind_that_is_not_read_is_named(tmp_path, kind):
    content, what = OTHERS[kind]
    put(tmp_path, other_dot_bin=content)
    for source in (tmp_path, tmp_path / "other.bin"):
        with pytest.raises(ValueError, match=f"other.bin is {what}"):
            read_profile(source)
    put(tmp_path, rows_dot_csv=ROWS)
    found, reading = read_profile(tmp_path)
    assert found.rows == 2 and f"other.bin is {what}" in reading.notes[0]


def test_a_text_that_is_no_data_by_its_name_is_named(tmp_path):
    put(tmp_path, rows_dot_csv=ROWS, README_dot_md=b"# Data\n\nOf 2026.\n")
    found, reading = read_profile(tmp_path)
    assert list(found.columns) == ["a", "b"] and "README.md was left out" in reading.notes[0]


def test_what_looks_like_another_kind_and_is_csv(tmp_path):
    for header in ("<DATE>,<OPEN>", "[a],[b]"):
        put(tmp_path, rows_dot_csv=f"{header}\n1,2\n".encode())
        assert list(read_profile(tmp_path)[0].columns) == header.split(",")
    put(tmp_path, rows_dot_csv=b"2024-01-01 10:30\n2024-01-02 10:30\n")
    assert read_profile(tmp_path, header=False)[0].rows == 2


def test_gzip_is_read_within_bounds(tmp_path, monkeypatch):
    put(tmp_path, rows_dot_gz=gzip.compress(b"\xef\xbb\xbf" + ROWS))
    assert list(read_profile(tmp_path)[0].columns) == ["a", "b"]
    put(tmp_path, rows_dot_gz=gzip.compress(ROWS * 9)[:-10])
    with pytest.raises(ValueError, match="damaged or cut off"):
        read_profile(tmp_path)
    monkeypatch.setattr(packed, "FREE_BYTES", 1 << 16)
    put(tmp_path, rows_dot_gz=gzip.compress(b"a,b\n" + b"1,2\n" * 50_000))
    with pytest.raises(ValueError, match=r"unpacks to more than 0\.0625 MB"):
        read_profile(tmp_path)


def test_a_gzip_bomb_is_refused_before_its_rows_are_read(tmp_path, monkeypatch):
    def rows(*_):
        raise AssertionError("rows were read")

    monkeypatch.setattr(splitting.Splitter, "blocks", rows)
    path = tmp_path / "rows.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(80):
            file.write(b"1,2\n" * (1 << 18))
    with pytest.raises(
        ValueError, match="unpacks to more than 64 MB, which is too much for its si"
    ):
        read_profile(path)
    # A file that is cut off has other bytes where its size should stand
    path.write_bytes(path.read_bytes()[:100_000] + b"\xff" * 4)
    with pytest.raises(ValueError, match="damaged or cut off"):
        read_profile(path)


def test_gzip_in_several_parts_is_held_to_the_same_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "FREE_BYTES", 1 << 16)
    put(tmp_path, rows_dot_gz=gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n"))
    assert read_profile(tmp_path)[0].rows == 1
    large = gzip.compress(b"a,b\n" + b"1,2\n" * 50_000)
    put(tmp_path, rows_dot_gz=large + gzip.compress(b"1,2\n"))  # says that it holds 4 bytes
    with pytest.raises(ValueError, match="unpacks to more than"):
        read_profile(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        '[\n{"a": 1, "b": 2},\n{"a": 3, "b": 4}\n]\n',
        '[{"a": 1, "b": 2}, {"a": 3, "b": 4}]',
        '{\n "instances": [\n  {"a": 1, "b": 2},\n  {"a": 3, "b": 4}\n ]\n}',
        '{"a": [1, 3], "b": [2, 4]}',
        '{"a": {"0": 1, "1": 3}, "b": {"0": 2, "1": 4}}',
        '{"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2], [3, 4]]}',
        '{"fields": ["a", "b"], "values": [[1, 2], [3, 4]]}\n',
        '{"a": 1, "b": 2}\r\n\r\n{"a": 3, "b": 4}',
    ],
)
def test_json_is_lines_or_a_document(tmp_path, text):
    path = put(tmp_path, rows_dot_json=text.encode()) / "rows.json"
    found, reading = read_profile(path)
    assert (found.rows, list(found.columns), reading.notes) == (2, ["a", "b"], [])
    assert [column.settled().total for column in found.columns.values()] == [4, 6]


def test_a_list_that_is_no_rows_is_refused(tmp_path):
    for text, message in (
        (b"[[1, 2], [3, 4]]", "has no names"),
        (b'[{"a": 1}, ', "cannot be read as JSON"),
        (b"[1, 2", "cannot be read as JSON"),
    ):
        with pytest.raises(ValueError, match=message):
            read_profile(put(tmp_path, rows_dot_json=text))


def test_a_row_with_no_name_of_the_others_is_counted(tmp_path):
    rows = [{"a": i % 7, "b": i % 5} for i in range(300)]
    for place in (0, 150, 299):
        some = [*rows[:place], {"message": "boom"}, *rows[place:]]
        text = "".join(json.dumps(row) + "\n" for row in some)
        found, reading = read_profile(put(tmp_path, rows_dot_jsonl=text.encode()))
        assert (found.rows, list(found.columns), reading.skipped) == (300, ["a", "b"], 1)
        assert f"line {place + 1}: {{'message': 'boom'}} has no name in common" in reading.notes[0]
    # As many of one sort as of the other are rows with gaps
    text = '{"a": 1}\n{"b": 2}\n' * 20
    assert read_profile(put(tmp_path, rows_dot_jsonl=text.encode()))[0].rows == 40


def test_a_field_of_few_rows_that_the_baseline_lacks_is_left_out(tmp_path):
    rows = [{"a": i % 7, "b": i % 5} for i in range(300)]
    run_baseline(
        put(tmp_path / "in", x_dot_csv=pd.DataFrame(rows).to_csv(index=False).encode()), tmp_path
    )
    rows[200]["warning"] = "slow"
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    result = run_check(put(tmp_path / "w", x_dot_jsonl=text), tmp_path, tmp_path / "out")
    assert result.violations == [] and len(result.drift) == 2
    assert result.notes == [
        "Field 'warning' stands in 1 of 300 rows and not in the baseline: it was left out."
    ]
    aws = run_check(tmp_path / "w", tmp_path, tmp_path / "out", mode="aws")
    assert [one["constraint_check_type"] for one in aws.violations] == ["extra_column_check"]


def test_an_index_of_pandas_is_no_column(tmp_path):
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]}, index=[7, 9])
    frame.to_parquet(tmp_path / "rows.parquet")
    found, reading = read_profile(tmp_path)
    assert list(found.columns) == ["a", "b"] and "pandas' index" in reading.notes[0]
    frame.rename_axis("id").to_parquet(tmp_path / "rows.parquet")
    assert set(read_profile(tmp_path)[0].columns) == {"a", "b", "id"}
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(ValueError, match=r"rows\.parquet cannot be read as Parquet"):
        read_profile(tmp_path)
