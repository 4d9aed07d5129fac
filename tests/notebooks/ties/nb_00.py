"""Notebook 00: what its sentences rest on."""

from tests.notebooks.sentences import Tie

TIES = [
    Tie(
        "All three services respond, so every notebook can run",
        lambda lesson: (
            "there: True" in lesson.text("457482e5")
            and "status: 200" in lesson.text("996e81f9")
            and "newer: True" in lesson.text("bae8918b")
        ),
        always=True,
    ),
]
FACTS = {
    "[10 minutes to pandas]": "the name of a page",
}
