"""Erasing a person's row also erases what was shown, typed and decided about it."""

import threading

import psycopg2
import pytest

from model_monitoring import review

from .conftest import small_record
from .reviewing import answer, enable, log, work


def mentions(query, small, text):
    """The tables of the data mart that contain a string, except in the request's tombstone."""
    schema = small.database.schema
    tables = query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema)
    held = {
        name
        for (name,) in tables
        if query(f'SELECT 1 FROM {schema}."{name}" t WHERE t::text ~ %s LIMIT 1', text)
    }
    return held - {"scoring_key"}


@pytest.fixture
def page(mart, small):
    """One task with three rows; the second has a value of its own."""
    values = [(1.0, "red"), (2.0, "chartreuse"), (3.0, "red")]
    small.payload_logging.store(small_record("r", values=values, answers=[(0.5, 1)] * 3))
    enable(mart, small, rows_per_task=3)
    mart.reviews.create(small)
    return mart.reviews.queue()


def test_the_task_copies_no_features(page, small, query):
    page.claim("anna", None)
    assert {
        name for name in mentions(query, small, "chartreuse") if not name.startswith("payload_")
    } == set()


def test_columns_that_are_never_stored_vanish_from_tasks_too(page, small):
    small.payload_logging.enable(never_store=["colour"])
    assert page.claim("anna", None).task_input["rows"][1]["features"][1] == {
        "name": "colour",
        "value": None,
    }


def test_an_open_task_is_deleted_with_its_draft_and_its_other_rows_are_sent_again(
    page, mart, small, query
):
    task = page.claim("anna", None)
    page.save_draft("anna", task.task_id, {"typed": "the chartreuse one"})
    assert small.payload_logging.delete_records(["r-2"]) == 1
    assert not mentions(query, small, "chartreuse") and not mentions(query, small, r"\mr-2\M")
    with pytest.raises(review.TaskGone, match="deleted"):
        page.submit("anna", task.task_id, answer(task, ["benign"] * 3))
    assert small.feedback_logging.get_records_count() == 0
    assert mart.reviews.create(small) == (1, 2, 0, {"score": 2}, [])


def test_a_completed_task_keeps_its_other_rows(page, mart, small, query):
    work(page, "anna", ["benign"] * 3, reason=["", "chartreuse is no colour", "fine"])
    small.payload_logging.delete_records(["r-2"])
    assert not mentions(query, small, "chartreuse") and mentions(query, small, r"\mfine\M") == {
        "review_label"
    }
    details = mart.reviews.get(mart.reviews.list()["task_id"][0])
    assert [row["scoring_id"] for row in details["rows"]] == ["r-1", "r-3"]
    # One form for all rows: what was typed can't be separated by row
    assert details["answers"][0]["content"] is None
    small.payload_logging.delete_records(["r"])
    assert mart.reviews.list().empty
    assert not mentions(query, small, r"\mr-\d")


def test_old_months_are_dropped_with_their_reviews(mart, small):
    log(small, [0.5], prefix="old", scoring_timestamp="2024-01-01T00:00:00Z")
    log(small, [0.5], prefix="new")
    enable(mart, small)
    mart.reviews.create(small)
    small.payload_logging.enable(keep_days=90)
    mart.maintain()
    tasks = mart.reviews.list()["task_id"]
    assert [mart.reviews.get(task)["rows"][0]["scoring_id"] for task in tasks] == ["new0-1"]


def test_a_row_erased_while_its_answer_arrives_gets_no_label(
    page, mart, small, database_url, query
):
    """Erasing has begun when the answer comes.

    The answer waits for that transaction, and then there is no task.
    """
    task = page.claim("anna", None)
    schema, outcome = small.database.schema, []

    def submit():
        try:
            outcome.append(page.submit("anna", task.task_id, answer(task, ["benign"] * 3)))
        except review.TaskGone as gone:
            outcome.append(gone)

    eraser = psycopg2.connect(database_url)
    with eraser, eraser.cursor() as cursor:
        cursor.execute(f"DELETE FROM {schema}.payload_1 WHERE row_number = 2")
        waiting = threading.Thread(target=submit)
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        cursor.execute(
            f"DELETE FROM {schema}.feedback_1; DELETE FROM {schema}.review_row WHERE row_number = 2"
        )
    eraser.close()
    waiting.join(10)
    assert isinstance(outcome[0], review.TaskGone)
    assert query(f"SELECT count(*) FROM {schema}.feedback_1") == [(0,)]
