"""Notebook 10: what its sentences rest on."""

import re

from tests.notebooks.sentences import Lesson, Tie

KAPPA, NEXT, ALL, SETS = "c1a50b22", "c2db1ed3", "24b6b911", "e6ac1938"


def grown(lesson: Lesson, what: str) -> float:
    """Return the share by which a count of the training set grows."""
    before = lesson.number(NEXT, rf"{what}\s+(\d+)")
    return lesson.number(NEXT, rf"{what}\s+\d+\s+(\d+)") / before - 1


def width(lesson: Lesson) -> float:
    """Return the width of kappa's interval."""
    return lesson.number(KAPPA, r"to (-?[\d.]+)") - lesson.number(KAPPA, r"interval (-?[\d.]+)")


def metrics(lesson: Lesson) -> list[list[float]]:
    """Return the metrics of the laboratory's labels, and those with the reviewers' too."""
    rows = re.findall(r"^\d+ +(.+)$", lesson.text("770baaf1"), re.M)
    return [[float(value) for value in row.split()] for row in rows]


def tasks(lesson: Lesson) -> float:
    """Return the number of tasks, as the key figures say it."""
    return lesson.number(ALL, r"(\d+) of")


TIES = [
    Tie(
        "their estimate is higher than the whole day's accuracy",
        lambda lesson: (
            lesson.number("eb11d05e", r"before\s+\d+\s+([\d.]+)")
            > lesson.number(SETS, r"were known\s+([\d.]+)")
        ),
        always=True,
    ),
    Tie(
        "The interval is wide, unless all answers agree",
        lambda lesson: width(lesson) > 0.25 or lesson.number(KAPPA, r"kappa (-?[\d.]+);") == 1,
        always=True,
    ),
    Tie(
        "show that the two agree more than by chance, but not how well",
        lambda lesson: lesson.number(KAPPA, r"interval (-?[\d.]+)") > 0,
        always=True,
    ),
    Tie(
        "The training set has hardly grown, but its part about which the model is unsure has",
        lambda lesson: grown(lesson, "unsure") > 2 * grown(lesson, "cases"),
        always=True,
    ),
    Tie(
        "The reviewed rows were chosen for being hard",
        lambda lesson: (
            lesson.number(SETS, r"reviewed rows\s+([\d.]+)")
            < lesson.number(SETS, r"were known\s+([\d.]+)")
        ),
        always=True,
    ),
    Tie(
        "sent about a fifth of the day's rows to people",
        lambda lesson: (
            0.15
            < lesson.number(ALL, r"(\d+) of \d+ rows") / lesson.number(ALL, r"of (\d+) rows")
            < 0.27
        ),
        always=True,
    ),
    Tie(
        "All tasks are completed",
        lambda lesson: lesson.number("0377c86d", r"completed +(\d+)") == tasks(lesson),
        always=True,
    ),
    Tie(
        "so the model looks worse on them than it is",
        lambda lesson: (
            lesson.number("e6ac1938", r"reviewed rows +([\d.]+)")
            < lesson.number("e6ac1938", r"were known +([\d.]+)")
        ),
        always=True,
    ),
    Tie(
        "The library computes the same kappa",
        lambda lesson: (
            lesson.number(KAPPA, r"kappa (-?[\d.]+);")
            == lesson.number("5d7962dd", r"(-?[\d.]+) +\S+ +\S+ *$")
        ),
        always=True,
    ),
]
FACTS = {
    "if they disagree, a third decides": "the setting task_count, and who is asked next",
    "after a third reviewer had looked": "the same",
    "went to a third, who is in neither table": "datamart.reviews.agreement: INDEPENDENT",
    "with a third if they disagree": "the setting task_count, and who is asked next",
    "these patients now count twice": "both runs label the same held-out patients",
    "a prediction with a score of 0.4": "an example",
    "keep a fifth of the time for the audit": "advice",
}
