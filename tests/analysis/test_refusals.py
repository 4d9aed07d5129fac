"""What the analysis refuses, it names, and says what to do."""

import pandas as pd
import pytest

from model_monitoring.analysis import compare, profile
from model_monitoring.analysis.data_quality import consistency
from model_monitoring.analysis.explain.attribution import attribute
from model_monitoring.analysis.files.jobs import run_baseline
from model_monitoring.analysis.quality.evaluation import evaluate

ROWS = pd.DataFrame({"age": [20.0, 30.0, 40.0] * 8, "town": ["a", "b", "c"] * 8})
REFUSED = {
    "a list": (lambda: profile([1, 2]), "takes a data frame, or columns by name, not list"),
    "a mode": (lambda: compare(ROWS, ROWS, mode="AWS"), "mode is 'AWS': use exact or aws"),
    "a file's mode": (lambda: run_baseline("-", "-", mode="fast"), "mode is 'fast': use exact or"),
    "no background": (
        lambda: attribute(len, ROWS, ROWS.head(0), samples=9),
        "background is empty: it needs at least one row",
    ),
    "another background": (
        lambda: attribute(len, ROWS, ROWS[["age"]], samples=9),
        r"same columns in the same order, not \['age', 'town'\] and \['age'\]",
    ),
    "words for numbers": (
        lambda: evaluate("regression", ["high", "low"], ["low", "low"]),
        "numbers as labels and predictions: .*'high'|numbers as labels and predictions: .*'low'",
    ),
    "numbers beyond all": (
        lambda: profile(pd.DataFrame({"x": [1e200]})).statistics(),
        "too large to square.*leave the column out",
    ),
    "no rows": (
        lambda: consistency.find_inconsistent(ROWS.head(0), consistency.learn(ROWS)),
        "no rows: give at least one",
    ),
    "a column less": (
        lambda: consistency.find_inconsistent(ROWS[["age"]], consistency.learn(ROWS)),
        r"lacks the columns \['town'\], .* learn again without them",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_named_with_what_to_do(what):
    ask, said = REFUSED[what]
    with pytest.raises(ValueError, match=said):
        ask()
