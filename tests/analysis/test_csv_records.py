"""A CSV file is cut between its records and nowhere else, and what would shift its cells is
refused.
"""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_monitoring.analysis.files import csv_files
from model_monitoring.analysis.files.jobs import read_profile, run_baseline, run_check
from model_monitoring.analysis.files.readers import read_chunks
from model_monitoring.analysis.files.reading import Reading


def rows_of(path, **options):
    reading, rows = Reading(), []
    for chunk in read_chunks(path, reading, **options):
        rows += zip(*(column.to_pylist() for column in chunk.values()), strict=True)
    return rows, reading


def put(tmp_path, text):
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode())
    return path


def test_quoted_line_ends_in_a_file_of_several_blocks(tmp_path):
    text = "id,comment,amount\n" + "".join(
        f'{i},"line one {i}\nline, two{"x" * 190}",{i % 7}\n' for i in range(60_000)
    )
    found, reading = read_profile(put(tmp_path, text))
    assert len(text) > 12_000_000 and reading.notes == []
    kinds = [column.inferred_type for column in found.columns.values()]
    assert (found.rows, kinds) == (60_000, ["Integral", "String", "Integral"])
    assert found.columns["amount"].settled().total == sum(i % 7 for i in range(60_000))


def test_a_record_longer_than_a_block(tmp_path):
    long, lines = "y" * 20_000_000, "z\n" * 1_500_000
    text = f'a,b\n1,{long}\n2,"{lines}"\n3,x\n'
    rows, _ = rows_of(put(tmp_path, text))
    assert [(a, len(b)) for a, b in rows] == [("1", 20_000_000), ("2", 3_000_000), ("3", 1)]


CELLS = st.text(st.sampled_from('a1,"\n\u2028\x0c\x85é '), max_size=5)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12),
    size=st.integers(1, 60),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_rows_are_the_same_however_blocks_are_cut(tmp_path, rows, size, quoting, end):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=end).writerows([("x", "y", "z"), *rows])
    path = put(tmp_path, text.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_files, "_BLOCK_BYTES", size)
        found, reading = rows_of(path)
    assert found == [tuple(cell or None for cell in row) for row in rows]
    assert reading.notes == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a,b\n1,"x\n2,y\n3,z\n', "line 2: a quote opens a cell here and is never closed"),
        ('a,b\n1,x\n2,"x\n2,y\n3,"z\n4,w\n', r"line 3: the quoted cell .* followed by 'z"),
        ('a,b\n1,x\n2,"x"y\n', "line 3: the quoted cell that opens here is followed by 'y"),
        ('a,"b\n1,2\n', "line 1: a quote opens a cell here and is never closed"),
        ('a,b\n1,5" x\n2,"y\n', "line 3: a quote opens"),
    ],
)
def test_a_quote_too_many_or_too_few_is_refused_with_its_line(tmp_path, text, message):
    path = put(tmp_path, text)
    for size in (1 << 23, 8):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_files, "_BLOCK_BYTES", size)
            with pytest.raises(ValueError, match=message):
                rows_of(path)


def test_a_quote_inside_a_cell_is_a_character_and_noted(tmp_path):
    text = 'size,colour\n1,red\n5" pipe,"blue\nand ""green"""\n7\' 2",x\n'
    rows, reading = rows_of(put(tmp_path, text))
    assert rows == [("1", "red"), ('5" pipe', 'blue\nand "green"'), ("7' 2\"", "x")]
    assert reading.notes == [
        "rows.csv: a quote inside a cell that isn't quoted was read as it is, first in line 3."
    ]


def test_a_header_of_numbers(tmp_path):
    path = put(tmp_path, "0,1,2\n" + "5,6,7\n" * 10)
    rows, reading = rows_of(path)
    assert (len(rows), list(reading.fields)) == (10, ["0", "1", "2"])
    rows, reading = rows_of(path, header=False)
    assert len(rows) == 10 and "header of numbers as pandas writes it" in reading.notes[0]
    # Of two columns it may be data
    rows, reading = rows_of(put(tmp_path, "0,1\n5,6\n"), header=False)
    assert len(rows) == 2 and "looks like a header" in reading.notes[0]
    rows, _ = rows_of(put(tmp_path, "0,1\n5,6.5\n"), header=False)
    assert len(rows) == 1
    with pytest.raises(ValueError, match=r"has no header: .*give the columns others"):
        rows_of(put(tmp_path, "3,1,2\n5,6,7\n"))


def test_an_index_in_the_header_says_how_to_leave_it_out(tmp_path):
    with pytest.raises(ValueError, match=r"index, as pandas writes it: use to_csv\(index=False\)"):
        rows_of(put(tmp_path, ",a,b\n0,1,2\n"))


def test_files_of_other_columns_are_told(tmp_path):
    for name, text in (("1.csv", "a,b\n1,2\n"), ("2.csv", "b,c\n2,3\n")):
        (tmp_path / name).write_text(text)
    _, reading = rows_of(tmp_path)
    assert reading.notes == [
        "2.csv has other columns than the files before: without ['a'], with ['c'] beside."
    ]
    (tmp_path / "2.csv").write_text("7,8,9\n")
    with pytest.raises(ValueError, match=r"2\.csv has 3 columns, but the files before it have 2"):
        rows_of(tmp_path, header=False)


def test_columns_named_like_captured_ones_stay_columns_of_a_file(tmp_path):
    names = ["_income", "_out0", "_label", "_c0"]
    lines = [",".join(f"{i % (place + 9)}" for place in range(4)) for i in range(200)]
    base = run_baseline(put(tmp_path, "\n".join([",".join(names), *lines]) + "\n"), tmp_path / "b")
    assert [one["name"] for one in base.statistics["features"]] == names and base.notes == []
    lines = [",".join(line.split(",")[::-1]) for line in lines]
    window = put(tmp_path, "\n".join([",".join(names[::-1]), *lines]) + "\n")
    result = run_check(window, tmp_path / "b", tmp_path / "out")
    assert result.violations == [] and not result.drift["drifted"].any()
    assert "were matched by name" in result.notes[0]


@pytest.mark.parametrize("text", ["a,b\r1,2\r3,4\r", "a,b\r1,2\r\n3,4\n", '"a",b\r"1",2\r3,4'])
def test_a_carriage_return_alone_ends_the_header_as_it_ends_rows(tmp_path, text):
    rows, reading = rows_of(put(tmp_path, text))
    assert rows == [("1", "2"), ("3", "4")] and list(reading.fields) == ["a", "b"]


def test_a_quoted_line_end_across_the_parts_that_arrow_parses_is_kept(tmp_path):
    part, row = 1 << 20, '1,"x\r\ny"\r\n'
    head = "a,b\n"
    for shift in (-1, 0, 1):
        filling = "z" * (part + shift - len('7,\n1,"x\r'))
        rows, _ = rows_of(put(tmp_path, f"{head}7,{filling}\n{row}{row}"))
        assert rows[1:] == [("1", "x\r\ny")] * 2 and rows[0] == ("7", filling)
