"""Notebook 11: what its sentences rest on."""

import re

from tests.notebooks.sentences import Lesson, Tie

VERDICT, TRIED, COUNTED, MOVED = "6674f29d", "6f12d95e", "502d9dd1", "1dee6afa"


def distinct(lesson: Lesson, rows: str) -> int:
    """Return how many different scores a model of these rows gives."""
    return int(lesson.number(TRIED, rf"{rows}\s+[\d.]+\s+(\d+)"))


def accuracy(lesson: Lesson, rows: str) -> float:
    """Return the accuracy of a model of these rows."""
    return lesson.number(TRIED, rf"{rows}\s+(\d\.\d+)")


TIES = [
    Tie(
        "With the recipe, random rows fail as well: the model hardly tells the patients apart",
        lambda lesson: distinct(lesson, "random rows, the recipe") <= 5,
        always=True,
    ),
    Tie(
        "Here there are fewer, so no tree can split at all",
        lambda lesson: distinct(lesson, "reviewed rows, the recipe") <= 5,
        always=True,
    ),
    Tie(
        "With settings for small data, both sets of rows give a better model",
        lambda lesson: all(
            accuracy(lesson, f"{rows} rows, settings for small data")
            > accuracy(lesson, f"{rows} rows, the recipe")
            for rows in ("reviewed", "random")
        ),
        always=True,
    ),
    Tie(
        "Mostly, hard rows taught more than random ones",
        lambda lesson: lesson.number(COUNTED, r"in (\d+)") >= 7,
        always=True,
    ),
    Tie(
        "Mostly, the cases about which a model is unsure teach it more",
        lambda lesson: lesson.number(COUNTED, r"in (\d+)") >= 7,
        always=True,
    ),
    Tie(
        "The scores move for the patients that the challenger learned from, and hardly",
        lambda lesson: (
            lesson.number(MOVED, r"learned from\s+\d+\s+([\d.]+)")
            > 3 * lesson.number(MOVED, r"others\s+\d+\s+([\d.]+)")
        ),
        always=True,
    ),
    Tie(
        "trained on the reviewed rows alone, was held back",
        lambda lesson: re.search(r"Reviewed alone.*held back", lesson.text(VERDICT)) is not None,
        always=True,
    ),
    Tie(
        "for the patients that the challenger learned from, and hardly for the others",
        lambda lesson: (
            lesson.number("1dee6afa", r"learned from +\d+ +([\d.]+)")
            > 2 * lesson.number("1dee6afa", r"others +\d+ +([\d.]+)")
        ),
        always=True,
    ),
    Tie(
        "With one call, the old model is in service again",
        lambda lesson: "score again: True" in lesson.text("9646aa64"),
        always=True,
    ),
    Tie(
        "here a log loss of 0.01, a tenth of the champion's own",
        lambda lesson: 0.08 < lesson.number("ab9b4d75", r"champion +([\d.]+)") < 0.12,
    ),
    Tie(
        "so it holds 0, and the accuracy is 96.4% against 97.3%",
        lambda lesson: (
            lesson.number("d5a33269", r"old and reviewed +-?[\d.]+ +(-?[\d.]+)")
            <= 0
            <= lesson.number("d5a33269", r"old and reviewed +-?[\d.]+ +-?[\d.]+ +(-?[\d.]+)")
            and "accuracy is 96.4%, the champion's 97.3%" in lesson.text(VERDICT)
        ),
    ),
    Tie(
        "Delete them, and look at what is left",
        lambda lesson: (
            "model breast-cancer-xgboost-challenger" in lesson.text("1de15592")
            and "endpoint config breast-cancer-xgboost-shadow" in lesson.text("1de15592")
            and "challenger" not in lesson.text("1de15592").partition("in service:")[2]
        ),
        always=True,
    ),
]
FACTS = {
    "and do so five times": "the cell below: range(5)",
    "a leaf needs at least 24 rows and a split at least 48": "6 / (1/4), and two leaves",
    "then on ten others": "the cell below: range(10)",
    "with 95% confidence": "the interval of the cell that decides",
    "leave a fifth of the patients out": "the cell below: patient % 5",
    "Take 75 rows of the training set": "the cell below",
    "against 75 random ones": "the cell below",
}
