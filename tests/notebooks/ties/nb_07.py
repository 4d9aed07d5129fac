"""Notebook 07: what its sentences rest on."""

import re

from tests.notebooks.sentences import Lesson, Tie

BROKEN, SHIFT, MISSING, CHECKS = "47d7d88b", "974e79bc", "94c6e726", "6df58789"
ESTIMATES, TRUTH, LABELS = "7142f1b2", "a48048eb", "c2d94f60"
SHUFFLED, UNSURE, FIGURES = "c91116fb", "11b28eb3", "818aae1b"
SIX = ("data_type", "completeness", "categorical_values", "baseline_drift", "missing_column")


def weeks(lesson: Lesson) -> list[int]:
    """Return how many features drifted in each week of the shift."""
    return [int(count) for count in re.findall(r": (\d+) features", lesson.text(SHIFT))]


def error(lesson: Lesson, pattern: str) -> float:
    """Return how far an estimate under label shift is from the truth, as printed."""
    return abs(lesson.number(LABELS, pattern) - lesson.number(LABELS, r"true ([\d.]+)"))


def true_accuracy(lesson: Lesson, window: str) -> float:
    """Return the true accuracy of a window, as the lesson prints it."""
    return lesson.number(TRUTH, rf"{window} ([\d.]+)")


def estimated(lesson: Lesson, window: str) -> float:
    """Return the accuracy that was estimated for a window."""
    return lesson.number(ESTIMATES, rf"{window} +([\d.]+)")


TIES = [
    Tie(
        "names the fault: the distribution of `radius_mean` is no longer the baseline's",
        lambda lesson: (
            re.search(r"radius_mean\s+baseline_drift_check", lesson.text(BROKEN)) is not None
        ),
        always=True,
    ),
    Tie(
        "By the third week many features drift",
        lambda lesson: weeks(lesson)[0] < weeks(lesson)[2] >= 8,
        always=True,
    ),
    Tie(
        "so no drift of this column is reported",
        lambda lesson: (
            "concave points_worst | completeness_check" in lesson.text(MISSING)
            and "concave points_worst | baseline_drift_check" not in lesson.text(MISSING)
        ),
        always=True,
    ),
    Tie(
        "Here is a window that breaks each of them once",
        lambda lesson: all(
            f"{check}_check" in lesson.text(CHECKS) for check in (*SIX, "extra_column")
        ),
        always=True,
    ),
    Tie(
        "this model makes next to no use of that feature",
        lambda lesson: (
            lesson.number(TRUTH, r"splits on radius_mean: (\d+)") <= 2
            and abs(true_accuracy(lesson, "clean") - true_accuracy(lesson, "broken unit")) <= 0.01
        ),
        always=True,
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
        "Nothing makes the estimate from the scores doubtful",
        lambda lesson: "believable: True" in lesson.text(LABELS),
        always=True,
    ),
    Tie(
        "the one that knows of the label shift is nearer to the truth",
        lambda lesson: error(lesson, r"label shift (0\.\d+)") < error(lesson, r"scores ([\d.]+)"),
        always=True,
    ),
    Tie(
        "No more features drifted than in the clean window",
        lambda lesson: (
            lesson.number(SHUFFLED, r"drifted: (\d+)") <= lesson.number(FIGURES, r"clean (\d+)")
        ),
        always=True,
    ),
    Tie(
        "the model is unsure far more often",
        lambda lesson: (
            lesson.number(UNSURE, r"'shuffled': '(\d+%)")
            > 2 * lesson.number(UNSURE, r"'clean': '(\d+%)")
        ),
        always=True,
    ),
    Tie(
        "The completeness check names the column",
        lambda lesson: "concave points_worst | completeness_check" in lesson.text("94c6e726"),
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
