"""Captured requests become rows; a prediction never passes for a feature."""

import base64
import json

import pytest

from model_monitoring.analysis.files.jobs import read_profile, run_baseline, run_check
from model_monitoring.analysis.files.readers import Reading, read_chunks


def side(mode, data, encoding="CSV", content="text/csv"):
    return {"observedContentType": content, "mode": mode, "data": data, "encoding": encoding}


def record(
    given,
    answered,
    given_as=("CSV", "text/csv"),
    answered_as=("CSV", "text/csv; charset=utf-8"),
    **more,
):
    captured = {
        "endpointInput": side("INPUT", given, *given_as),
        "endpointOutput": side("OUTPUT", answered, *answered_as),
    }
    return {"captureData": captured, "eventMetadata": {"eventId": "e"}, "eventVersion": "0", **more}


def write(tmp_path, *records):
    path = tmp_path / "capture.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    return path


def rows(tmp_path, *records):
    found = []
    for chunk in read_chunks(write(tmp_path, *records), Reading()):
        cells = zip(*(column.to_pylist() for column in chunk.values()), strict=True)
        found += [dict(zip(chunk, row, strict=True)) for row in cells]
    return found


LEARNER = json.dumps(
    {"predictions": [{"score": 0.9, "predicted_label": 1}, {"score": 0.1, "predicted_label": 0}]}
)
JSON = ("JSON", "application/json")


def test_csv_in_and_out(tmp_path):
    found = rows(tmp_path, record("1,2.0\n3,4.5\n", "0.7\n0.2\n"))
    assert found == [
        {"_out0": "0.7", "_in0": "1", "_in1": "2.0"},
        {"_out0": "0.2", "_in0": "3", "_in1": "4.5"},
    ]
    # XGBoost, one line
    assert [r["_out0"] for r in rows(tmp_path, record("1\n3", "0.7,0.2"))] == ["0.7", "0.2"]


def test_csv_in_and_json_out(tmp_path):
    found = rows(tmp_path, record("1,2\n3,4", LEARNER, answered_as=JSON))
    assert found[1] == {"score": "0.1", "predicted_label": "0", "_in0": "3", "_in1": "4"}


def test_json_in_many_shapes(tmp_path):
    for given in (
        '{"a": 1, "b": 2.5}',
        '[{"a": 1, "b": 2.5}]',
        '{"instances": [{"a": 1, "b": 2.5}]}',
    ):
        assert rows(tmp_path, record(given, "1", JSON)) == [{"_out0": "1", "a": "1", "b": "2.5"}]
    for given in (
        "[1, 2.5]",
        "[[1, 2.5]]",
        '{"instances": [{"features": [1, 2.5]}]}',
        '{"instances": [[1, 2.5]]}',
    ):
        assert rows(tmp_path, record(given, '{"predictions": [0.5]}', JSON, JSON)) == [
            {"_out0": "0.5", "_in0": "1", "_in1": "2.5"}
        ]
    lines = rows(tmp_path, record('{"a": 1}\n{"a": 2}', '{"p": 0}\n{"p": 1}', JSON, JSON))
    assert lines == [{"p": "0", "a": "1"}, {"p": "1", "a": "2"}]
    scores = rows(
        tmp_path, record("1", '{"predictions": [{"score": [0.2, 0.8]}]}', answered_as=JSON)
    )
    assert scores == [{"score_0": "0.2", "score_1": "0.8", "_in0": "1"}]


def test_an_output_named_like_an_input_is_told_apart(tmp_path):
    found = rows(tmp_path, record('{"score": 1}', '{"score": 0.5}', JSON, JSON))
    assert found == [{"score_output": "0.5", "score": "1"}]


def test_base64_is_decoded_by_content_type(tmp_path):
    packed = base64.b64encode(b"1,2").decode()
    assert rows(tmp_path, record(packed, "1", ("BASE64", "text/csv")))[0]["_in1"] == "2"
    with pytest.raises(ValueError, match=r"holds no rows.*'image/png' is neither CSV"):
        read_profile(write(tmp_path, record(packed, "1", ("BASE64", "image/png"))))


def test_merged_ground_truth(tmp_path):
    found = rows(tmp_path, record("1,2", "0.9", groundTruthData={"data": "1", "encoding": "CSV"}))
    assert found == [{"_label": "1", "_out0": "0.9", "_in0": "1", "_in1": "2"}]


def test_mismatched_requests_are_skipped_and_counted(tmp_path):
    path = write(tmp_path, record("1\n2\n3", "0.5\n0.6"), record("1", "0.5"))
    path.write_text(path.read_text() + '\n{"captureData": {"endpointInp')
    found, reading = read_profile(path)
    assert found.rows == 1 and reading.notes == [
        "capture.jsonl: 2 broken lines were skipped, first: line 1: a request of 3 rows was "
        "answered with 2 predictions."
    ]


def baseline(tmp_path, text, **options):
    path = tmp_path / "train.csv"
    path.write_text(text)
    run_baseline(path, tmp_path / "base", **options)
    return tmp_path / "base"


def columns(result):
    return [f["name"] for f in result.statistics["features"]]


def test_inputs_take_the_names_and_outputs_stay_out(tmp_path):
    base = baseline(tmp_path, "age,income\n30,1.5\n40,2.5\n")
    result = run_check(write(tmp_path, record("35,2.5", LEARNER.replace(', {"score": 0.1, '
                                                                        '"predicted_label": 0}', ""),
                                              answered_as=JSON)), base, tmp_path / "out")  # fmt: skip
    assert columns(result) == ["age", "income"] and not result.violations
    assert result.notes == [
        "The endpoint's 2 inputs took the baseline's names in order.",
        "Outputs that the baseline has no column for were left out: ['score', 'predicted_label'].",
    ]


def test_outputs_are_named_never_guessed(tmp_path):
    base = baseline(tmp_path, "age,label\n30,0\n40,1\n50,1\n")
    window = write(tmp_path, record("35", "0.7"))
    with pytest.raises(ValueError, match="Say which of its columns the outputs are"):
        run_check(window, base, tmp_path / "out")
    result = run_check(window, base, tmp_path / "out", outputs=["label"])
    means = {f["name"]: f["numerical_statistics"]["mean"] for f in result.statistics["features"]}
    assert means == {"label": 0.7, "age": 35}
    with pytest.raises(ValueError, match=r"1 output .* but 2 names"):
        run_check(window, base, tmp_path / "out", outputs=["label", "score"])


def test_by_position_without_header_and_in_mode_aws(tmp_path):
    headerless = baseline(tmp_path, "0,30\n1,40\n", header=False)
    window = write(tmp_path, record("35", "0.7"))
    result = run_check(window, headerless, tmp_path / "out")
    assert columns(result) == ["_c0", "_c1"] and "outputs first" in result.notes[0]
    named = baseline(tmp_path, "age,label\n30,0\n40,1\n")
    # AWS's mistake: the score becomes the age
    aws = run_check(window, named, tmp_path / "out", mode="aws")
    assert [f["numerical_statistics"]["mean"] for f in aws.statistics["features"]] == [0.7, 35]


def test_json_goes_by_name(tmp_path):
    base = baseline(tmp_path, "age,income\n30,1.5\n40,2.5\n")
    result = run_check(
        write(tmp_path, record('{"income": 2.5, "age": 35}', "1", JSON)), base, tmp_path / "out"
    )
    assert not result.violations and result.statistics["features"][0]["name"] == "income"


def test_another_number_of_inputs_is_reported(tmp_path):
    base = baseline(tmp_path, "age,income,city,job\n30,1.5,Rome,x\n")
    answer = LEARNER.split(", {")[0] + "]}"
    result = run_check(
        write(tmp_path, record("35", answer, answered_as=JSON)), base, tmp_path / "out"
    )
    assert [v["constraint_check_type"] for v in result.violations] == ["missing_column_check"]


def test_csv_windows_by_name_or_position(tmp_path):
    base = baseline(tmp_path, "age,income\n30,1.5\n40,2.5\n")
    (tmp_path / "w.csv").write_text("income,age\n1.5,30\n2.5,40\n")
    result = run_check(tmp_path / "w.csv", base, tmp_path / "out")
    assert not result.violations and "another order" in result.notes[0]
    (tmp_path / "w.csv").write_text("30,1.5\n40,2.5\n")
    result = run_check(tmp_path / "w.csv", base, tmp_path / "out", header=False)
    assert (
        not result.violations
        and columns(result) == ["age", "income"]
        and "by position" in result.notes[0]
    )
    (tmp_path / "w.csv").write_text("30\n40\n")
    result = run_check(tmp_path / "w.csv", base, tmp_path / "out", header=False)
    assert [v["constraint_check_type"] for v in result.violations] == ["missing_column_check"]


def test_a_baseline_made_from_capture_counts_its_columns(tmp_path):
    path = write(tmp_path, record("1,2", "0.7"))
    result = run_baseline(path, tmp_path / "base")
    assert columns(result) == ["_c0", "_c1", "_c2"]
    assert not run_check(path, tmp_path / "base", tmp_path / "out").violations


def test_a_name_for_two_columns_is_refused(tmp_path):
    base = baseline(tmp_path, "age,income,score\n30,1.5,0.5\n")
    twice = write(tmp_path, record("35,2.5", "0.7,0.3"))
    with pytest.raises(ValueError, match="'score' is also the name of another output"):
        run_check(twice, base, tmp_path / "out", outputs=["score", "score"])
    named = write(tmp_path, record('{"income": 2.5, "age": 35}', "1", JSON))
    with pytest.raises(ValueError, match="'age' is also the name of an input"):
        run_check(named, base, tmp_path / "out", outputs=["age"])


def test_inputs_captured_without_answers_are_no_riddle(tmp_path):
    base = baseline(tmp_path, "age,income\n30,1.5\n40,2.5\n")
    asked = record("40,2.5", "")
    del asked["captureData"]["endpointOutput"]
    result = run_check(write(tmp_path, asked), base, tmp_path / "out")
    assert columns(result) == ["age", "income"] and result.violations == []


def test_a_baseline_may_have_names_that_captured_columns_are_given_here(tmp_path):
    base = baseline(tmp_path, "_in1,_out0,_in0\n30,1.5,a\n40,2.5,a\n")
    result = run_check(write(tmp_path, record("30,1.5,a", "0.7")), base, tmp_path / "out")
    assert columns(result) == ["_in1", "_out0", "_in0"] and result.violations == []
    assert result.notes[-1].endswith("has no column for were left out: ['_out0'].")
