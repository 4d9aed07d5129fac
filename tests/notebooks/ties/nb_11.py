"""Notebook 11: what its sentences rest on."""

import re

from tests.notebooks.sentences import Lesson, Tie

VERDICT, TRIED, COUNTED = "6674f29d", "6f12d95e", "502d9dd1"


def distinct(lesson: Lesson, rows: str) -> int:
    """Return how many different scores a model of these rows gives."""
    return int(lesson.number(TRIED, rf"{rows}\s+[\d.]+\s+(\d+)"))


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
        "With settings for small data, the reviewed rows give a useful model",
        lambda lesson: lesson.number(TRIED, r"reviewed rows, settings.*?\s(0\.\d+)") > 0.8,
        always=True,
    ),
    Tie(
        "Mostly, hard rows taught more than random ones",
        lambda lesson: lesson.number(COUNTED, r"in (\d+)") >= 7,
        always=True,
    ),
    Tie(
        "This tutorial's own split is an exception",
        lambda lesson: "**less**" in lesson.text(COUNTED),
    ),
    Tie(
        "the others say the opposite",
        lambda lesson: (
            "**less**" in lesson.text(COUNTED) and lesson.number(COUNTED, r"in (\d+)") >= 7
        ),
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
