"""Bodies, a request's and an answer's, become the same rows whatever form they come in."""

import base64
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model_monitoring.analysis.files import bodies

ROWS = [[1.5, "x"], [2.5, "y"]]
NAMED = [{"a": 1.5, "b": "x"}, {"a": 2.5, "b": "y"}]
BY_PLACE = {
    "lists": ROWS,
    "instances": {"instances": ROWS},
    "instances, beside other keys": {"signature_name": "serving_default", "instances": ROWS},
    "short": {"instances": [{"features": row} for row in ROWS]},
    "long": {"instances": [{"data": {"features": {"values": row}}} for row in ROWS]},
    "inputs": {"inputs": ROWS, "params": {"n": 1}},
    "outputs": {"outputs": ROWS},
    "predictions": {"predictions": ROWS},
    "features of lists": {"features": ROWS},
    "data": {"data": ROWS},
}
TABLE = {"fields": ["a", "b"], "values": ROWS}
BY_NAME = {
    "objects": NAMED,
    "instances": {"instances": NAMED},
    "by column": {"a": [1.5, 2.5], "b": ["x", "y"]},
    "by column within instances": {"instances": {"a": [1.5, 2.5], "b": ["x", "y"]}},
    "pandas by column": {"a": {"0": 1.5, "1": 2.5}, "b": {"0": "x", "1": "y"}},
    "fields and values": TABLE,
    "OpenScale's request": {"input_data": [TABLE]},
    "OpenScale's answer": {"predictions": [TABLE]},
    "pandas split": {"columns": ["a", "b"], "index": [0, 1], "data": ROWS},
    "MLflow split": {"dataframe_split": {"columns": ["a", "b"], "data": ROWS}},
    "MLflow records": {"dataframe_records": NAMED},
    "MLflow inputs": {"inputs": {"a": [1.5, 2.5], "b": ["x", "y"]}},
    "TensorFlow outputs": {"outputs": {"a": [1.5, 2.5], "b": ["x", "y"]}},
    "KServe tensors": {
        "id": "7",
        "inputs": [
            {"name": "a", "shape": [2, 1], "datatype": "FP64", "data": [1.5, 2.5]},
            {"name": "b", "shape": [2], "datatype": "BYTES", "data": ["x", "y"]},
        ],
    },
    "batch transform": [{"id": n, "SageMakerOutput": row} for n, row in enumerate(NAMED)],
}


@pytest.mark.parametrize("form", BY_PLACE)
def test_rows_by_place(form):
    assert bodies.read_rows("JSON", json.dumps(BY_PLACE[form])) == ROWS


@pytest.mark.parametrize("form", BY_NAME)
def test_rows_by_name(form):
    assert bodies.read_rows("JSON", json.dumps(BY_NAME[form])) == NAMED


def test_a_line_of_json_is_a_row():
    for rows, expected in (
        (NAMED, NAMED),
        (ROWS, ROWS),
        ([{"features": row} for row in ROWS], ROWS),
        ([{"data": {"features": {"values": row}}} for row in ROWS], ROWS),
        ([{"instances": [row]} for row in ROWS], ROWS),
        ([0.1, 0.9], [[0.1], [0.9]]),
    ):
        text = "\n".join(map(json.dumps, rows)) + "\r\n\n"
        assert bodies.read_rows("JSON", text) == expected


def test_objects_within_a_row_are_taken_apart():
    (row,) = bodies.read_rows("JSON", '{"who": {"age": 4, "home": {"city": "Rome"}}, "p": [1, 2]}')
    assert row == {"who.age": 4, "who.home.city": "Rome", "p": [1, 2]}
    with pytest.raises(ValueError, match=r"'a\.b' stands in the row twice"):
        bodies.read_rows("JSON", '{"a.b": 1, "a": {"b": 2}}')


def test_a_sparse_row_has_its_zeros():
    row = {"data": {"features": {"keys": [1, 3], "shape": [5], "values": [7, 8.5]}}}
    text = json.dumps({"instances": [row]})
    assert bodies.read_rows("JSON", text) == [[0, 7, 0, 8.5, 0]]
    assert bodies.read_rows("JSON", text, str) == [["0", "7", "0", "8.5", "0"]]
    for features in ({"keys": [5]}, {"keys": [-1]}, {"shape": [10**9]}, {"shape": [2, 2]}):
        broken = {"keys": [1], "shape": [5], "values": [1]} | features
        with pytest.raises(ValueError, match=r"sparse|unknown form|unpack"):
            bodies.read_rows("JSON", json.dumps({"data": {"features": broken}}))


def test_csv_keeps_what_a_cell_holds():
    text = '1,"a\nb",c\u2028d\r\n2,"say ""hi""",e\x0cf\x0bg\x85h\n'
    assert bodies.read_rows("CSV", text) == [
        ["1", "a\nb", "c\u2028d"],
        ["2", 'say "hi"', "e\x0cf\x0bg\x85h"],
    ]


@pytest.mark.parametrize("text", ['1,"x\n2,y\n', '1,"x"y\n', "1,2\n3\n", '1,"x\n2,y\n3,"z\n'])
def test_csv_that_would_shift_cells_is_refused(text):
    with pytest.raises(ValueError, match=r"CSV cannot be read|row 2 has 1 value, row 1 has 2"):
        bodies.read_rows("CSV", text)


def test_libsvm():
    text = "0 0:1 1:2\n1 2:-3e1\n"
    assert bodies.read_rows("LIBSVM", text) == [["1", "2", None], [None, None, "-3e1"]]
    asked, answers = bodies.read_exchange(("LIBSVM", "1 1:5 2:6"), ("CSV", "0.9"), width=2)
    assert (asked, answers) == ([["5", "6"]], [["0.9"]])  # counted from 1
    asked, _ = bodies.read_exchange(("LIBSVM", "1 1:5"), ("CSV", "0.9"), width=3)
    assert asked == [[None, "5", None]]
    for broken in ("a 0:1", "1 0", "1 0:x", "", "1 -1:2"):
        with pytest.raises(ValueError, match="libsvm"):
            bodies.read_rows("LIBSVM", broken)
    with pytest.raises(ValueError, match="can't be laid out"):
        bodies.read_rows("LIBSVM", "1 99999999:1")


@pytest.mark.parametrize(
    ("count", "kind", "text", "answers"),
    [
        (2, "CSV", "0.9,0.2", [["0.9"], ["0.2"]]),
        (2, "CSV", "0.9, 0.2\n", [["0.9"], ["0.2"]]),
        (2, "CSV", "0.9\n0.2\n", [["0.9"], ["0.2"]]),
        (2, "CSV", "2.0,0.0", [["2.0"], ["0.0"]]),
        (1, "CSV", "0.9,1", [["0.9", "1"]]),
        (2, "CSV", "0.9,1\n0.2,0", [["0.9", "1"], ["0.2", "0"]]),
        (
            2,
            "CSV",
            "[0.1, 0.2, 0.7],[0.6, 0.3, 0.1]",
            [["0.1", "0.2", "0.7"], ["0.6", "0.3", "0.1"]],
        ),
        (2, "CSV", "[0.1, 0.9]\n[0.6, 0.4]\n", [["0.1", "0.9"], ["0.6", "0.4"]]),
        (1, "CSV", "[0.1, 0.9]", [["0.1", "0.9"]]),
        (2, "JSON", "[0.9, 0.2]", [[0.9], [0.2]]),
        (1, "JSON", "[0.9, 0.2]", [[0.9, 0.2]]),
        (2, "JSON", '{"predictions": [0.9, 0.2]}', [[0.9], [0.2]]),
        (1, "JSON", '{"predictions": [0.9, 0.2]}', [[0.9, 0.2]]),
        (2, "JSON", "[[0.1, 0.9], [0.6, 0.4]]", [[0.1, 0.9], [0.6, 0.4]]),
        (2, "JSON", '{"predictions": [[0.1, 0.9], [0.6, 0.4]]}', [[0.1, 0.9], [0.6, 0.4]]),
        (2, "JSON", '{"score": [0.9, 0.2]}', [{"score": 0.9}, {"score": 0.2}]),
        (1, "JSON", '{"score": [0.9, 0.2]}', [{"score": [0.9, 0.2]}]),
        (1, "JSON", '{"label": [1, 0], "p": [0.9, 0.1]}', [{"label": [1, 0], "p": [0.9, 0.1]}]),
        (
            2,
            "JSON",
            '{"outputs": {"label": [1, 0], "p": [[0.1, 0.9], [0.6, 0.4]]}}',
            [{"label": 1, "p": [0.1, 0.9]}, {"label": 0, "p": [0.6, 0.4]}],
        ),
        (
            2,
            "JSON",
            '{"outputs": [{"name": "p", "shape": [2, 2], "data": [0.1, 0.9, 0.6, 0.4]}]}',
            [[0.1, 0.9], [0.6, 0.4]],
        ),
    ],
)
def test_each_row_has_its_answer(count, kind, text, answers):
    assert bodies.read_answers(kind, text, count) == answers
    request = "CSV", "\n".join(["7,8"] * count)
    assert bodies.read_exchange(request, (kind, text)) == ([["7", "8"]] * count, answers)


def test_answers_that_fit_no_reading_are_refused():
    for text in ("0.1\n0.2\n0.3", "", "[0.1],[0.2],[0.3]"):
        with pytest.raises(ValueError, match="a request of 2 rows was answered with"):
            bodies.read_answers("CSV", text, 2)
    for request in (("CSV", "1,2"), ("JSON", "[1, 2]")):
        with pytest.raises(ValueError, match="request of 1 row was answered with 3 predictions"):
            bodies.read_exchange(request, ("CSV", "1\n2\n3"), width=2)
    with pytest.raises(ValueError, match="request of 3 rows was answered with 2 predictions"):
        bodies.read_exchange(("CSV", "1\n2\n3"), ("JSON", "[[0.5], [0.6]]"))


def test_the_number_of_answers_tells_the_rows_of_a_request():
    assert bodies.read_exchange(("JSON", "[1, 2]"), ("CSV", "0.9"))[0] == [[1, 2]]
    assert bodies.read_exchange(("JSON", "[1, 2]"), ("CSV", "0.9\n0.2"), width=1)[0] == [[1], [2]]
    by_column = "JSON", '{"a": [1, 2]}'
    assert bodies.read_exchange(by_column, ("CSV", "0.9\n0.2"))[0] == [{"a": 1}, {"a": 2}]
    assert bodies.read_exchange(by_column, ("CSV", "0.9"))[0] == [{"a": [1, 2]}]
    ones = "JSON", "[[1], [2]]"
    assert bodies.read_exchange(ones, ("CSV", "0.9"), width=2)[0] == [[1, 2]]


def test_numbers_as_written_and_missing_ones():
    text = '[[1, 1.0, 12345678901234567890, NaN, -Infinity, null, true, "x"]]'
    assert bodies.read_rows("JSON", text, str) == [
        ["1", "1.0", "12345678901234567890", None, "-inf", None, True, "x"]
    ]


def test_sides():
    packed = base64.b64encode(b"1,2").decode()
    assert bodies.read_side({"encoding": "BASE64", "data": packed}) == ("CSV", "1,2")
    about = {"encoding": "BASE64", "data": packed, "observedContentType": "text/x-libsvm"}
    assert bodies.read_side(about)[0] == "LIBSVM"
    untyped = {"encoding": "BASE64", "data": base64.b64encode(b' {"a": 1}').decode()}
    assert bodies.read_side(untyped) == ("JSON", ' {"a": 1}')
    for side, message in (
        ({"encoding": "XML", "data": "1"}, "'XML' is none of"),
        ({"encoding": "CSV", "data": 1}, "is no text"),
        ({"encoding": "BASE64", "data": "!"}, "no text in BASE64"),
        ({"encoding": "BASE64", "data": "/w=="}, "no text in BASE64"),
        (
            {"encoding": "BASE64", "data": packed, "observedContentType": "image/png"},
            "'image/png' is neither CSV nor JSON nor libsvm",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            bodies.read_side(side)


def test_records_end_at_a_line_feed_alone():
    body = "{\u2028}\n\n{\x85\x0c\x0b}\r\n{\r}".encode()
    assert [(number, line.decode()) for number, line in bodies.records(body)] == [
        (1, "{\u2028}"),
        (3, "{\x85\x0c\x0b}\r"),
        (4, "{\r}"),
    ]


KEYS = ["instances", "predictions", "inputs", "outputs", "features", "data", "values", "keys"]
KEYS += ["shape", "fields", "columns", "name", "0", "a", "SageMakerOutput"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(value=VALUES, count=st.integers(0, 3), number=st.sampled_from([None, str]))
@example(
    value={"instances": [{"data": {"features": {"values": [], "keys": []}}}]}, count=1, number=str
)
@example(value=[{"data": [1, 2], "shape": [-1, -2]}], count=0, number=None)
@example(value={"fields": [["a"]], "values": [[1]]}, count=1, number=None)
def test_any_json_is_rows_or_a_value_error(value, count, number):
    for text in (json.dumps(value), "\n".join([json.dumps(value)] * 2), json.dumps(value)[:-1]):
        for read in (
            lambda text=text: bodies.read_rows("JSON", text, number),
            lambda text=text: bodies.read_answers("JSON", text, count, number),
            lambda text=text: bodies.read_exchange(("JSON", text), ("JSON", text), number, 2)[0],
        ):
            try:
                rows = read()
            except ValueError as error:
                assert str(error)
            else:
                assert all(isinstance(row, list | dict) for row in rows)


@settings(max_examples=300)
@given(text=st.text("01.,;:\"'\n\r\t []x-\u2028\x85\x0c\x00", max_size=40))
@example(text="[" * 100_000)
@example(text='"' + "x" * 200_000 + '"')
def test_any_text_is_rows_or_a_value_error(text):
    for kind in ("CSV", "JSON", "LIBSVM"):
        try:
            bodies.read_exchange((kind, text), (kind, text), str, 2)
        except ValueError as error:
            assert str(error)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=6)


@settings(max_examples=200)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5))
def test_what_a_csv_writer_wrote_is_read_back(rows):
    import csv
    import io

    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    assert bodies.read_rows("CSV", text.getvalue()) == [list(row) for row in rows]


def test_text_html_says_nothing_unless_it_is_a_page():
    def side(text):
        data = base64.b64encode(text.encode()).decode()
        kind = "text/html; charset=utf-8"
        return {"data": data, "encoding": "BASE64", "observedContentType": kind}

    assert bodies.read_side(side("0.9\n0.2")) == ("CSV", "0.9\n0.2")
    assert bodies.read_side(side('{"score": 0.9}')) == ("JSON", '{"score": 0.9}')
    with pytest.raises(ValueError, match="is a web page: '<h1>Bad Gateway</h1>'"):
        bodies.read_side(side("<h1>Bad Gateway</h1>"))
