"""Notebook 04: what its sentences rest on."""

from tests.notebooks.sentences import Tie

TIES = [
    Tie(
        "There are two subscriptions, one for each model",
        lambda lesson: lesson.text("d81c551e").count("breast-cancer-") == 2,
        always=True,
    ),
    Tie(
        "Only the subscription does: here it is 1, malignant",
        lambda lesson: lesson.number("72b61833", r"positive_label +(\d)") == 1,
        always=True,
    ),
    Tie(
        "In a fresh data mart there are none yet",
        lambda lesson: lesson.text("cfa3cd70").count(": 0") == 2,
        always=True,
    ),
]
FACTS = {
    "A response holds a score of 0.97": "an example",
}
