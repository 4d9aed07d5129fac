"""Attribution drift is AWS's nDCG, with its 0.9 rule and its words."""

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.explain.attribution import (
    attribution_drift,
    drift_violations,
    global_attributions,
)

# AWS's developer guide, "Feature attribution drift for models in production": a ranking turned
# upside down
TRAINING = pd.Series({"SAT score": 0.70, "GPA": 0.50, "Class rank": 0.05})
LIVE = pd.Series({"SAT score": 0.10, "GPA": 0.20, "Class rank": 0.70})


def test_college_admissions_by_hand():
    dcg = 0.05 / np.log2(2) + 0.50 / np.log2(3) + 0.70 / np.log2(4)
    ideal = 0.70 / np.log2(2) + 0.50 / np.log2(3) + 0.05 / np.log2(4)
    assert attribution_drift(TRAINING, LIVE) == pytest.approx(dcg / ideal)


def test_the_same_ranking_is_no_drift_in_any_order_of_columns():
    assert attribution_drift(TRAINING, TRAINING * 3) == pytest.approx(1)
    assert attribution_drift(TRAINING, (TRAINING * 3).iloc[::-1]) == pytest.approx(1)


def test_violations_use_aws_words():
    found = drift_violations(0.7639720923277322)
    assert found == {
        "version": "1.0",
        "violations": [
            {
                "label": "label0",
                "metric_name": "shap",
                "constraint_check_type": "feature_attribution_drift_check",
                "description": "Feature attribution drift 0.7639720923277322 exceeds threshold 0.9",
            }
        ],
    }
    assert drift_violations(0.9)["violations"] == []
    assert len(drift_violations(attribution_drift(TRAINING, LIVE))["violations"]) == 1


def test_global_attributions_are_mean_absolute_values():
    found = global_attributions(pd.DataFrame({"a": [1.0, -1.0], "b": [-3.0, 1.0]}))
    assert list(found.items()) == [("b", 2.0), ("a", 1.0)]


def test_different_features_are_refused_and_corner_cases_are_not_drift():
    with pytest.raises(ValueError, match="differ in the features GPA"):
        attribution_drift(TRAINING, LIVE.drop("GPA"))
    assert attribution_drift(TRAINING.head(1), LIVE.head(1)) == 1
    assert attribution_drift(TRAINING * 0, LIVE) == 1
