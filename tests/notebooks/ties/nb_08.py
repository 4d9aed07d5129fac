"""Notebook 08: what its sentences rest on."""

from tests.notebooks.sentences import Lesson, Tie

PRICE = "8627c854"


def fairness(lesson: Lesson, cell: str, row: str, column: int) -> float:
    """Return a number of a row of a table."""
    return lesson.number(cell, rf"{row}\s+(?:[\d.-]+\s+){{{column}}}([\d.-]+)")


TIES = [
    Tie(
        "equality and a limit are two questions",
        lambda lesson: "equal treatment would give" in lesson.text("9101b8b6"),
    ),
    Tie(
        "Which of the two does better here is more than these few loans can say",
        lambda lesson: fairness(lesson, PRICE, "from", 1) < 0.02,
        always=True,
    ),
]
FACTS = {
    "Half of the loans train the model; a fifth is kept": "the cell below: test_size 0.5 and 0.6",
    "as long as people of 62 or more": "Regulation B",
    "12 CFR 1002.6(b)(2)": "Regulation B",
}
