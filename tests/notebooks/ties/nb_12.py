"""Notebook 12: what its sentences rest on."""

import re

from tests.notebooks.sentences import Lesson, Tie

FEATURES, SAME = "05d6bcf3", "faaf2175"
ON_PURPOSE = {
    "data_drift_magnitude",  # notebook 07
    "drifted_features",
    "violations",
    "health",  # notebook 11
    "area_under_roc",  # notebook 06
    "fairness_score",  # notebook 08
}


def counts(lesson: Lesson) -> list[int]:
    return [int(number) for number in re.findall(r"(\d+)\s*$", lesson.text(FEATURES), re.M)]


TIES = [
    Tie(
        "Malignant nuclei are larger on average",
        lambda lesson: all(
            float(large) > float(small)
            for small, large in zip(*table_rows(lesson.text("45046915")), strict=True)
        ),
        always=True,
    ),
    Tie(
        "Only the requests that notebook 05 timed itself have a response time",
        lambda lesson: lesson.text("ae88fae9").count("slower than a second: 0") == 2,
        always=True,
    ),
    Tie(
        "On the same patients, few diagnoses change",
        lambda lesson: (
            lesson.number(SAME, r"(\d+)\s*$")
            <= 0.1 * lesson.number(SAME, r"other_verdict\s+0\s+(\d+)")
        ),
        always=True,
    ),
    Tie(
        "The higher it is, the fewer features are reported",
        lambda lesson: counts(lesson)[1:] == sorted(counts(lesson)[1:], reverse=True),
        always=True,
    ),
    Tie(
        "A higher threshold reports fewer features",
        lambda lesson: counts(lesson)[1] > counts(lesson)[-1],
        always=True,
    ),
    Tie(
        "The effect is measured as before, and reported no more",
        lambda lesson: (
            re.search(r"radius_worst\s+0\.\d+\s+False", lesson.text("7b930497")) is not None
        ),
        always=True,
    ),
    Tie(
        "Each of them was set off on purpose in an earlier notebook",
        lambda lesson: (
            set(re.findall(r" (\w+) +(?:Fal|Tru)", lesson.text("71fa06dd"))) == ON_PURPOSE
        ),
    ),
    Tie(
        "console shows the same on its status pages",
        lambda lesson: "over REST: True" in lesson.text("3e4b48da"),
        always=True,
    ),
    Tie(
        "so the two needn't agree",
        lambda lesson: "in the data mart: 0" in lesson.text("3816c937"),
    ),
    Tie(
        "As long as nobody sets a threshold, a change counts if it is real",
        lambda lesson: counts(lesson)[0] > counts(lesson)[-1],
        always=True,
    ),
]
FACTS = {
    "at least 2% of the rows": "analysis.data_quality.effects.MATTERS",
}


def table_rows(text: str) -> list[list[str]]:
    """Return the numbers of the rows that begin with a class, 0 or 1."""
    rows = re.findall(r"^[01] +(.+)$", text, re.M)
    return [row.split() for row in rows]
