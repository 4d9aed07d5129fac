"""Captured requests are judged together: the first decides nothing, one that is unlike the others
hides none of them, and where a column is from is never guessed from its name.
"""

import base64
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_monitoring.analysis.files.jobs import read_profile, run_baseline, run_check

N = 300
KINDS = {
    "CSV": "text/csv",
    "JSON": "application/json",
    "LIBSVM": "text/libsvm",
}


def side(kind, body, encoded=False):
    text = body if isinstance(body, str) else json.dumps(body)
    if encoded or kind == "LIBSVM":
        data = base64.b64encode(text.encode()).decode()
        return {"observedContentType": KINDS[kind], "data": data, "encoding": "BASE64"}
    return {"observedContentType": KINDS[kind], "data": text, "encoding": kind}


def event(number, asked, answered, **about):
    captured = {"endpointInput": side(*asked), "endpointOutput": side(*answered)}
    return {"captureData": captured, "eventMetadata": {"eventId": f"e{number}", **about}}


def write(path, events):
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    return path


@pytest.fixture
def base(tmp_path):
    rows = "".join(f"{i % 7},{i % 5}\n" for i in range(N))
    (tmp_path / "train.csv").write_text(f"a,b\n{rows}")
    run_baseline(tmp_path / "train.csv", tmp_path / "base")
    return tmp_path / "base"


def plain(number, answer=("CSV", "0.5")):
    return event(number, ("CSV", f"{number % 7},{number % 5}"), answer)


FORMS = {
    "short": lambda i: ("JSON", {"instances": [{"features": [i % 7, i % 5]}]}),
    "long": lambda i: ("JSON", {"instances": [{"data": {"features": {"values": [i % 7, i % 5]}}}]}),
    "sparse": lambda i: (
        "JSON",
        {"data": {"features": {"keys": [0, 1], "shape": [2], "values": [i % 7, i % 5]}}},
    ),
    "by column": lambda i: ("JSON", {"a": [i % 7], "b": [i % 5]}),
    "tensors": lambda i: (
        "JSON",
        {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "INT64", "data": [i % 7, i % 5]}]},
    ),
    "mlflow": lambda i: (
        "JSON",
        {"dataframe_split": {"columns": ["b", "a"], "data": [[i % 5, i % 7]]}},
    ),
    "libsvm": lambda i: ("LIBSVM", f"0 0:{i % 7} 1:{i % 5}\n"),
    "libsvm from 1": lambda i: ("LIBSVM", f"0 1:{i % 7} 2:{i % 5}\n"),
    "base64": lambda i: ("CSV", f"{i % 7},{i % 5}\n", True),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_request_is_checked_alike(tmp_path, base, form):
    answer = ("JSON", {"predictions": [{"score": 0.4}]})
    window = write(tmp_path / "w.jsonl", [event(i, FORMS[form](i), answer) for i in range(N)])
    result = run_check(window, base, tmp_path / "out")
    means = {f["name"]: f["numerical_statistics"]["sum"] for f in result.statistics["features"]}
    assert means == {"a": sum(i % 7 for i in range(N)), "b": sum(i % 5 for i in range(N))}
    assert result.rows == N and result.violations == []
    assert len(result.drift) == 2 and not result.drift["drifted"].any()


def test_rows_by_column_are_as_many_as_the_answers(tmp_path, base):
    events = [
        event(
            i, ("JSON", {"a": [i % 7, 1], "b": [i % 5, 2]}), ("JSON", {"predictions": [0.4, 0.5]})
        )
        for i in range(100)
    ]
    result = run_check(write(tmp_path / "w.jsonl", events), base, tmp_path / "out")
    assert result.rows == 200 and "extra_column_check" not in str(result.violations)


@pytest.mark.parametrize("place", [0, 200, 299])
@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (plain(0, ("JSON", {"message": "boom"})), "the answer {'message': 'boom'} is unlike"),
        (plain(0, ("CSV", "0.5,1")), r"the answer \['0.5', '1'\] is unlike the others"),
        (event(0, ("CSV", "1,2,3"), ("CSV", "0.5")), r"the request \['1', '2', '3'\] is unlike"),
        (event(0, ("CSV", '1,"2'), ("CSV", "0.5")), "CSV cannot be read"),
        (event(0, ("JSON", {"a": 1, "b": 2}), ("CSV", "0.5")), "the request {'a': '1'.* is unlike"),
        ({"captureData": {}}, "the request has no rows"),
        ({"rows": 1}, "it lacks 'captureData'"),
    ],
)
def test_one_request_unlike_the_others_is_counted_wherever_it_stands(
    tmp_path, base, place, odd, reason
):
    events = [plain(i) for i in range(N)]
    events.insert(place, odd)
    result = run_check(write(tmp_path / "w.jsonl", events), base, tmp_path / "out")
    assert result.rows == N and result.violations == [] and len(result.drift) == 2
    (note,) = [note for note in result.notes if "skipped" in note]
    assert re.search(rf"1 broken line was skipped, first: line {place + 1}: .*{reason}", note)


@pytest.mark.parametrize("place", [0, 200])
def test_a_field_that_comes_up_once_in_answers_hides_no_check(tmp_path, base, place):
    answers = [{"score": 0.5} for _ in range(N)]
    answers[place]["warning"] = "slow"
    events = [plain(i, ("JSON", answer)) for i, answer in enumerate(answers)]
    window = write(tmp_path / "w.jsonl", events)
    for outputs in (None, ["score"]):
        result = run_check(window, base, tmp_path / "out", outputs=outputs)
        assert result.violations == [] and len(result.drift) == 2
        assert (
            "Field 'warning' stands in 1 of 300 rows and not in the baseline: it was left out."
            in result.notes
        )


def test_the_cuts_between_files_change_nothing(tmp_path):
    events = [plain(i) for i in range(N)]
    events[0] = plain(0, ("JSON", {"message": "boom"}))
    whole = write(tmp_path / "w.jsonl", events)
    (tmp_path / "parts").mkdir()
    for cut, part in enumerate((events[:1], events[1:3], events[3:])):
        write(tmp_path / "parts" / f"{cut}.jsonl", part)
    first, second = read_profile(whole)[0], read_profile(tmp_path / "parts")[0]
    assert first.statistics() == second.statistics() and first.rows == N - 1


def test_inputs_and_outputs_keep_their_names_whatever_they_are(tmp_path):
    named = {"_out0": 1, "_in0": 2, "score": 3, "_label": 4}
    answer = {"score": 0.5, "_in0": 7}
    events = [event(i, ("JSON", named), ("JSON", answer)) for i in range(3)]
    found, reading = read_profile(write(tmp_path / "w.jsonl", events))
    assert {name: tuple(one) for name, one in reading.fields.items()} == {
        "_out0": ("input", "_out0"),
        "_in0": ("input", "_in0"),
        "score": ("input", "score"),
        "_label": ("input", "_label"),
        "score_output": ("output", "score"),
        "_in0_output": ("output", "_in0"),
    }
    assert found.columns["_label"].settled().total == 12


def test_columns_of_one_name_stay_apart(tmp_path):
    named = {"_out0": 1, "_label": 2, "score": 3, "score_output": 4}
    truth = {"groundTruthData": {"data": "9", "encoding": "CSV"}}
    for answer, expected in (
        (("CSV", "8"), {"_label": 9, "_out0": 8, "_out0_": 1, "_label_": 2}),
        (("JSON", {"score": 8}), {"_label": 9, "score_output_": 8, "_out0": 1, "score": 3}),
    ):
        events = [{**event(i, ("JSON", named), answer), **truth} for i in range(2)]
        found, _ = read_profile(write(tmp_path / "w.jsonl", events))
        means = {name: column.settled().mean for name, column in found.columns.items()}
        assert expected.items() <= means.items() and len(means) == 6


def test_a_missing_number_of_json_is_missing(tmp_path):
    events = [event(i, ("JSON", '{"a": NaN, "b": 1.5}'), ("CSV", "1")) for i in range(3)]
    found, _ = read_profile(write(tmp_path / "w.jsonl", events))
    assert (found.columns["a"].missing, found.columns["a"].inferred_type) == (3, "Unknown")


def test_a_row_of_libsvm_may_lack_values(tmp_path, base):
    events = [
        event(i, ("LIBSVM", f"0{f' 0:{i % 7}' if i % 7 else ''}{f' 1:{i % 5}' if i % 5 else ''}"),
              ("CSV", "1"))
        for i in range(N)
    ]  # fmt: skip
    result = run_check(write(tmp_path / "w.jsonl", events), base, tmp_path / "out")
    assert result.rows == N
    counts = [f["numerical_statistics"]["common"] for f in result.statistics["features"]]
    assert [count["num_missing"] for count in counts] == [
        sum(i % 7 == 0 for i in range(N)),
        sum(i % 5 == 0 for i in range(N)),
    ]


def test_what_monitors_asked_is_counted(tmp_path):
    events = [plain(1), {**plain(2), "eventMetadata": {"inferenceId": "perturbed-1"}}]
    found, reading = read_profile(write(tmp_path / "w.jsonl", events))
    assert found.rows == 1
    assert reading.notes == ["1 request was left out, which monitors themselves asked."]


BODIES = st.sampled_from(
    [
        "",
        "1,2",
        "1,2\n3,4",
        '"',
        "[1, 2]",
        '{"a": 1}',
        '{"a": [1, 2], "b": [3]}',
        "[[1], [2]]",
        "1 0:1",
    ]
)
SIDES = st.builds(
    lambda body, kind, encoding: {"data": body, "observedContentType": kind, "encoding": encoding},
    BODIES,
    st.sampled_from(["text/csv", "application/json", "text/libsvm", None, "image/png"]),
    st.sampled_from(["CSV", "JSON", "BASE64", "XML"]),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(
        st.fixed_dictionaries(
            {
                "captureData": st.dictionaries(
                    st.sampled_from(["endpointInput", "endpointOutput", "batchTransformOutput"]),
                    SIDES | st.none(),
                ),
            },
            optional={
                "eventMetadata": st.none() | st.just({"inferenceId": "perturbed-x"}),
                "groundTruthData": st.none() | SIDES,
            },
        ),
        min_size=1,
        max_size=8,
    )
)
def test_every_request_is_a_row_or_is_counted(tmp_path, events):
    path = write(tmp_path / "w.jsonl", events)
    try:
        found, reading = read_profile(path)
    except ValueError as error:
        assert "holds no rows" in str(error)
        return
    asked = sum((one.get("eventMetadata") or {}) != {} for one in events)
    read = len(events) - reading.skipped - asked
    assert found.rows >= read > 0  # a request has a row or more
    assert all(column.present + column.missing == found.rows for column in found.columns.values())
