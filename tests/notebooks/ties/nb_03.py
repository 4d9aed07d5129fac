"""Notebook 03: what its sentences rest on."""

from tests.notebooks.sentences import Tie

TIES = [
    Tie(
        "Both endpoints of notebook 02 are there, in service",
        lambda lesson: lesson.text("2b4efe75").count(" InService ") == 2,
        always=True,
    ),
    Tie(
        "Adding the same binding again returns the same one",
        lambda lesson: "same binding: True" in lesson.text("0cf0d2f6"),
        always=True,
    ),
]
FACTS = {
    "safe to set up twice": "section 3.1: setup() again changes nothing",
}
