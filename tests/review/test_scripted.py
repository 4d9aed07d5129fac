"""The scripted reviewer: it answers all tasks by their labels, with errors at the given rate."""

from datetime import timedelta

import pytest

from model_monitoring import review
from model_monitoring.review.scripted import review_all

from .conftest import SECRET
from .samples import scored

LABELS = {f"{letter}{number}": "malignant" for letter in "ab" for number in range(20)}


@pytest.fixture
def tasks(store):
    for number in range(20):
        rows = scored(f"a{number}", f"b{number}")
        store.add(
            f"t{number}",
            review.default_template(),
            rows,
            prediction=("first", "last", "never")[number % 3],
        )
    return store.tasks


def invite(valid=1):
    return review.invitation(SECRET, "scripted", timedelta(hours=valid))


def test_all_tasks_get_the_labels(site, tasks):
    assert review_all(site, invite(), LABELS) == LABELS
    for task in tasks.values():
        assert set(review.labels(task.answers["scripted"].content, task.task_input).values()) == {
            "malignant"
        }
    assert tasks["t1"].answers["scripted"].first == tasks["t1"].answers["scripted"].content


def test_errors_follow_the_rate_and_the_seed(site, tasks):
    given = review_all(site + "/", invite(), LABELS, error_rate=0.3, seed=7)
    wrong = {row for row, label in given.items() if label == "benign"}
    assert 5 <= len(wrong) <= 20
    for task in tasks.values():
        task.answers.clear()
        task.drafts.clear()
    assert review_all(site, invite(), LABELS, error_rate=0.3, seed=7) == given


def test_a_refused_invitation_is_reported(site):
    with pytest.raises(RuntimeError, match=r"401.*isn't valid"):
        review_all(site, invite(-1), {})


def test_an_unknown_row_is_reported(site, tasks):
    with pytest.raises(KeyError, match="a0"):
        review_all(site, invite(), {})
