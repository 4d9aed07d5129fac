"""Notebook 05: what its sentences rest on."""

from tests.notebooks.sentences import Lesson, Tie

LOGGED, REST, CAPTURED, DESCRIBED = "306c6d47", "bbce6c61", "59a1302e", "edee784d"


def rows(lesson: Lesson, cell: str) -> int:
    """Return the number of rows that a cell counts in XGBoost's payload table."""
    return int(lesson.number(cell, r"(\d+) rows(?! in the payload table\n)"))


def patients(lesson: Lesson) -> int:
    return int(lesson.number(LOGGED, r"xgboost: (\d+) rows"))


TIES = [
    Tie(
        "Every patient is logged once for each model",
        lambda lesson: (
            lesson.number(LOGGED, r"linear-learner: (\d+) rows")
            == patients(lesson)
            == lesson.number("e2c3611f", r"(\d+) patients")
        ),
        always=True,
    ),
    Tie(
        "most of them near one of the two ends",
        lambda lesson: (
            lesson.number(DESCRIBED, r"25% .* ([\d.]+)\n") < 0.1
            and lesson.number(DESCRIBED, r"75% .* ([\d.]+)\n") > 0.8
        ),
        always=True,
    ),
    Tie(
        "The table has three more rows",
        lambda lesson: rows(lesson, REST) == patients(lesson) + 3,
        always=True,
    ),
    Tie(
        "The patients of section 5.2 were there already",
        lambda lesson: rows(lesson, CAPTURED) == rows(lesson, REST) + patients(lesson),
        always=True,
    ),
    Tie(
        "the table kept its 114 rows only because the ids were the same",
        lambda lesson: rows(lesson, "a5999f53") == 114,
    ),
]
FACTS = {
    "one request of three patients": "the cell below sends it",
}
