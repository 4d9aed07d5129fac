"""Reviewers for the tests: a subscription with scored rows, and answers as the page sends them."""

import itertools
from datetime import UTC, datetime

from model_monitoring import review
from tests.datamart.conftest import small_record

NUMBERS = itertools.count()
START = datetime(2026, 3, 1, tzinfo=UTC)


def log(small, scores, prefix="r", **more):
    """Log a request for each score, predicting malignant from 0.5 on; row ids are r0-1, r1-1 ..."""
    small.payload_logging.store(
        small_record(
            f"{prefix}{i}",
            values=((float(i), "red"),),
            answers=((score, int((score or 0) >= 0.5)),),
            **more,
        )
        for i, score in enumerate(scores)
    )


def enable(mart, small, **changes):
    """Switch review on, for scores in the middle only."""
    options = {
        "reviewers": ["anna", "ben", "carla"],
        "audit_share": 0.0,
        "violations": False,
    } | changes
    return mart.reviews.enable(small, **options)


def answer(task, labels, first=None, reason="", submission=None):
    """Answer a claimed task, with one label or reason for all rows, or one for each."""

    def content(said):
        said = (
            [said] * len(task.task_input["rows"]) if said is None or isinstance(said, str) else said
        )
        options = task.task_input["labels"]
        labels = [
            {option: option == label for option in {*options, label or options[0]}}
            for label in said
        ]
        reasons = [reason] * len(labels) if isinstance(reason, str) else reason
        one = len(labels) == 1
        return {"label": labels[0] if one else labels, "reason": reasons[0] if one else reasons}

    return review.Answer(
        content=content(labels),
        first=None if first is None else content(first),
        accepted=task.accepted,
        submitted=datetime.now(UTC),
        submission=submission or f"submission-{next(NUMBERS)}",
    )


def work(store, reviewer, labels, **more):
    """Claim the next task and answer it."""
    task = store.claim(reviewer, None)
    store.submit(reviewer, task.task_id, answer(task, labels, **more))
    return task
