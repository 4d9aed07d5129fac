"""One rule each for booleans, for nan in CSV, and for blanks around a class, by every route."""

import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart
from model_monitoring.datamart.engines import responses
from model_monitoring.datamart.postgres import values

from .test_capture_ingestion import JSON_KINDS, PREFIX, event

WORDS = {"name": "words", "label_values": ["good", "bad"], "positive_label": "bad"}


@pytest.fixture
def binary(mart, asset):
    def make(**more):
        about = {
            "name": "one rule",
            "problem_type": "binary",
            "feature_columns": ["size", "colour"],
            "categorical_columns": ["colour"],
            "probability_column": None,
        }
        return mart.subscriptions.add(asset(**(about | more)))

    return make


def scored(subscription, predictions, colours=None):
    colours = colours or ["red"] * len(predictions)
    rows = [[float(row % 7), colour] for row, colour in enumerate(colours)]
    request = {"fields": ["size", "colour"], "values": rows}
    response = {"fields": ["predicted_label"], "values": [[one] for one in predictions]}
    subscription.payload_logging.store([datamart.PayloadRecord(request, response, "a")])


@pytest.mark.parametrize(
    ("classes", "trained", "logged"),
    [
        ({"label_values": [False, True], "positive_label": True}, [0, 1], [False, True]),
        ({"label_values": [False, True], "positive_label": True}, [0.0, 1.0], [False, True]),
        ({"label_values": [False, True], "positive_label": True}, ["false", "True"], [False, True]),
        ({"label_values": [0, 1], "positive_label": 1}, [False, True], [0, 1]),
        ({"label_values": {"no": 0, "yes": 1}, "positive_label": 1}, ["no", "yes"], [0, 1]),
        ({}, [False, True], [0, 1]),
        (WORDS, [" good", "bad "], ["good", "bad"]),
    ],
)
def test_training_predictions_are_of_the_logged_type(binary, classes, trained, logged):
    subscription = binary(**classes)
    scored(subscription, logged * 100)
    training = pd.DataFrame({"size": [float(row % 7) for row in range(200)], "colour": "red"})
    training["predicted_label"] = trained * 100
    subscription.drift_monitoring.enable(training)
    run = subscription.drift_monitoring.run()
    assert run["violations"] == []
    assert run["metrics"]["violations"] == 0


def test_a_training_prediction_that_is_no_class(binary):
    subscription = binary(label_values=["good", "bad"], positive_label="bad")
    training = pd.DataFrame({"size": [1.0] * 50, "colour": "red", "predicted_label": "medium"})
    with pytest.raises(ValueError, match=r"'medium'.*'predicted_label'"):
        subscription.drift_monitoring.enable(training)


CELLS = ["red", "nan", "", "NA", "NaN", "Nan", " red"]
HELD = ["red", None, None, "NA", "NaN", "Nan", " red"]  # what a category of each is


def plain(column):
    return column.astype(object).where(column.notna(), None).tolist()


@pytest.mark.parametrize("mixed", [False, True])
def test_nan_in_captured_csv_is_a_missing_category(capturing, mixed):
    subscription, write = capturing
    subscription.payload_logging.store(
        [
            datamart.PayloadRecord(
                {"fields": ["size", "colour"], "values": [[1.5, "red"]]},
                {"fields": ["score", "predicted_label"], "values": [[0.9, 1]]},
                "first",
            )
        ]
    )
    lines = [event(f"e{row}", f"1.5,{cell}") for row, cell in enumerate(CELLS)]
    # A request in JSON has the file read line by line
    write("a", *lines, *[event("j", '[[1.5, "nan"]]', "0.9", "JSON", JSON_KINDS)] * mixed)
    subscription.payload_logging.ingest_capture(PREFIX)
    table = subscription.payload_logging.get_table_content().set_index("scoring_id")["colour"]
    assert plain(table[[f"e{row}-1" for row in range(len(CELLS))]]) == HELD
    if mixed:
        assert table["j-1"] == "nan"  # text as it is


def test_nan_in_csv_feedback(binary):
    subscription = binary()
    scored(subscription, [1])
    text = "size,colour,diagnosis\n" + "".join(f"{n},{cell},1\n" for n, cell in enumerate(CELLS))
    subscription.feedback_logging.store(text, data_header=True)
    content = subscription.feedback_logging.get_table_content()
    assert plain(content["colour"]) == HELD


@pytest.mark.parametrize(
    "classes",
    [WORDS, WORDS | {"label_values": ["good ", " bad"], "positive_label": " bad"}],
)
def test_blanks_around_a_class_do_not_count(binary, classes):
    subscription = binary(**classes)
    predictions = ["good", " good", "bad ", "\tbad"]
    scored(subscription, predictions)
    frame = pd.DataFrame({"size": 1.0, "colour": "red", "predicted_label": predictions})
    subscription.payload_logging.store(frame)
    stored = subscription.payload_logging.get_window(columns=["predicted_label"])
    assert sorted(stored["predicted_label"]) == ["bad"] * 4 + ["good"] * 4
    subscription.feedback_logging.store([{"scoring_id": "a-1", "diagnosis": "good "}])
    text = "scoring_id,diagnosis\na-2, good\na-3,bad\na-4, bad \n"
    subscription.feedback_logging.store(text, data_header=True)
    subscription.quality_monitoring.enable(min_records=1)
    assert subscription.quality_monitoring.run()["metrics"]["accuracy"] == 1


def test_blanks_around_classes_that_are_not_declared(mart, asset):
    subscription = mart.subscriptions.add(
        asset(
            feature_columns=["size", "colour"],
            categorical_columns=["colour"],
            probability_column=None,
        )
    )
    scored(subscription, ["a", " a", "b "])
    labels = [{"scoring_id": f"a-{n}", "diagnosis": one} for n, one in enumerate(" aab", 0) if n]
    subscription.feedback_logging.store(labels)
    subscription.quality_monitoring.enable(min_records=1)
    assert subscription.quality_monitoring.run()["metrics"]["accuracy"] == 1
    with pytest.raises(ValueError, match="no prediction"):
        scored(subscription, ["a", "  "])


@pytest.mark.parametrize("answers", [[True, False], np.array([True, False]), ["True", "false"]])
@pytest.mark.parametrize("classes", [[0, 1], [0.0, 1.0], None])
def test_booleans_are_classes_0_and_1(binary, classes, answers):
    subscription = binary(label_values=classes)
    scored(subscription, list(answers))
    rows = pd.DataFrame({"size": [1.0, 2.0], "colour": "red", "predicted_label": answers})
    subscription.payload_logging.store(rows)
    found = subscription.payload_logging.get_window(columns=["predicted_label"])
    assert found["predicted_label"].tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u00a0"])
def test_blank_text_is_missing_by_any_door(capturing, blank):
    small, write = capturing
    scored_by = {"fields": ["size", "colour"], "values": [[blank, blank]]}
    answer = {"fields": ["score", "predicted_label"], "values": [[0.9, 1]]}
    small.payload_logging.store([datamart.PayloadRecord(scored_by, answer, "python")])
    write("blank", event("csv", f"{blank},{blank}", "0.9"))
    assert small.payload_logging.ingest_capture(PREFIX).stored == 1
    assert small.payload_logging.get_window(columns=["size", "colour"]).isna().all(axis=None)


@pytest.mark.parametrize("beside", [[], ['[{"probability": 0.9}]']])
def test_a_prediction_follows_from_the_declared_probability(
    capturing, mart, asset, database_url, beside
):
    small, write = capturing
    mart.subscriptions.add(
        asset(
            name="named",
            source_uid="breast-cancer",
            problem_type="binary",
            feature_columns=["size", "colour"],
            categorical_columns=["colour"],
            probability_column="probability",
        )
    )
    schema = small.database.schema
    mart = datamart.DataMart(database_url, schema=schema, boto_session=small.boto_session)
    named = mart.subscriptions.get(name="named")
    answers = [f'{{"predictions": [{{"probability": {chance}}}]}}' for chance in (0.9, 0.2)]
    kinds = "application/json", "application/json"
    request = '{"size": 1.5, "colour": "red"}'
    # An answer of another form has the file read line by line
    lines = [
        event(f"e{i}", request, answer, "JSON", kinds)
        for i, answer in enumerate([*answers, *beside])
    ]
    write("named", *lines)
    assert named.payload_logging.ingest_capture(PREFIX).failed == 0
    found = named.payload_logging.get_table_content().sort_values("scoring_id")
    assert found["predicted_label"].tolist() == [1, 0, 1][: len(lines)]
    assert found["probability"].tolist() == [0.9, 0.2, 0.9][: len(lines)]


SCORED = {
    "regression": ({"problem_type": "regression"}, [0.2, 0.5, 7.5]),
    "numbers": ({"problem_type": "binary"}, [0, 1, 1]),
    "the positive one first": (
        {
            "problem_type": "binary",
            "label_values": [["y", 1], ["n", 0]],
            "positive_label": 0,
            "probability_column": "q",
        },
        [1, 0, 0],
    ),
    "words": (
        {
            "problem_type": "binary",
            "label_values": [["good"] * 2, ["bad"] * 2],
            "positive_label": "bad",
        },
        ["good", "bad", "bad"],
    ),
    "booleans": (
        {"problem_type": "binary", "label_values": [[0, False], [1, True]], "positive_label": True},
        [False, True, True],
    ),
}


@pytest.mark.parametrize("case", SCORED)
def test_bare_scores_predict_the_same_alone_and_in_bulk(case):
    about, expected = SCORED[case]
    asset = {
        "label_values": None,
        "positive_label": None,
        "prediction_column": "p",
        "probability_column": None,
    } | about
    scores = [0.2, 0.5, 7.5 if case == "regression" else 0.9]
    assert responses.of_scores(np.array(scores), asset).tolist() == expected
    one_by_one = [responses.outputs_of({"score": score}, ["p"], asset)[0] for score in scores]
    assert one_by_one == expected
    assert list(map(type, one_by_one)) == list(map(type, expected))


@pytest.mark.parametrize(("other", "positive"), [(1, 2), (2, 1), (-1, 1), (1, 0), (2.5, 4)])
def test_a_class_that_is_a_number_is_no_probability(other, positive):
    asset = {
        "problem_type": "binary",
        "label_values": [[other, other], [positive, positive]],
        "positive_label": positive,
        "prediction_column": "p",
        "probability_column": None,
    }
    answers = [other, positive, other]
    assert responses.of_scores(np.array(answers, dtype=float), asset).tolist() == answers
    found = [responses.outputs_of({"score": one}, ["p"], asset)[0] for one in answers]
    assert found == answers
    with pytest.raises(ValueError, match=r"answered 0\.3, .* declare a probability_column"):
        responses.of_scores(np.array([other, 0.3]), asset)
    scored = asset | {"probability_column": "q"}
    assert responses.of_scores(np.array([0.3, 1.0]), scored).tolist() == [other, positive]


def test_scores_that_predict_nothing():
    asset = {"label_values": None, "positive_label": None}
    for kind, scores in (("multiclass", [0.5]), ("binary", [0.5, float("nan")])):
        with pytest.raises(ValueError, match="can't be derived from a score alone"):
            responses.of_scores(np.array(scores), asset | {"problem_type": kind})


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "D"])
def test_a_time_of_numpys_is_a_time(unit):
    given = np.datetime64("2026-03-01T00:00", unit)
    assert values.utc(given) == values.utc("2026-03-01T00:00:00+00:00")
    with pytest.raises(ValueError, match="is not a datetime"):
        values.utc(np.datetime64("NaT", unit))
