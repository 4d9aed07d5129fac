"""Notebook 06: what its sentences rest on."""

from tests.notebooks.sentences import Lesson, Tie

BY_HAND, LIMIT, MEASURED = "55ecfe54", "83fb40ed", "75b3a536"
LIMITS = r"limit ([\d.]+)\n"
BUDGETS = "baa066c0"


def lower_ends_agree(lesson: Lesson) -> bool:
    """Tell whether both intervals that are made by hand begin at about the same accuracy."""
    ends = [lesson.number(BY_HAND, rf"{way} +([\d.]+)") for way in ("Wilson", "bootstrap")]
    return abs(ends[0] - ends[1]) < 0.03


def width(lesson: Lesson, way: str) -> float:
    """Return the width of an interval that is made by hand."""
    low, high = (lesson.number(BY_HAND, rf"{way} +{part}") for part in ENDS)
    return high - low


ENDS = (r"([\d.]+) to", r"[\d.]+ to ([\d.]+)")


def lowest_area(lesson: Lesson) -> float:
    """Return the lower of the two models' areas under ROC."""
    models = ("linear-learner", "xgboost")
    return min(lesson.number(MEASURED, rf"area_under_roc +{one} +([\d.]+)") for one in models)


def every_budget_is_kept(lesson: Lesson) -> bool:
    """Tell whether no budget is exceeded by the false alerts of a month."""
    budgets = ("0.25", "1", "4")
    return all(lesson.number(BUDGETS, rf"budget {one} +([\d.]+)") <= float(one) for one in budgets)


TIES = [
    Tie(
        "These two and the monitor's own interval, in the table above, agree in the main",
        lower_ends_agree,
        always=True,
    ),
    Tie(
        "If every value below the limit opened an alert, most alerts of a good model would be",
        lambda lesson: (
            lesson.number(LIMIT, r"value is below it: +([\d.]+%)")
            > 3 * lesson.number(LIMIT, r"interval is below it: +([\d.]+%)")
        ),
        always=True,
    ),
    Tie(
        "All values are above the limit, so no alert is open",
        lambda lesson: "open alerts: 0" in lesson.text("fdd2638c"),
        always=True,
    ),
    Tie(
        "so near 1 it is too sure of itself",
        lambda lesson: width(lesson, "bootstrap") < width(lesson, "Wilson"),
    ),
    Tie(
        "So few patients can't tell the two numbers apart",
        lambda lesson: (
            lesson.number("3c4d1bbf", r"under ROC: ([\d.]+),") < lesson.number("3c4d1bbf", LIMITS)
            and "open alerts: 0" in lesson.text("3c4d1bbf")
        ),
        always=True,
    ),
    Tie(
        "the next run finds the metric above it and closes the alert",
        lambda lesson: "open alerts: 0 | closed ones: True" in lesson.text("cbbfa57f"),
        always=True,
    ),
    Tie(
        "Each budget is kept",
        every_budget_is_kept,
        always=True,
    ),
    Tie(
        "such a model sets off an alert on about every other day",
        lambda lesson: 12 < lesson.number(BUDGETS, r"every value below +([\d.]+)") < 18,
        always=True,
    ),
    Tie(
        "OpenScale's 0.8 is a start, and far too low for these models",
        lambda lesson: lowest_area(lesson) > 0.9,
        always=True,
    ),
    Tie("Both models are good", lambda lesson: lowest_area(lesson) > 0.9, always=True),
    Tie(
        "the interval of the *difference* must lie within a margin",
        lambda lesson: "can't tell which model is better" in lesson.text("9d305ae0"),
    ),
]
