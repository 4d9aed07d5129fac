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
        lambda lesson: "**less**" in lesson.text(COUNTED)
        and lesson.number(COUNTED, r"in (\d+)") >= 7,
    ),
    Tie(
        "trained on the reviewed rows alone, was held back",
        lambda lesson: re.search(r"Reviewed alone.*held back", lesson.text(VERDICT)) is not None,
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
