"""Notebook 08: what its sentences rest on."""

import re

from tests.notebooks.sentences import Lesson, Tie

older = r"([\d.]+)"
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
    Tie(
        "young people repaid less often than older ones, and women less often than men",
        lambda lesson: (
            all(
                lesson.number("320e18f7", rf"{sex} +{older}") > lesson.number("320e18f7", pattern)
                for sex, pattern in (
                    ("female", r"female +[\d.]+ +([\d.]+)"),
                    (r"\bmale", r"\bmale +[\d.]+ +([\d.]+)"),
                )
            )
            and lesson.number("320e18f7", rf"\bmale +{older}")
            > lesson.number("320e18f7", rf"female +{older}")
        ),
        always=True,
    ),
    Tie(
        "and these loans don't show that it does",
        lambda lesson: (
            re.search(r"sex +female .* False", lesson.text("16368db6")) is not None
            and re.search(r"sex +female .* False", lesson.text("9b26e127")) is None
        ),
    ),
    Tie(
        "They are never stored, because they aren't real traffic",
        lambda lesson: "payload table: 300" in lesson.text("b7e35be5"),
        always=True,
    ),
]
FACTS = {
    "Half of the loans train the model; a fifth is kept": "the cell below: test_size 0.5 and 0.6",
    "as long as people of 62 or more": "Regulation B",
    "12 CFR 1002.6(b)(2)": "Regulation B",
}
