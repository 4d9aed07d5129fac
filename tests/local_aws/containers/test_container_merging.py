"""Labels find their captured requests, and the quality of what was merged is measured, whatever
forms both come in; what can't be read is left out and counted.
"""

import json

import pytest

from local_aws.containers.base.contract import ClientError
from local_aws.containers.model_monitor import quality
from local_aws.containers.model_monitor.merger import merge

N = 20
JSON = {"observedContentType": "application/json", "encoding": "JSON"}
CSV = {"observedContentType": "text/csv", "encoding": "CSV"}


def request(number, answer, asked="1,2", kind=CSV, **about):
    return {
        "captureData": {
            "endpointInput": CSV | {"mode": "INPUT", "data": asked},
            "endpointOutput": kind | {"mode": "OUTPUT", "data": answer},
        },
        "eventMetadata": {"eventId": f"e{number}", **about},
        "eventVersion": "0",
    }


def label(number, data, encoding="CSV"):
    return {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": f"e{number}"},
        "eventVersion": "0",
    }


def lines(records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.fixture
def merged(tmp_path, monkeypatch):
    """Merge captured requests with labels; return the records and the message."""
    monkeypatch.setenv("OPT_ML", str(tmp_path))
    places = {"dataset_source": "capture", "ground_truth_source": "truth", "output_path": "merged"}
    for variable, name in places.items():
        monkeypatch.setenv(variable, f"/opt/ml/{name}")

    def run(captured, labels):
        for name, records in (("capture/e/v/2026/01/01/00", captured), ("truth/00", labels)):
            folder = tmp_path / name
            folder.mkdir(parents=True)
            text = records if isinstance(records, str) else lines(records)
            (folder / "x.jsonl").write_text(text, encoding="utf-8")
        (tmp_path / "output").mkdir()
        merge(None)
        found = (tmp_path / "merged/e/v/2026/01/01/00/part-00000.jsonl").read_bytes().split(b"\n")
        message = (tmp_path / "output/message").read_text()
        return [json.loads(line) for line in found if line], message

    return run


def measure(tmp_path, problem="BinaryClassification", **attributes):
    environment = {"dataset_format": '{"sagemakerMergeJson": {}}', "problem_type": problem}
    result = quality.analyse(
        tmp_path / "merged", None, tmp_path / "report", environment | attributes, False
    )
    return result, next(
        values for name, values in result.statistics.items() if name.endswith("_metrics")
    )


def test_text_with_any_other_line_end_is_one_record(merged):
    captured = [request(i, str(i % 2), "a\u2028b\x85c,2") for i in range(N)]
    records, message = merged(captured, [label(i, str(i % 2)) for i in range(N)])
    assert len(records) == N and message == "Completed: Job completed successfully."
    assert records[0]["captureData"]["endpointInput"]["data"] == "a\u2028b\x85c,2"


@pytest.mark.parametrize(
    "line", ['{"oops": 1}', "[", '{"eventMetadata": {"eventId": "e1"}}', '{"eventMetadata": 1}']
)
def test_a_broken_line_is_counted_and_stops_nothing(merged, line):
    captured = lines(request(i, "1") for i in range(N))
    labels = lines(label(i, "1") for i in range(N)) + line + "\n"
    records, message = merged(captured, labels)
    assert len(records) == N
    assert message.endswith(
        "1 line is not a record with eventMetadata.eventId and groundTruthData, first: x.jsonl, "
        "line 21."
    )


def test_an_inference_id_that_is_null_is_none(merged):
    captured = [request(i, "1", inferenceId=None) for i in range(N)]
    assert len(merged(captured, [label(i, "1") for i in range(N)])[0]) == N


def test_labels_by_event_id_where_an_inference_id_counts_are_told(merged):
    captured = [request(i, "1", inferenceId=f"i{i}") for i in range(N)]
    with pytest.raises(
        ClientError, match="20 captured requests with a label for the event id can't"
    ):
        merged(captured, [label(i, "1") for i in range(N)])


def test_the_last_label_counts(merged, tmp_path):
    labels = [label(i, "0") for i in range(N)] + [label(i, "1") for i in range(N)]
    merged([request(i, str(int(i > 4))) for i in range(N)], labels)
    result, found = measure(tmp_path, inference_attribute="0")
    assert (result.rows, found["recall"]["value"]) == (N, 0.75)


THREE = "1,2\n3,4\n5,6"


@pytest.mark.parametrize(
    ("answer", "truth", "encoding"),
    [
        ("1\n0\n1", "1\n0\n0", "CSV"),
        ("1,0,1", "1\n0\n0\n", "CSV"),
        ("1\n0\n1", "1,0,0", "CSV"),
        ("1\n0\n1", " 1\n 0\n 0\n", "CSV"),
        ("1\n0\n1", '{"instances": [{"label": 1}, {"label": 0}, {"label": 0}]}', "JSON"),
        ("1\n0\n1", "[1, 0, 0]", "JSON"),
    ],
)
def test_requests_of_several_rows(merged, tmp_path, answer, truth, encoding):
    captured = [request(i, answer, THREE) for i in range(N)]
    merged(captured, [label(i, truth, encoding) for i in range(N)])
    result, found = measure(tmp_path, inference_attribute="0")
    assert result.rows == 3 * N
    assert found["confusion_matrix"] == {"0": {"0": N, "1": N}, "1": {"0": 0, "1": N}}


def test_a_label_too_few_leaves_its_request_out(merged, tmp_path):
    captured = [request(i, "1\n0\n1", THREE) for i in range(N)]
    merged(captured, [label(i, "1" if i == 3 else "1\n0\n0") for i in range(N)])
    result, _ = measure(tmp_path, inference_attribute="0")
    assert result.rows == 3 * (N - 1)
    assert "1 broken line was skipped, first: line 4: a request of 3 rows" in result.notes[0]


@pytest.mark.parametrize("truth", [" 1\n", 1, '{"label": 1}', "1"])
def test_a_label_in_any_form(merged, tmp_path, truth):
    encoding = "JSON" if str(truth).startswith("{") else "CSV"
    captured = [request(i, str(i % 2)) for i in range(N)]
    merged(
        captured,
        [label(i, truth if i % 2 else "0", encoding if i % 2 else "CSV") for i in range(N)],
    )
    result, found = measure(tmp_path, inference_attribute="0")
    assert (result.rows, found["accuracy"]["value"]) == (N, 1.0)


def test_a_label_that_is_missing_is_counted(merged, tmp_path):
    captured = [request(i, str(i % 2)) for i in range(N)]
    merged(captured, [label(i, "" if i == 3 else str(i % 2)) for i in range(N)])
    result, found = measure(tmp_path, inference_attribute="0")
    assert (result.rows, found["accuracy"]["value"]) == (N - 1, 1.0)
    assert [(left.name, left.rows) for left in result.not_measured] == [("label", 1)]


@pytest.mark.parametrize("wrong", [0, 4])
def test_an_error_among_answers_is_left_out_wherever_it_stands(merged, tmp_path, wrong):
    captured = [request(i, str(i % 2)) for i in range(N)]
    captured[wrong] = request(wrong, '{"message": "boom"}', kind=JSON)
    merged(captured, [label(i, str(i % 2)) for i in range(N)])
    result, found = measure(tmp_path, inference_attribute="0")
    assert (result.rows, found["accuracy"]["value"]) == (N - 1, 1.0)
    assert "{'message': 'boom'} is unlike the others" in result.notes[0]


@pytest.mark.parametrize(
    ("answer", "attributes"),
    [
        (
            lambda p: {"predictions": [{"score": p, "predicted_label": int(p > 0.5)}]},
            ("predictions[0].predicted_label", "predictions[0].score"),
        ),
        (
            lambda p: {"predictions": [{"score": p, "predicted_label": int(p > 0.5)}]},
            ("predicted_label", "score"),
        ),
        (
            lambda p: {"label": int(p > 0.5), "probabilities": [1 - p, p]},
            ("label", "probabilities[1]"),
        ),
        (lambda p: {"result": {"label": int(p > 0.5), "p": p}}, ("result.label", "result.p")),
        (
            lambda p: {"predictions": [[int(p > 0.5), p]]},
            ("predictions[0][0]", "predictions[0][1]"),
        ),
        (lambda p: [int(p > 0.5), p], ("0", "1")),
        (
            lambda p: {"SageMakerOutput": {"label": int(p > 0.5), "p": p}},
            ("SageMakerOutput.label", "p"),
        ),
    ],
)
def test_an_attribute_is_a_place_a_name_or_a_path(merged, tmp_path, answer, attributes):
    scores = [0.9 if i % 2 else 0.2 for i in range(N)]
    captured = [request(i, json.dumps(answer(p)), kind=JSON) for i, p in enumerate(scores)]
    merged(captured, [label(i, str(i % 2)) for i in range(N)])
    _, found = measure(
        tmp_path, inference_attribute=attributes[0], probability_attribute=attributes[1]
    )
    assert found["accuracy"]["value"] == found["auc"]["value"] == 1.0


def test_a_path_that_leads_nowhere_names_what_there_is(merged, tmp_path):
    merged([request(i, "1") for i in range(N)], [label(i, "1") for i in range(N)])
    with pytest.raises(ValueError, match=r"no column \['score'\].*_out0"):
        measure(tmp_path, inference_attribute="score")
