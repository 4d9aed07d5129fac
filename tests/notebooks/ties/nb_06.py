"""Notebook 06: what its sentences rest on."""

from tests.notebooks.sentences import Lesson, Tie

BY_HAND, LIMIT = "55ecfe54", "83fb40ed"


def lower_ends_agree(lesson: Lesson) -> bool:
    """Tell whether both intervals that are made by hand begin at about the same accuracy."""
    ends = [lesson.number(BY_HAND, rf"{way} +([\d.]+)") for way in ("Wilson", "bootstrap")]
    return abs(ends[0] - ends[1]) < 0.03


TIES = [
    Tie("All three agree in the main", lower_ends_agree, always=True),
    Tie(
        "If every value below the limit opened an alert, most alerts of a good model would be false",
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
]
