"""Clarify's bias monitor: a metric further from fair than in the baseline is a violation."""

import pytest

from model_monitoring.analysis.fairness.clarify.bias_drift import violations


def document(stage="post_training", **metrics):
    listed = [{"name": name, "description": "", "value": value} for name, value in metrics.items()]
    facets = {"Age": [{"value_or_threshold": "(40, 75]", "metrics": listed}]}
    return {"version": "1.0", f"{stage}_bias_metrics": {"label": "Target", "facets": facets}}


def test_violations_have_the_wording_of_aws():
    found = violations(
        document("pre_training", CI=0.28176563733194276),
        document("pre_training", CI=0.3748947825295131),
    )
    assert found == {
        "version": "1.0",
        "violations": [
            {
                "facet": "Age",
                "facet_value": "(40, 75]",
                "metric_name": "CI",
                "constraint_check_type": "bias_drift_check",
                "description": "Metric value 0.3748947825295131 doesn't meet the baseline "
                "constraint requirement"
                " 0.28176563733194276",
            }
        ],
    }


@pytest.mark.parametrize(
    ("name", "before", "now", "violated"),
    [
        ("DPPL", 0.2, 0.1, False),  # the two examples of AWS's developer guide
        ("DPPL", 0.2, -0.3, True),
        ("DPPL", 0.2, 0.2, False),
        ("DPPL", -0.2, 0.2, False),
        ("DI", 0.9, 1.05, False),  # 1 is even
        ("DI", 0.9, 1.2, True),
        ("DI", 0.9, 0.8, True),
        ("DI", 0.9, "Infinity", True),
        ("DI", "Infinity", 0.1, False),
        ("DPPL", None, 0.9, False),
        ("DPPL", 0.1, None, False),
    ],
)
def test_a_metric_further_from_fair_is_a_violation(name, before, now, violated):
    found = violations(document(**{name: before}), document(**{name: now}))["violations"]
    assert bool(found) == violated


def test_a_group_or_metric_that_the_baseline_lacks_is_not_judged():
    assert violations(document(CI=0.1), document(DPL=0.9))["violations"] == []
    assert violations({"version": "1.0"}, document(CI=0.9))["violations"] == []
