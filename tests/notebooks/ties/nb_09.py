"""Notebook 09: what its sentences rest on."""

import re

from tests.notebooks.sentences import Lesson, Tie

CHECKED, BY_HAND, RANKED, SWAPPED = "32687327", "b06c20aa", "31a807d0", "cc31b176"


def furthest(lesson: Lesson) -> float:
    """Return the largest distance between an attribution and its exact value."""
    pairs = re.findall(r"^\w+ +(-?\d\.\d+) +(-?\d\.\d+)", lesson.text(CHECKED), re.M)
    return max(abs(float(one) - float(other)) for one, other in pairs)


TIES = [
    Tie(
        "The values are nearly the same, though one method only called the endpoint",
        lambda lesson: furthest(lesson) < 0.05,
        always=True,
    ),
    Tie(
        "What a feature adds depends on what is known already",
        lambda lesson: (
            lesson.number(BY_HAND, r"first adds (-?[\d.]+),")
            != lesson.number(BY_HAND, r"second (-?[\d.]+)")
        ),
        always=True,
    ),
    Tie(
        "The two columns rank the features nearly alike",
        lambda lesson: lesson.number(RANKED, r"nDCG ([\d.]+)") > 0.95,
        always=True,
    ),
    Tie(
        "This is far below the limit",
        lambda lesson: float(lesson.text(SWAPPED)) < 0.8,
        always=True,
    ),
]
FACTS = {
    "The other half of the explanation": "no number",
    "Explain the training data twice": "an instruction",
    "article 22 of the GDPR": "the law",
}
