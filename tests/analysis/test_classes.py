"""Labels and predictions are compared by one rule everywhere, and rows that can't be are counted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_monitoring.analysis.quality import accuracy_estimate, classes, model_quality
from model_monitoring.analysis.quality.evaluation import evaluate
from model_monitoring.analysis.quality.jobs import Columns, run_model_quality
from model_monitoring.analysis.quality.rows import usable

BIG = 2**53


@pytest.fixture
def measure(tmp_path):
    """Return a function that measures a CSV file; it gives the metrics and the result."""

    def run(problem_type, lines, columns=None, **more):
        (tmp_path / "x.csv").write_text("label,pred,p\n" + "\n".join(lines) + "\n")
        columns = columns or Columns("label", "pred")
        result = run_model_quality(
            tmp_path / "x.csv", tmp_path / "out", problem_type, columns, **more
        )
        return next(v for k, v in result.statistics.items() if k.endswith("_metrics")), result

    return run


@pytest.mark.parametrize("form", ["{}e19", "{}0000000000000000000", "{}0.0e18", "-{}e19"])
def test_great_numbers_keep_their_size(measure, form):
    lines = [f"{form.format(1 + i % 8)},{form.format(2 + i % 8)},0" for i in range(30)]
    found, _ = measure("Regression", lines)
    assert found["mae"]["value"] == pytest.approx(1e19)
    assert found["r2"]["value"] == pytest.approx(0.7977, abs=1e-3)


@pytest.mark.parametrize(
    ("lines", "accuracy", "names"),
    [
        (["True,True", "False,False", "True,False", "False,False"], 0.75, {"True", "False"}),
        (["true,True", "FALSE,False", "true,false", "false,false"], 0.75, {"true", "false"}),
        (["true,1", "FALSE,0", "True,0", "false,0"], 0.75, {"0", "1"}),
        (["False,False", "False,False"], 1.0, {"False", "True"}),
    ],
)
def test_booleans_need_no_positive_label(measure, lines, accuracy, names):
    found, _ = measure("BinaryClassification", [f"{line},0" for line in lines])
    assert found["accuracy"]["value"] == accuracy and set(found["confusion_matrix"]) == names


@pytest.mark.parametrize(
    ("lines", "accuracy"),
    [
        (["01,01", "1,1", "01,1", "2,2"], 0.75),  # codes, for a column has both
        (["01,01", "1,1", "01,1", "x,x"], 0.75),
        (["00,00", "0,0", "00,0", "1,1"], 0.75),
        (["01,1", "02,2", "03,1", "03,3"], 0.75),  # the zeros were lost on one side
        (["1.0,1", "2,2.0", "3,1", "3,3"], 0.75),
    ],
)
def test_codes_with_leading_zeros(measure, lines, accuracy):
    found, _ = measure("MulticlassClassification", [f"{line},0" for line in lines])
    assert found["accuracy"]["value"] == accuracy


def test_great_whole_numbers_are_told_apart():
    labels = np.array([BIG, BIG + 2, BIG + 4])
    for truth, said in ((labels, labels + 1), (labels.astype(object), (labels + 1).astype(object))):
        found = evaluate("regression", truth, said).metrics
        assert found["mean_absolute_error"].value == 1
        assert found["r2"].value == pytest.approx(1 - 3 / 8)
    ids = [BIG + 1, BIG, BIG + 1, BIG]
    found = evaluate("multiclass", ids, [BIG] * 4)
    assert found.labels == [BIG, BIG + 1] and found.metrics["accuracy"].value == 0.5
    uint = np.array([2**64 - 1, 2**64 - 2], np.uint64)
    assert evaluate("multiclass", uint, uint[::-1]).metrics["accuracy"].value == 0


def test_a_missing_label_changes_no_class_and_is_counted(measure):
    found, result = measure(
        "BinaryClassification", ["1,1,0", "0,0,0", "1,0,0", ",0,0", "0,1,0", "1,,0"]
    )
    assert found["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 1, "1": 1}}
    assert [(one.name, one.rows) for one in result.not_measured] == [
        ("label", 1),
        ("prediction", 1),
    ]
    assert result.message.endswith("no violations. Not measured: 2 rows.")
    _, result = measure("BinaryClassification", ["1,1,0", ",0,0", "0,0,0"], mode="aws")
    assert result.message == "Completed: Job completed successfully with no violations."
    ids = [f"{BIG + 1},{BIG},0", f"{BIG},{BIG},0", f",{BIG + 3},0"]
    found, _ = measure("MulticlassClassification", ids)
    assert found["accuracy"]["value"] == 0.5 and list(found["confusion_matrix"]) == [
        str(BIG),
        str(BIG + 1),
    ]


def test_text_among_codes(measure):
    found, _ = measure("MulticlassClassification", ["1,1.0,0", "2.0,2,0", "other,1e0,0"])
    assert found["confusion_matrix"]["other"] == {"1": 1, "2": 0, "other": 0}
    assert found["accuracy"]["value"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("words", [("true", "false"), ("True", "False"), ("TRUE", "FALSE")])
@pytest.mark.parametrize("given", ["01", "words", "other words"])
def test_booleans_against_zero_and_one(measure, words, given):
    said = {"01": ("1", "0"), "words": words, "other words": ("true", "false")}[given]
    lines = [f"{words[0]},{said[0]},0", f"{words[1]},{said[0]},0", f"{words[1]},{said[1]},0"]
    positive = 1 if given == "01" else words[0]
    found, _ = measure(
        "BinaryClassification", lines, Columns("label", "pred", positive_label=positive)
    )
    assert found["recall"]["value"] == 1 and found["precision"]["value"] == 0.5


def test_a_number_that_is_none_leaves_the_row_out(measure):
    lines = ["1,1,0", "2,2.5,0", "n/a,3,0", "4,inf,0", "NaN,1,0", "3,3,0"]
    found, result = measure("Regression", lines)
    assert result.rows == 3 and found["mae"]["value"] == pytest.approx(1 / 6)
    assert sum(one.rows for one in result.not_measured) == 3
    with pytest.raises(
        ValueError, match=r"No row can be measured \(2 rows read\): 2 rows of label"
    ):
        measure("Regression", ["x,1,0", "y,2,0"])


def test_a_probability_that_is_none_leaves_the_row_out(measure):
    lines = ["1,1,0.9", "0,0,0.2", "1,0,", "0,1,1.5", "1,1,n/a", "1,1,1.0000001"]
    columns = Columns("label", "pred", "p")
    found, result = measure("BinaryClassification", lines, columns)
    assert result.rows == 3 and found["auc"]["value"] == 1
    assert [(one.name, one.rows) for one in result.not_measured] == [("probability", 3)]
    found, result = measure("BinaryClassification", ["1,1,", "0,0,", "1,0,7"], columns)
    assert result.rows == 3 and "auc" not in found
    assert result.not_measured[0].reason == "no row has a probability from 0 to 1"


MIXED = [
    ([0, 1] * 60, ["0", "1"] * 60),
    (["0", "1"] * 60, [0, 1] * 60),
    ([True, False] * 60, ["True", "False"] * 60),
    (np.array([0, "1"] * 60, object), [0, 1] * 60),
]


@pytest.mark.parametrize(("labels", "predictions"), MIXED)
def test_text_against_numbers_is_refused_everywhere(labels, predictions):
    scores = [0.2, 0.8] * 60
    for call in (
        lambda: evaluate("binary", labels, predictions, scores, positive_label=1),
        lambda: evaluate("multiclass", labels, predictions),
        lambda: model_quality.statistics("BinaryClassification", labels, predictions),
        lambda: accuracy_estimate.fit(labels, predictions, scores),
    ):
        with pytest.raises(ValueError, match="mix strings and numbers"):
            call()


def test_booleans_are_numbers_beside_numbers_everywhere():
    truth, said = np.arange(300) % 3 == 0, (np.arange(300) % 2 == 0).astype(int)
    scores = np.where(said, 0.8, 0.2)
    whole = evaluate("binary", truth.astype(int), said, scores)
    assert evaluate("binary", truth, said, scores) == whole
    assert evaluate("binary", truth.astype(int), said.astype(bool), scores) == whole
    fitted = accuracy_estimate.fit(truth, said, scores)
    assert fitted == accuracy_estimate.fit(truth.astype(int), said, scores)
    estimate = accuracy_estimate.estimate(fitted, said.astype(bool), scores)
    assert estimate == accuracy_estimate.estimate(fitted, said, scores)
    with pytest.raises(ValueError, match="mix strings and numbers"):
        accuracy_estimate.estimate(fitted, said.astype(str), scores)


@given(st.lists(st.tuples(*[st.sampled_from(["0", "1", "1.0", "2", "a", "b"])] * 2), min_size=1))
def test_files_and_arrays_agree(pairs):
    labels, predictions = (pd.Series(side, dtype=object) for side in zip(*pairs, strict=True))
    read, _ = classes.read([labels, predictions])
    plain = {"1.0": "1"}
    same = [plain.get(a, a) == plain.get(b, b) for a, b in pairs]
    found = evaluate("multiclass", *read)
    assert found.metrics["accuracy"].value == pytest.approx(np.mean(same))


def test_metrics_without_a_value_say_why():
    def why(*arguments, **more):
        return {one.name: one.reason for one in evaluate(*arguments, **more).not_measured}

    assert why("binary", [0, 1], [0, 1]) == {
        "area_under_roc": "there are no probabilities",
        "area_under_pr": "there are no probabilities",
    }
    one = why("binary", [1, 1], [1, 1], [0.9, 0.8])
    assert one["area_under_roc"] == "the labels hold one class only"
    assert why("binary", [0, 1], [0, 0], [0.1, 0.2])["precision"] == (
        "the predictions hold one class only"
    )
    assert why("regression", [2, 2], [2, 3])["r2"] == "all labels are equal"
    assert why("binary", [0, 1], [0, 1], [0.1, 0.9]) == {}


def test_which_rows_count():
    vectors = [[0.2, 0.8], [0.5, 0.5], None, [0.1, 2.0]]
    fine, scores, left = usable("multiclass", {"label": ["a"] * 4}, vectors)
    assert fine.tolist() == [True, True, False, False] and scores.shape == (4, 2)
    assert [(one.name, one.rows) for one in left] == [("probability", 2)]
    fine, scores, left = usable("multiclass", {"label": ["a"] * 2}, [[0.5, 0.5], [1.0]])
    assert fine.all() and scores is None and "not as many" in left[0].reason
    fine, _, left = usable("binary", {"label": np.array(["M", "B", "?"])}, classes=["M", "B"])
    assert fine.tolist() == [True, True, False] and left[0].reason == "the label is no known class"


def test_blanks_around_a_cell_do_not_count():
    sides, positive = classes.read(
        [pd.Series(["a", " a", "b "]), pd.Series(["a ", "a", "b"])], " b"
    )
    assert [side.tolist() for side in sides] == [["a", "a", "b"]] * 2
    assert positive == "b"
    sides, positive = classes.read([pd.Series([" 1", "0"]), pd.Series(["1.0 ", "\ttrue"])])
    assert [side.tolist() for side in sides] == [[1, 0], [1, 1]]
