"""The queue: who gets which task, for how long, and answers that are late, repeated or in vain."""

import dataclasses
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart, review
from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.datamart.reviews import describing

from .conftest import small_record
from .reviewing import answer, enable, log, work


@pytest.fixture
def make(mart, small):
    """Make tasks, one for each score, and return the queue."""

    def tasks(count=3, **rule):
        log(small, [0.5] * count)
        enable(mart, small, **rule)
        mart.reviews.create(small)
        return mart.reviews.queue()

    return tasks


@pytest.fixture
def expire(query, mart, small):
    return lambda: query(
        f"UPDATE {small.database.schema}.review_claim SET expires_at = now() - interval '1 second'"
    )


def test_a_reviewer_sees_rows_beside_the_training_data(mart, small, make):
    task = make(1, instructions="Look twice.").claim("anna", None)
    row = task.task_input["rows"][0]
    assert task.task_input["instructions"] == "Look twice." and task.task_input["labels"] == [
        "benign",
        "malignant",
    ]
    assert row["id"] == "r0-1" and row["reasons"] == ["score between 0.1 and 0.9"]
    assert row["features"] == [{"name": "size", "value": 0.0}, {"name": "colour", "value": "red"}]
    assert row["prediction"] == {"label": "malignant", "score": 0.5}
    assert task.title == "small #1" and task.draft is None and task.prediction == "first"
    assert timedelta(0) < task.lock_expires - datetime.now(UTC) <= timedelta(minutes=30)


def test_values_are_shown_beside_their_distribution_in_training(mart, small):
    sizes, colours = np.arange(1, 201) / 10, ["red"] * 150 + ["blue"] * 50
    small.payload_logging.store(
        small_record(
            "r", values=[(7.0, "blue"), (7.0, "green"), (None, None)], answers=[(0.5, 1)] * 3
        )
    )
    small.drift_monitoring.enable(pd.DataFrame({"size": sizes, "colour": colours}))
    enable(mart, small, rows_per_task=3)
    mart.reviews.create(small)
    rows = mart.reviews.queue().claim("anna", None).task_input["rows"]
    size, colour = rows[0]["features"]
    assert (size["name"], size["value"], size["low"], size["median"], size["high"]) == (
        "size",
        7.0,
        1.0,
        10.0,
        19.0,
    )
    assert len(size["bars"]) == 12 and max(size["bars"]) == 1 and min(size["bars"]) > 0.8  # uniform
    assert colour == {"name": "colour", "value": "blue", "share": 0.25}
    assert rows[1]["features"][1]["share"] == 0.0
    assert [feature["value"] for feature in rows[2]["features"]] == [None, None]


@pytest.mark.parametrize(
    "values", [[7.0] * 20, [1.00051, 1.0024] * 10, [1e-300, 1e140] * 10, [None] * 20]
)
def test_unusual_distributions_are_drawn_too(values):
    statistics = profile(pd.DataFrame({"size": values}, dtype=float)).statistics()
    found = describing.distributions(statistics, ["size"])
    assert all(0 <= bar <= 1 for bar in found.get("size", {}).get("bars", []))
    json.dumps(found, allow_nan=False)


def test_a_row_that_was_explained_is_shown_with_its_explanation(mart, small, make, query):
    store = make(1)
    content = {"attributions": [{"feature": "size", "value": 0.0, "attribution": -1.5}]}
    for revision, weight in (("old", 3.0), ("new", -1.5)):
        content["attributions"][0]["attribution"] = weight
        schema = small.database.schema
        query(
            f"INSERT INTO {schema}.explanation"
            " SELECT subscription_id, scoring_id, record_id, row_number, %s, clock_timestamp(), %s"
            f" FROM {schema}.review_row",
            revision,
            json.dumps(content),
        )
    assert store.claim("anna", None).task_input["rows"][0]["explanation"] == [
        {"name": "size", "weight": -1.5}
    ]


def test_the_reviewers_own_task_comes_first_then_the_oldest(make):
    store = make()
    first = store.claim("anna", None)
    assert first.task_input["rows"][0]["id"] == "r0-1"
    assert store.claim("ben", None).task_input["rows"][0]["id"] == "r1-1"
    assert store.claim("anna", None).task_id == first.task_id
    queue = store.queue("anna", 10)
    assert (queue.tasks[0].task_id, queue.tasks[0].state) == (first.task_id, "mine")
    assert (len(queue.tasks), queue.waiting, queue.done) == (2, 2, 0)


def test_the_reviewers_own_task_comes_before_older_ones(make):
    store = make()
    newest = store.queue("anna", 10).tasks[-1]
    assert (
        store.claim("anna", newest.task_id).task_id
        == store.claim("anna", None).task_id
        == newest.task_id
    )


def test_a_draft_is_deleted_once_it_cannot_be_sent_anymore(mart, make, expire, query, small):
    store = make(2)
    for _ in range(2):
        store.save_draft("anna", store.claim("anna", None).task_id, {"typed": "much"})
        expire()
        if len(mart.reviews.list("open")) == 2:
            work(store, "ben", "benign")
    mart.reviews.stop(mart.reviews.list("open")["task_id"][0])
    assert query(f"SELECT count(*) FROM {small.database.schema}.review_claim") == [(0,)]


def test_who_holds_a_task_is_listed(mart, make):
    make(1).claim("anna", None)
    assert mart.reviews.list()["held_by"][0] == ["anna"]


def test_answered_tasks_are_listed_last(make):
    store = make()
    done = work(store, "anna", "benign")
    queue = store.queue("anna", 10)
    assert [summary.state for summary in queue.tasks] == ["open", "open", "done"]
    assert (queue.tasks[-1].task_id, queue.waiting, queue.done) == (done.task_id, 2, 1)
    assert len(store.queue("anna", 1).tasks) == 1


def test_only_reviewers_of_the_subscription_see_its_tasks(mart, small, make):
    store = make(reviewers=["anna"])
    task = store.claim("anna", None)
    assert store.queue("ben", 10) == review.Queue([], 0, 0)
    with pytest.raises(review.NoTask):
        store.claim("ben", None)
    with pytest.raises(review.TaskGone, match="no such task for you"):
        store.claim("ben", task.task_id)
    # The rule says who may answer, even for tasks that already wait
    enable(mart, small, reviewers=["ben"])
    with pytest.raises(review.TaskGone):
        store.submit("anna", task.task_id, answer(task, "benign"))


def test_nobody_else_gets_a_claimed_task_until_the_lock_ends(make, expire):
    store = make(1)
    task = store.claim("anna", None)
    with pytest.raises(review.TaskTaken, match="Somebody else"):
        store.claim("ben", task.task_id)
    with pytest.raises(review.NoTask):
        store.claim("ben", None)
    expire()
    assert store.claim("ben", None).task_id == task.task_id


def test_claiming_again_keeps_the_draft_and_the_time(make, expire):
    store = make(1)
    task = store.claim("anna", None)
    store.save_draft("anna", task.task_id, {"form": [["label", "benign"]]})
    again = store.claim("anna", task.task_id)
    assert again.draft == {"form": [["label", "benign"]]}
    assert again.accepted == task.accepted and again.lock_expires > task.lock_expires
    expire()
    later = store.claim("anna", task.task_id)
    # The pause doesn't count as time spent
    assert later.draft == again.draft and later.accepted > task.accepted


def test_a_draft_needs_the_lock(make, expire):
    store = make(1)
    task = store.claim("anna", None)
    with pytest.raises(review.TaskTaken):
        store.save_draft("ben", task.task_id, {})
    expire()
    store.claim("ben", None)
    with pytest.raises(review.TaskTaken):
        store.save_draft("anna", task.task_id, {})


def test_an_answer_is_accepted_after_the_lock_expired_unless_somebody_else_took_the_task(
    make, expire
):
    store = make(2)
    late, later = store.claim("anna", None), store.claim("ben", None)
    expire()
    assert store.submit("anna", late.task_id, answer(late, "benign")).task_id == late.task_id
    store.claim("carla", later.task_id)
    with pytest.raises(review.TaskTaken):
        store.submit("ben", later.task_id, answer(later, "benign"))


def test_an_answer_needs_a_claim(make):
    store = make(2)
    task = store.claim("anna", None)
    other = next(each for each in store.queue("anna", 5).tasks if each.task_id != task.task_id)
    with pytest.raises(review.TaskTaken, match="Open the task first"):
        store.submit("ben", other.task_id, answer(task, "benign"))


def test_the_same_form_sent_twice_is_one_answer(mart, make, small):
    store = make(1)
    task = store.claim("anna", None)
    said = answer(task, "benign")
    receipt = store.submit("anna", task.task_id, said)
    assert store.submit("anna", task.task_id, said) == receipt
    with pytest.raises(review.AlreadyAnswered):  # another tab
        store.submit("anna", task.task_id, answer(task, "malignant"))
    with pytest.raises(review.AlreadyAnswered):
        store.claim("anna", task.task_id)
    mart.reviews.delete(task.task_id)
    assert store.submit("anna", task.task_id, said) == receipt  # whatever has become of the task
    assert small.feedback_logging.get_records_count() == 1


def test_the_same_form_sent_eight_times_at_once_is_one_answer(make, query, small):
    store = make(1)
    task = store.claim("anna", None)
    said = answer(task, "benign")
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: store.submit("anna", task.task_id, said), range(8)))
    assert len(set(receipts)) == 1
    assert query(f"SELECT count(*) FROM {small.database.schema}.review_label") == [(1,)]


def test_stopped_and_deleted_tasks_accept_no_answer(mart, make, query, small):
    store = make(3)
    stopped, deleted = store.claim("anna", None), store.claim("ben", None)
    mart.reviews.stop(stopped.task_id)
    mart.reviews.delete(deleted.task_id)
    with pytest.raises(review.TaskGone, match="stopped"):
        store.submit("anna", stopped.task_id, answer(stopped, "benign"))
    with pytest.raises(review.TaskGone, match="deleted"):
        store.submit("ben", deleted.task_id, answer(deleted, "benign"))
    with pytest.raises(review.TaskGone):
        store.save_draft("ben", deleted.task_id, {})
    assert query(f"SELECT count(*) FROM {small.database.schema}.review_answer") == [(0,)]
    assert mart.reviews.get(stopped.task_id)["state"] == "stopped"
    with pytest.raises(ValueError, match="it is stopped"):
        mart.reviews.stop(stopped.task_id)
    for verb in (mart.reviews.get, mart.reviews.delete, mart.reviews.stop):
        with pytest.raises(ValueError, match="no review task"):
            verb(deleted.task_id)
    # The row of a deleted task may be sent again, that of a stopped task may not
    assert mart.reviews.create(small).rows == 1
    assert sorted(mart.reviews.list()["state"]) == ["open", "open", "stopped"]


def test_a_wrong_label_is_refused_and_the_task_stays(make):
    store = make(1)
    task = store.claim("anna", None)
    with pytest.raises(
        review.ReviewError, match="'maybe' is not a label: choose one of benign, malignant"
    ):
        store.submit("anna", task.task_id, answer(task, "maybe"))
    wrong = answer(task, "benign")
    with pytest.raises(review.ReviewError, match="numbers of answers and rows are 2 and 1"):
        store.submit(
            "anna",
            task.task_id,
            dataclasses.replace(wrong, content={"label": ["benign", "benign"]}),
        )
    store.submit("anna", task.task_id, answer(task, "benign"))


def test_many_reviewers_at_once_never_get_the_same_task(mart, small, database_url):
    log(small, [0.5] * 60)
    names = [f"reviewer {i}" for i in range(6)]
    enable(mart, small, reviewers=names)
    mart.reviews.create(small)
    # each with its own connections, as in several consoles
    stores = [datamart.DataMart(database_url, small.database.schema).reviews.queue() for _ in names]
    worked, begin = {name: [] for name in names}, threading.Barrier(len(names))

    def review_all(name, store):
        begin.wait()
        while True:
            try:
                worked[name].append(work(store, name, "benign").task_id)
            except review.NoTask:
                return

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(review_all, names, stores))
    tasks = [task for each in worked.values() for task in each]
    assert len(tasks) == len(set(tasks)) == 60
    assert small.feedback_logging.get_records_count() == 60


def test_several_reviewers_work_on_one_task_if_several_answers_are_wanted(make):
    store = make(1, task_count=2)
    one, two = store.claim("anna", None), store.claim("ben", None)
    assert one.task_id == two.task_id
    with pytest.raises(review.NoTask):
        store.claim("carla", None)


@pytest.mark.parametrize(
    "text", ["a\0b", "\\u0000 typed", "😀 'quoted' \"%s\" {x}", "x" * 1_000_000]
)
def test_everything_that_is_typed_is_kept(mart, make, text):
    store = make(1)
    task = store.claim("anna", None)
    store.save_draft("anna", task.task_id, {"pairs": [["reason", text]]})
    assert store.claim("anna", None).draft == {"pairs": [["reason", text.replace("\0", "")]]}
    store.submit("anna", task.task_id, answer(task, "benign", first="malignant", reason=text))
    (kept,) = mart.reviews.get(task.task_id)["answers"]
    assert kept["content"]["reason"] == kept["first"]["reason"] == text.replace("\0", "")


@pytest.mark.parametrize("name", ["", "no such task", "a\0b", "'; --", "%s"])
def test_a_task_that_never_existed(make, name):
    store = make(1)
    task = store.claim("anna", None)
    for work_on in (lambda: store.claim("anna", name), lambda: store.save_draft("anna", name, {})):
        with pytest.raises(review.TaskGone):
            work_on()
    with pytest.raises(review.TaskGone):
        store.submit("anna", name, answer(task, "benign"))
