"""From answers to labels: one label per row, how it was decided, and its way into the feedback."""

import dataclasses

import pytest

from model_monitoring import review
from model_monitoring.datamart.reviews.deciding import resolved

from .conftest import small_record
from .reviewing import answer, enable, log, work


def row(mart, number=0):
    return mart.reviews.get(mart.reviews.list()["task_id"].iloc[number])["rows"][0]


def test_one_reviewers_label_joins_the_feedback_and_changes_quality(mart, small):
    log(small, [0.5] * 4 + [0.95] * 6)
    small.feedback_logging.store([{"scoring_id": f"r{i}-1", "diagnosis": 1} for i in range(4, 10)])
    small.quality_monitoring.enable(threshold=0.8, min_records=5)
    assert small.quality_monitoring.run()["metrics"]["accuracy"] == 1.0
    enable(mart, small)
    mart.reviews.create(small)
    for label in ("benign", "benign", "malignant", "benign"):
        work(mart.reviews.queue(), "anna", label)
    run = small.quality_monitoring.run()
    assert (run["records"], run["metrics"]["accuracy"]) == (10, pytest.approx(0.7))
    assert small.feedback_logging.get_table_content()["diagnosis"].tolist() == [1] * 6 + [
        0,
        0,
        1,
        0,
    ]


def test_each_label_shows_where_it_came_from(mart, small, query):
    log(small, [0.5, 0.6])
    small.feedback_logging.store([{"scoring_id": "r1-1", "diagnosis": 1}])
    enable(mart, small)
    mart.reviews.create(small)
    work(mart.reviews.queue(), "anna", "benign", reason="smooth edges")
    work(mart.reviews.queue(), "ben", "benign")
    view = (
        "SELECT scoring_id, prediction, label, decided_by, feedback, reviewers"
        f" FROM {small.database.schema}."
    )
    assert query(view + "reviewed_labels ORDER BY 1") == [
        ("r0-1", "malignant", "benign", "single", "stored", ["anna"]),
        # The first label stays
        ("r1-1", "malignant", "benign", "single", "conflict", ["ben"]),
    ]
    assert small.feedback_logging.get_table_content().sort_values("size")["diagnosis"].tolist() == [
        0,
        1,
    ]
    assert query(f"SELECT reason FROM {small.database.schema}.review_label ORDER BY reviewer") == [
        ("smooth edges",),
        (None,),
    ]


def test_a_label_that_was_already_there_is_not_a_conflict(mart, small):
    log(small, [0.5])
    enable(mart, small)
    mart.reviews.create(small)
    small.feedback_logging.store([{"scoring_id": "r0-1", "diagnosis": "benign"}])
    work(mart.reviews.queue(), "anna", "benign")
    assert row(mart)["feedback"] == "there"
    assert small.feedback_logging.store([{"scoring_id": "r0-1", "diagnosis": 0}]).skipped == 1


@pytest.mark.parametrize("positive", ["malignant", 1])
def test_every_kind_of_label_reaches_its_column(mart, asset, positive):
    kinds = {"text": ["B", "M"], "number": [0.5, 1.5], "truth": {"no": False, "yes": True}}
    for name, values in kinds.items():
        subscription = mart.subscriptions.add(
            asset(name=name, feature_columns=["size"], label_values=values)
        )
        given = list(values.values()) if isinstance(values, dict) else values
        record = small_record(f"{name}", values=((1.0,),), answers=((0.5, given[0]),))
        record.request["fields"] = ["size"]
        subscription.payload_logging.store(record)
        enable(mart, subscription)
        mart.reviews.create(subscription)
        task = mart.reviews.queue().claim("anna", None)
        mart.reviews.queue().submit(
            "anna", task.task_id, answer(task, task.task_input["labels"][1])
        )
        assert subscription.feedback_logging.get_table_content()["diagnosis"].tolist() == [given[1]]


def test_a_row_is_settled_if_reviewers_agree(mart, small):
    log(small, [0.5])
    enable(mart, small, task_count=2)
    mart.reviews.create(small)
    work(mart.reviews.queue(), "anna", "benign")
    assert small.feedback_logging.get_records_count() == 0
    work(mart.reviews.queue(), "ben", "benign")
    assert (row(mart)["label"], row(mart)["decided_by"]) == ("benign", "unanimous")
    with pytest.raises(review.NoTask):
        mart.reviews.queue().claim("carla", None)


def test_if_reviewers_differ_one_more_decides(mart, small):
    log(small, [0.5])
    enable(mart, small, task_count=2)
    mart.reviews.create(small)
    store = mart.reviews.queue()
    work(store, "anna", "benign")
    work(store, "ben", "malignant")
    assert mart.reviews.list()[["state", "answers", "wanted"]].values.tolist() == [["open", 2, 3]]
    with pytest.raises(review.NoTask):
        store.claim("anna", None)  # a reviewer who has answered can't be the additional one
    assert small.feedback_logging.get_records_count() == 0
    work(store, "carla", "malignant")
    assert (row(mart)["label"], row(mart)["decided_by"], row(mart)["feedback"]) == (
        "malignant",
        "majority",
        "stored",
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["a"], ("a", "single")),
        ([None], (None, "single")),
        (["a", "a"], ("a", "unanimous")),
        (["a", "b", "a"], ("a", "majority")),
        (["a", "b", "c"], ("c", "adjudicator")),
        (["a", "b", None], (None, "adjudicator")),
        (["a", None, None], (None, "majority")),
        (["a", "a", "b", "b", "b"], ("b", "majority")),
        (["a", "a", "b", "b", "c"], ("c", "adjudicator")),
    ],
)
def test_which_label_follows_from_answers(labels, expected):
    assert resolved(labels) == expected


def test_rows_of_a_page_are_settled_one_by_one(mart, small):
    small.payload_logging.store(
        small_record("r", values=[(float(i), "red") for i in range(3)], answers=[(0.5, 1)] * 3)
    )
    enable(mart, small, task_count=2, rows_per_task=3)
    mart.reviews.create(small)
    store = mart.reviews.queue()
    work(store, "anna", ["benign", "benign", None])
    work(store, "ben", ["benign", "malignant", None])
    work(store, "carla", ["malignant", "malignant", None])
    rows = mart.reviews.get(mart.reviews.list()["task_id"][0])["rows"]
    found = {
        each["scoring_id"]: (each["label"], each["decided_by"], each["feedback"]) for each in rows
    }
    assert found == {
        "r-1": ("benign", "majority", "stored"),
        "r-2": ("malignant", "majority", "stored"),
        "r-3": (None, "unanimous", None),
    }
    assert small.feedback_logging.get_records_count() == 2


def test_both_answers_of_a_blind_review_are_kept(mart, small, query):
    log(small, [0.5])
    enable(mart, small, prediction="last")
    mart.reviews.create(small)
    task = mart.reviews.queue().claim("anna", None)
    assert task.prediction == "last"
    mart.reviews.queue().submit("anna", task.task_id, answer(task, "malignant", first="benign"))
    assert query(f"SELECT first_label, label FROM {small.database.schema}.review_label") == [
        ("benign", "malignant")
    ]
    assert small.feedback_logging.get_table_content()["diagnosis"].tolist() == [1]


OWN = """<crowd-form>{% for row in task.input.rows %}
    <input name="True Prediction" type="radio" value="0"><input name="True Prediction" type="radio"
        value="1">
{% endfor %}</crowd-form>"""


def test_a_custom_template_names_the_field_for_the_label(mart, small):
    log(small, [0.5])
    enable(mart, small, template=OWN, label_field="True Prediction")
    mart.reviews.create(small)
    task = mart.reviews.queue().claim("anna", None)
    said = dataclasses.replace(
        answer(task, None), content={"True Prediction": {"0": False, "1": True}}
    )
    mart.reviews.queue().submit("anna", task.task_id, said)
    assert row(mart)["label"] == "malignant"  # malignant is predicted as 1


def test_create_reports_what_a_template_cannot_show(mart, small):
    log(small, [0.5])
    enable(mart, small, template=OWN + "<my-chart></my-chart>", label_field="True Prediction")
    notes = mart.reviews.create(small).notes
    assert len(notes) == 1 and notes[0].startswith(
        "template: <my-chart> isn't among the elements drawn here"
    )


def test_a_template_without_a_label_for_each_row_is_refused_before_tasks_are_made(mart, small):
    log(small, [0.5])
    enable(mart, small, template=OWN, label_field="Prediction")
    with pytest.raises(
        ValueError, match=r"asks 0 times for 'Prediction', but a task has 1 row:.*No task was made"
    ):
        mart.reviews.create(small)
    assert mart.reviews.list().empty
