"""The six checks, their thresholds and AWS's words."""

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.data_quality.constraints import suggest
from model_monitoring.analysis.data_quality.statistics import Profile, profile
from model_monitoring.analysis.data_quality.violations import check, java_double

BASE = profile({"n": np.arange(500), "f": np.arange(500) / 7, "c": ["a", "b"] * 250})
BASELINE = BASE.statistics()


def violations(rules=None, baseline=BASELINE, mode="exact", **columns):
    rows = len(next((values for values in columns.values() if values is not None), range(500)))
    clean = {
        "n": np.arange(500)[:rows],
        "f": np.arange(500)[:rows] / 7,
        "c": (["a", "b"] * 250)[:rows],
    }
    window = profile(
        {name: values for name, values in {**clean, **columns}.items() if values is not None}
    )
    found, _ = check(window, rules or suggest(BASE), baseline, mode=mode)
    return [(v["feature_name"], v["constraint_check_type"], v["description"]) for v in found]


def test_the_baseline_itself_is_clean():
    assert violations() == []


def test_data_type():
    text = (
        "Data type match requirement is not met. Expected data type: {0}, Expected match: 100.0%. "
    )
    text += "Observed: Only {1}% of data is {0}."
    one_fraction = pd.Series([*map(str, range(287)), "40.3"])
    assert violations(n=one_fraction, baseline=None) == [
        ("n", "data_type_check", text.format("Integral", "99.65277777777779"))
    ]
    assert violations(n=pd.Series([*map(str, range(499)), "?"]), baseline=None) == [
        ("n", "data_type_check", text.format("Integral", "99.8"))
    ]
    assert violations(f=np.arange(500), baseline=None, mode="aws") == [
        ("f", "data_type_check", text.format("Fractional", "0.0"))
    ]
    mixed = violations(f=pd.Series(["1", "1.5"] * 250), baseline=None, mode="aws")
    assert mixed[0][2] == text.format("Fractional", "50.0")
    rules = suggest(BASE)
    rules["monitoring_config"]["datatype_check_threshold"] = 0.99
    assert violations(rules, n=one_fraction, baseline=None) == []


def test_a_number_is_one_however_it_is_written():
    assert violations(f=np.arange(500), baseline=None) == []
    assert violations(f=pd.Series(["1", "1.5"] * 250), baseline=None) == []
    assert violations(n=pd.Series(["61.0", "1e2"] * 250), baseline=None) == []
    assert violations(c=pd.Series([1] * 499 + ["a"]), baseline=None)[0][1] != "data_type_check"


def test_missing_cells_do_not_count_as_a_type():
    half = pd.array([1, None] * 250, dtype="Int64")
    assert [v[1] for v in violations(n=half, baseline=None)] == ["completeness_check"]


def test_completeness():
    found = violations(f=[*np.arange(499) / 7, None], baseline=None)
    text = "Data completeness requirement is not met. Expected: 100.0%. Observed: Only 99.8%."
    assert found == [("f", "completeness_check", text)]
    assert ("f", "completeness_check", text.replace("99.8", "0.0")) in violations(f=[None] * 500)


def test_drift():
    text = "Baseline drift distance: {!r} exceeds threshold: {}"
    moved = (np.arange(500) + 210.5) / 7
    ours = text.format(1 - 289 / 500, 0.02)
    assert violations(f=moved) == [("f", "baseline_drift_check", ours)]
    aws = text.format(float(1 - 289 / 500 - 1.8 * np.sqrt(1000 / 250_000)), 0.1)
    assert violations(f=moved, mode="aws") == [("f", "baseline_drift_check", aws)]
    chosen = suggest(BASE)
    chosen["monitoring_config"]["distribution_constraints"]["comparison_threshold"] = 0.3
    assert violations(chosen, f=moved)[0][2] == aws.replace("0.1", "0.3")


def test_drift_is_measured_across_types_of_numbers_though_not_by_aws():
    for mode, kinds in (("exact", ["baseline_drift_check"]), ("aws", ["data_type_check"])):
        assert [v[1] for v in violations(f=np.arange(500) + 5000, mode=mode)] == kinds


def test_categories():
    found = violations(c=["a"] * 250 + ["b"] * 150 + ["new"] * 100, baseline=None)
    assert found == [
        ("c", "categorical_values_check", "Value: 0.8 does not meet the constraint requirement! ")
    ]
    rules = suggest(BASE)
    rules["monitoring_config"]["domain_content_threshold"] = 0.8
    assert violations(rules, c=["a"] * 400 + ["new"] * 100, baseline=None) == []
    assert [v[1] for v in violations(c=["b"] * 500)] == ["baseline_drift_check"]


def test_wrong_columns_are_reported_and_by_aws_alone():
    text = "There are {} columns in current dataset. Number of columns in current dataset: {}, "
    text += "Number of columns in baseline constraints: 3"
    wrong = ["x"] * 500
    missing = ("Missing columns", "missing_column_check", text.format("missing", 2))
    extra = ("Extra columns", "extra_column_check", text.format("extra", 4))
    assert violations(c=None, n=wrong, mode="aws") == [missing]
    assert violations(more=wrong, n=wrong, mode="aws") == [extra]
    both = ["missing_column_check", "extra_column_check"]
    assert [v[1] for v in violations(c=None, k=wrong, mode="aws")] == both
    assert violations(c=None) == [missing] and violations(more=wrong) == [extra]
    for found in (violations(c=None, n=wrong), violations(more=wrong, n=wrong)):
        assert [v[:2] for v in found[1:]] == [("n", "data_type_check")]


def test_columns_without_names_are_told_by_number():
    for count, kind in ((2, "missing"), (4, "extra")):
        window = profile({f"_c{i}": [1] for i in range(count)})
        assert [v["constraint_check_type"] for v in check(window, suggest(BASE))[0]] == [
            f"{kind}_column_check"
        ]


def test_negative_numbers_are_no_violation():
    # is_non_negative is written into constraints.json but, as on AWS, not checked.
    assert violations(n=np.arange(500) - 1, baseline=None) == []


def test_a_feature_can_be_switched_off():
    rules = suggest(BASE)
    rules["features"][1]["monitoringConfigOverrides"] = {"evaluate_constraints": "Disabled"}
    assert violations(rules, f=[None] * 250 + [9e9] * 250) == []
    rules["features"][1]["monitoringConfigOverrides"] = {
        "distribution_constraints": {"perform_comparison": "Disabled"}
    }
    assert violations(rules, f=np.arange(500) + 9e9 + 0.5) == []


def test_an_unknown_baseline_type_expects_nothing():
    rules = suggest(profile({"x": [None, None]}))
    assert check(profile({"x": [1, "a"]}), rules)[0] == []


def test_a_window_without_rows_is_refused():
    with pytest.raises(ValueError, match="no rows"):
        check(Profile(), suggest(BASE))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (100, "100.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0, "0.0"),
            (0.001, "0.001"),
            (9999999.0, "9999999.0"),
        ),
        *((1e7, "1.0E7"), (3.8e7, "3.8E7"), (1.4402689218907343e10, "1.4402689218907343E10")),
        *((9.5e-4, "9.5E-4"), (-2e-5, "-2.0E-5")),
    ],
)
def test_numbers_are_written_as_java_does(value, text):
    assert java_double(value) == text
