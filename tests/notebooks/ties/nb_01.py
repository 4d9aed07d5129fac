"""Notebook 01: what its sentences rest on."""

from tests.notebooks.sentences import Tie

CORRELATIONS = "c1effc5b"

TIES = [
    Tie(
        "No value is missing, so",
        lambda lesson: " 0 missing values" in lesson.text("dd26963f"),
        always=True,
    ),
    Tie(
        "The concave points and the size of the largest nuclei say most",
        lambda lesson: (
            {"concave points_worst", "perimeter_worst"}
            <= {line[:20].strip() for line in lesson.text(CORRELATIONS).splitlines()[1:5]}
        ),
        always=True,
    ),
]
FACTS = {
    "load 569 breast-cancer cases": "data/README.md; the cell that loads says so",
    "set a fifth of them aside": "test_size",
    "A fifth of the cases is set aside": "test_size",
    "held out a fifth of the cases": "test_size",
    "described by 30 measurements": "data/README.md",
    "each three times": "data/README.md: mean, error and worst",
    "the mean of the three largest": "data/README.md",
}
