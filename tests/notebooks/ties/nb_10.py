"""Notebook 10: what its sentences rest on."""

from tests.notebooks.sentences import Lesson, Tie

ESTIMATES = "eb11d05e"


def shift(lesson: Lesson) -> float:
    """Return by how much the reviewers' labels move the estimate."""
    before, after = (
        lesson.number(ESTIMATES, rf"{row} +\d+ +([\d.]+)") for row in ("before", "with reviewers")
    )
    return abs(after - before)


TIES = [
    Tie(
        "The estimate hardly moves, and nor does its interval",
        lambda lesson: shift(lesson) < 0.02,
        always=True,
    ),
    Tie(
        "every metric is lower than with the laboratory's alone",
        lambda lesson: lesson.number("770baaf1", r"140 +([\d.]+)")
        < lesson.number("770baaf1", r"114 +([\d.]+)"),
    ),
]
FACTS = {
    "after a third reviewer had looked": "a third person",
    "lie between the limits (10.1)": "a section",
    "a third decides": "a third person",
    "with a third if they disagree": "a third person",
}
