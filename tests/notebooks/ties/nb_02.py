"""Notebook 02: what its sentences rest on."""

from tests.notebooks.sentences import Lesson, Tie

COMPARED = "ebf6380a"


def of_xgboost(lesson: Lesson, metric: str) -> float:
    """Return a metric of XGBoost on the held-out patients."""
    return lesson.number(COMPARED, rf"{metric}.*?\s[\d.]+ +([\d.]+)")


TIES = [
    Tie(
        "Both jobs have completed",
        lambda lesson: lesson.text("4c03db14").count(": Completed") == 2,
        always=True,
    ),
    Tie(
        "Both endpoints are in service and answer requests",
        lambda lesson: lesson.text("2a8a807d").count(": InService") == 2,
        always=True,
    ),
    Tie(
        "nearly every malignant case gets a higher score than nearly every benign one",
        lambda lesson: (
            min(
                lesson.number(COMPARED, r"area under ROC +([\d.]+)"),
                of_xgboost(lesson, "area under ROC"),
            )
            > 0.95
        ),
        always=True,
    ),
    Tie(
        "Why is its recall only 0.930?",
        lambda lesson: of_xgboost(lesson, "recall") == 0.930 < of_xgboost(lesson, "area under ROC"),
    ),
]
FACTS = {
    "We take 0.5": "a choice, made here",
    'so the "60% malignant" that it reported': "AWS's walkthrough",
    "A malignant case with a score of 0.4": "an example",
}
