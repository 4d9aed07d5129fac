"""Notebook 07: what its sentences rest on."""

import re

from tests.notebooks.sentences import Lesson, Tie

SHIFT, CHECKS, ESTIMATES, TRUTH, LABELS = (
    "974e79bc",
    "6df58789",
    "7142f1b2",
    "a48048eb",
    "c2d94f60",
)
SIX = ("data_type", "completeness", "categorical_values", "baseline_drift", "missing_column")


def true_accuracy(lesson: Lesson, window: str) -> float:
    """Return the true accuracy of a window, as the lesson prints it."""
    return lesson.number(TRUTH, rf"{window} ([\d.]+)")


def estimated(lesson: Lesson, window: str) -> float:
    """Return the accuracy that was estimated for a window."""
    return lesson.number(ESTIMATES, rf"{window} +([\d.]+)")


TIES = [
    Tie(
        "Week by week more features drift",
        lambda lesson: (
            [int(n) for n in re.findall(r": (\d+) features", lesson.text(SHIFT))]
            == sorted(int(n) for n in re.findall(r": (\d+) features", lesson.text(SHIFT)))
        ),
    ),
    Tie(
        "Here is a window that breaks each of them once",
        lambda lesson: all(
            f"{check}_check" in lesson.text(CHECKS) for check in (*SIX, "extra_column")
        ),
        always=True,
    ),
    Tie(
        "this model makes no use of that feature",
        lambda lesson: (
            "splits on radius_mean: 0" in lesson.text(TRUTH)
            and true_accuracy(lesson, "clean") == true_accuracy(lesson, "broken unit")
        ),
    ),
    Tie(
        "The blur costs accuracy, and the estimate sees it without a label",
        lambda lesson: (
            true_accuracy(lesson, "out of focus") < true_accuracy(lesson, "clean")
            and estimated(lesson, "out of focus") < estimated(lesson, "clean")
        ),
        always=True,
    ),
    Tie(
        "The estimate from the scores is too high, and nothing makes it doubtful",
        lambda lesson: (
            lesson.number(LABELS, r"true ([\d.]+)") < lesson.number(LABELS, r"scores ([\d.]+)")
            and "believable: True" in lesson.text(LABELS)
        ),
    ),
    Tie("Nothing is reported. That is", lambda lesson: "0 violations" in lesson.text("d39b605c")),
    Tie(
        "There is one",
        lambda lesson: (
            re.findall(r"^\d+ +(\w+) +\w+_check", lesson.text("47d7d88b"), re.M) == ["radius_mean"]
        ),
    ),
    Tie(
        "The completeness check names the column",
        lambda lesson: "concave points_worst | completeness_check" in lesson.text("94c6e726"),
        always=True,
    ),
    Tie(
        "so no drift is reported",
        lambda lesson: "drift" not in lesson.text("94c6e726"),
    ),
    Tie(
        "No feature drifted. But such patients can't exist",
        lambda lesson: "features that drifted: 0" in lesson.text("c91116fb"),
    ),
    Tie(
        "the model is unsure far more often",
        lambda lesson: (
            lesson.number("11b28eb3", r"shuffled': '(\d+%)")
            > 2 * lesson.number("11b28eb3", r"clean': '(\d+%)")
        ),
        always=True,
    ),
    Tie(
        "so a sensor that is stuck at one value is never reported",
        lambda lesson: (
            re.search(r"aws +\[(?!.*area_worst)", lesson.text("34974b85")) is not None
            and re.search(r"exact +\[.*'area_worst'", lesson.text("34974b85")) is not None
        ),
        always=True,
    ),
    Tie(
        "The finding is the same, in the file that Model Monitor would have written",
        lambda lesson: "radius_mean" in lesson.text("f791994d"),
        always=True,
    ),
    Tie(
        "Clean traffic raised no finding; a broken unit, a shift, a missing sensor and a blur did",
        lambda lesson: (
            "0 violations" in lesson.text("d39b605c")
            and "radius_mean" in lesson.text("47d7d88b")
            and int(re.findall(r": (\d+) features", lesson.text(SHIFT))[-1]) > 0
            and "completeness_check" in lesson.text("94c6e726")
            and "baseline_drift_check" in lesson.text("55893847")
        ),
    ),
]
FACTS = {
    "five times, a model is trained on four fifths of the rows": "the cell below: cv=5",
    "none of them twice": "no result",
    "a patient who is counted twice": "no result",
    "more than chance makes of 30 features": "the data set's features",
    "at least 2% of the rows": "analysis.data_quality.effects.MATTERS",
    "in only 5% of clean windows": "the meaning of 1.36 in the formula",
    "a model that says 0.9 for malignant expects to be right nine times in ten": "arithmetic",
    "one that says 0.2 eight times in ten": "arithmetic",
    "of the patients with a score of about 0.9, nine in ten must be malignant": "arithmetic",
    "is at least 2% of the rows. If only": "analysis.data_quality.effects.MATTERS",
}
