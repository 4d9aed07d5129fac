"""Suggested constraints, and the settings that hold for one feature."""

import numpy as np
import pytest

from model_monitoring.analysis.data_quality.constraints import MONITORING_CONFIG, settings, suggest
from model_monitoring.analysis.data_quality.statistics import profile


def test_what_is_suggested():
    rows = profile(
        {
            "whole": [0, 2],
            "below": [-0.5, 1.0],
            "city": ["Rome", None],
            "id": [f"u{i}" for i in range(2)],
            "none": [None, None],
        }
    )
    rows.update({"id": [f"v{i}" for i in range(200)]})
    found = suggest(rows)
    expected = {
        "whole": ("Integral", 2 / 202, {"num_constraints": {"is_non_negative": True}}),
        "below": ("Fractional", 2 / 202, {"num_constraints": {"is_non_negative": False}}),
        "city": ("String", 1 / 202, {"string_constraints": {"domains": ["Rome"]}}),
        "id": ("String", 1.0, {}),
        "none": ("Unknown", 0.0, {}),
    }
    assert found["features"] == [
        {"name": name, "inferred_type": kind, "completeness": share, **more}
        for name, (kind, share, more) in expected.items()
    ]
    assert found["monitoring_config"] == MONITORING_CONFIG and found["version"] == 0.0


def test_suggestions_do_not_share_the_defaults():
    found = suggest(profile({"x": np.arange(3)}))
    found["monitoring_config"]["distribution_constraints"]["comparison_threshold"] = 0.9
    assert MONITORING_CONFIG["distribution_constraints"]["comparison_threshold"] == 0.1


@pytest.mark.parametrize("spelling", ["monitoringConfigOverrides", "monitoring_config_overrides"])
@pytest.mark.parametrize("block", [None, "num_constraints", "string_constraints"])
def test_overrides_win(spelling, block):
    override = {
        spelling: {
            "evaluate_constraints": "Disabled",
            "distribution_constraints": {"comparison_threshold": 0.7},
        }
    }
    feature = {"name": "x", **(override if block is None else {block: override})}
    found = settings({"monitoring_config": {"datatype_check_threshold": 0.8}}, feature)
    assert (found["evaluate_constraints"], found["comparison_threshold"]) == ("Disabled", 0.7)
    assert (found["datatype_check_threshold"], found["comparison_method"]) == (0.8, "Robust")


def test_files_of_2019_lack_most_settings():
    old = {
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "distribution_constraints": {"comparison_threshold": 1.0},
        }
    }
    found = settings(old, {"name": "message"})
    assert found["comparison_threshold"] == 1.0 and found["domain_content_threshold"] == 1.0
