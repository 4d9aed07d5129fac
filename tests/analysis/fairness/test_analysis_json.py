"""analysis.json can be read like Clarify's own."""

import json

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.explain.attribution import Attribution, clarify_section
from model_monitoring.analysis.fairness.clarify.analysis import analysis
from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.groups import Feature

POST = ["AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "FT", "GE", "RD", "SD", "TE"]
PRE = ["CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD"]


def strict(document):
    """Read it back; refuse values that JSON lacks."""
    return json.loads(json.dumps(document, allow_nan=False))


def test_layout(credit):
    features = [
        Feature("sex", minority=["female"]),
        Feature("age", minority=[pd.Interval(40, np.inf)]),
    ]
    found = evaluate(
        credit.rows, features, favourable=["good"], predictions=credit.predictions, labels=credit.labels,
        intersections=[("sex", "age")],
    )  # fmt: skip
    document = strict(analysis(found, "credit"))
    assert list(document) == ["version", "post_training_bias_metrics", "pre_training_bias_metrics"]
    assert document["version"] == "1.0"
    for stage, names in (("post", POST), ("pre", PRE)):
        section = document[f"{stage}_training_bias_metrics"]
        assert list(section) == ["label", "facets", "label_value_or_threshold"]
        assert (section["label"], section["label_value_or_threshold"]) == ("credit", "good")
        assert list(section["facets"]) == ["sex", "age"]
        (sex,), (age,) = section["facets"]["sex"], section["facets"]["age"]
        assert (sex["value_or_threshold"], age["value_or_threshold"]) == ("female", "(40, 75]")
        assert [metric["name"] for metric in sex["metrics"]] == names
    disparity = next(
        m
        for m in document["post_training_bias_metrics"]["facets"]["sex"][0]["metrics"]
        if m["name"] == "CDDPL"
    )
    assert disparity == {
        "name": "CDDPL",
        "description": "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
        "value": None,
        "error": "Group variable is empty or not provided",
    }


def test_infinity_and_absent_groups():
    rows = pd.DataFrame({"g": ["d"] * 4 + ["a"] * 6, "x": range(10)})
    predictions = [0, 1, 0, 0, 1, 1, 0, 1, 0, 0]
    labels = [1, 1, 0, 0, 1, 1, 1, 0, 0, 0]
    feature = Feature("g", ["a"], ["d", "nobody"])
    found = evaluate(rows, [feature], favourable=[1], predictions=predictions, labels=labels)
    document = strict(analysis(found, "y"))
    here, absent = document["post_training_bias_metrics"]["facets"]["g"]
    assert {m["name"]: m["value"] for m in here["metrics"]}["TE"] == "Infinity"
    assert {m["name"]: (m["value"], m.get("error")) for m in absent["metrics"]}["DI"] == (
        None,
        "Facet set is empty",
    )


@pytest.mark.parametrize(
    ("favourable", "expected"),
    [
        ([pd.Interval(20, np.inf)], "(20, 90.5]"),
        ([[20, None]], "[20, 90.5]"),
        ([20, 50], "20,50"),
        ([[0, 20]], "[0, 20]"),
    ],
)
def test_open_ranges_of_numeric_labels_end_at_the_values_seen(favourable, expected):
    """Clarify writes a threshold of 20 as the range from there to the highest label."""
    rows, labels = pd.DataFrame({"g": ["d", "a"] * 3}), [10, 20, 50, 50, 20, 90.5]
    found = evaluate(rows, [Feature("g", ["a"], ["d"])], favourable=favourable, labels=labels)
    document = strict(analysis(found, "price"))
    assert document["pre_training_bias_metrics"]["label_value_or_threshold"] == expected


def test_explanations_are_added(credit):
    found = evaluate(
        credit.rows,
        credit.protected,
        favourable=["good"],
        predictions=credit.predictions,
        flip=False,
    )
    values = pd.DataFrame({"age": [1.0, -3.0], "sex": [0.0, 1.0]})
    section = clarify_section(Attribution(values, 0.25, np.array([1.25, -1.75]), 0))
    document = strict(analysis(found, "credit", section))
    assert document["explanations"] == {
        "kernel_shap": {
            "label0": {"global_shap_values": {"age": 2.0, "sex": 0.5}, "expected_value": 0.25}
        }
    }
