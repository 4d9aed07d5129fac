"""A file that somebody edited is understood or refused with the place of the fault: no check is
switched off by a slip, and nothing ends in a traceback.
"""

import copy
import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from model_monitoring.__main__ import main
from model_monitoring.analysis.data_quality import findings, validation
from model_monitoring.analysis.data_quality.constraints import suggest
from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.analysis.data_quality.violations import check
from model_monitoring.analysis.files import jobs
from model_monitoring.analysis.quality import limits, model_quality

BASE = profile(
    {"n": np.arange(300), "c": ["a", "b", "c"] * 100, "t": [f"u{i}" for i in range(300)]}
)
CONFIG = "monitoring_config"
SHIFT = "monitoring_config.distribution_constraints"


def put(document, path, value):
    """Set what lies at a path such as ``features.0.name``; a value of KeyError takes it away."""
    *way, last = path.split(".")
    for step in way:
        document = document[int(step) if step.isdigit() else step]
    last = int(last) if last.isdigit() else last
    if value is KeyError:
        del document[last]
    else:
        document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (f"{CONFIG}.evaluate_constraints", "enabled", "'enabled' is neither Enabled nor Disabled"),
        (f"{CONFIG}.evaluate_constraints", True, "True is neither"),
        (f"{CONFIG}.evaluate_constraints", None, "None is neither"),
        (f"{CONFIG}.emit_metrics", "off", "'off' is neither"),
        (f"{CONFIG}.domain_content_threshold", "0.25", "'0.25' is no number from 0 to 1"),
        (f"{CONFIG}.datatype_check_threshold", None, "None is no number"),
        (f"{CONFIG}.datatype_check_threshold", True, "True is no number"),
        (f"{CONFIG}.datatype_check_threshold", 99, "99 is no number from 0 to 1"),
        (f"{CONFIG}.evaluate_constraint", "Disabled", "write 'evaluate_constraints'"),
        (f"{CONFIG}.distribution_constraints", "Enabled", "'Enabled' is no object"),
        (f"{SHIFT}.perform_comparison", "Yes", "'Yes' is neither"),
        (f"{SHIFT}.comparison_threshold", float("nan"), "nan is no number"),
        (f"{SHIFT}.comparison_method", "robust", "'robust' is neither Robust nor Simple"),
        (f"{SHIFT}.categorical_drift_method", "KS", "'KS' is neither LInfinity nor ChiSquared"),
        (f"{SHIFT}.comparision_threshold", 0.9, "write 'comparison_threshold'"),
        ("features", {}, "features is {}, which is no list"),
        ("features.0", "n", "'n' is no object"),
        ("features.0.name", None, "None is not text"),
        ("features.0.inferred_type", "integral", "'integral' is none of Integral, Fractional"),
        ("features.0.inferred_type", KeyError, "None is none of"),
        ("features.0.completeness", "1.0", "'1.0' is no number"),
        ("features.0.num_constraints", [], r"\[\] is no object"),
        ("features.0.num_constraints.is_non_negative", "yes", "'yes' is not true or false"),
        ("features.1.string_constraints.domains", "a,b", "is no list"),
        ("features.1.string_constraints.domains", None, "is no list"),
        ("features.1.string_constraints.domains", [], "an empty list admits no value"),
        ("features.1.string_constraints.domains.1", 2, "2 is no text"),
        ("features.1.name", "n", "'n' more than once"),
        ("features.2.monitoringConfigOverrides", {"emit_metrics": 0}, "0 is neither"),
        ("monitoring_confg", {}, "write 'monitoring_config'"),
    ],
)
def test_constraints(path, value, said):
    rules = suggest(BASE)
    put(rules, path, value)
    with pytest.raises(ValueError, match=rf"constraints\.json.*{said}") as refused:
        check(BASE, rules)
    place = path.replace("features.", "features[").split(".")[-1]
    if value is not KeyError and "write" not in said and place.isidentifier():
        assert place.split("[")[0] in str(refused.value)


def test_the_place_of_a_fault():
    rules = suggest(BASE)
    override = {"distribution_constraints": {"perform_comparison": "on"}}
    rules["features"][1]["string_constraints"]["monitoring_config_overrides"] = override
    with pytest.raises(ValueError) as refused:
        validation.check_constraints(rules)
    assert str(refused.value) == (
        "constraints.json: features[1].string_constraints.monitoring_config_overrides"
        ".distribution_constraints.perform_comparison: 'on' is neither Enabled nor Disabled."
    )


def test_what_may_be_left_out_may_be_null():
    rules = suggest(BASE)
    expected = check(BASE, rules, BASE.statistics("exact"))[0]
    for path in (CONFIG, "features.0.num_constraints", "features.2.monitoringConfigOverrides"):
        put(rules, path, None)
    put(rules, "features.0.completeness", KeyError)
    rules["description"] = "ours"
    assert check(BASE, rules, BASE.statistics("exact"))[0] == expected == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("features", None, "features is None"),
        ("features.0.inferred_type", "Number", "'Number' is none of"),
        ("features.0.numerical_statistics", None, "numerical_statistics: None is no object"),
        ("features.0.numerical_statistics.std_dev", "86.6", "std_dev: '86.6' is not a number"),
        (
            "features.0.numerical_statistics.distribution.kll.sketch.data.0.7",
            "seven",
            r"sketch\.data\[0\]",
        ),
        (
            "features.1.string_statistics.distribution.categorical.buckets.2.count",
            "100",
            r"buckets\[2\]",
        ),
        ("features.1.string_statistics.distribution.categorical.buckets.0", 5, r"buckets\[0\]"),
    ],
)
def test_statistics(path, value, said):
    document = copy.deepcopy(BASE.statistics())
    put(document, path, value)
    with pytest.raises(ValueError, match=rf"statistics\.json: .*{said}"):
        check(BASE, suggest(BASE), document)


def places(document, way=()):
    """Every place in a document; of a list, the first item's."""
    items = document.items() if isinstance(document, dict) else enumerate(document[:1])
    for key, value in items:
        yield (*way, str(key))
        if isinstance(value, dict | list):
            yield from places(value, (*way, str(key)))


ODD = (None, KeyError, "x", "", -1, True, 1e308, float("nan"), [], {}, [1], [[1]], [[1, 2, 3]])


@pytest.mark.parametrize("feature", [0, 1, 2])
@pytest.mark.parametrize("mode", ["exact", "aws"])
def test_any_edit_of_statistics_is_understood_or_refused_with_its_place(feature, mode):
    rules, statistics = suggest(BASE), BASE.statistics("exact")
    statistics["features"] = [statistics["features"][feature]]
    window = profile({"n": [1, 2] * 50, "c": ["a", "z"] * 50, "t": [f"w{i}" for i in range(100)]})
    refused = 0
    for path, value in product(places(statistics), ODD):
        document = copy.deepcopy(statistics)
        put(document, ".".join(path), value)
        try:
            found, _ = check(window, rules, document, mode=mode)
        except ValueError as error:
            refused += 1
            assert "statistics.json: " in str(error) or "has no KLL sketch" in str(error), path
        else:
            assert isinstance(found, list)
    assert refused > 100


def test_a_feature_named_twice_in_statistics():
    document = BASE.statistics()
    document["features"].append(document["features"][0])
    with pytest.raises(ValueError, match=r"statistics\.json: features name 'n' more than once"):
        check(BASE, suggest(BASE), document)


MEASURED = model_quality.statistics(
    "BinaryClassification", [0, 1] * 50, [0, 1] * 50, [0.2, 0.8] * 50
)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"threshold": "0.8"}, "auc.threshold: '0.8' is no number"),
        ({"threshold": None}, "auc.threshold: None is no number"),
        ({"threshold": True}, "auc.threshold: True is no number"),
        ({"comparison_operator": "<"}, "auc.comparison_operator: '<' is neither"),
        (None, "auc: None is no object"),
    ],
)
def test_limits_of_model_quality(limit, said):
    rules = limits.suggest(MEASURED)
    held = rules["binary_classification_constraints"]
    held["auc"] = held["auc"] | limit if limit else limit
    with pytest.raises(ValueError, match=rf"constraints\.json: binary_.*{said}"):
        limits.check(MEASURED, rules)


def test_a_limit_on_what_has_no_value_is_not_kept():
    rules = limits.suggest(MEASURED)
    held = rules["binary_classification_constraints"]
    held["accurracy"] = held["accuracy"]
    one_class = model_quality.statistics("BinaryClassification", [1] * 9, [1] * 9, [0.9] * 9)
    left = {one.name: one.reason for one in limits.not_measured(one_class, rules)}
    assert left["auc"] == "it has no value in this window"
    assert left["accurracy"] == "there is no such metric here; did you mean 'accuracy'?"


def test_the_command_says_it_before_it_reads(tmp_path, capsys):
    pd.DataFrame({"n": range(300)}).to_csv(tmp_path / "a.csv", index=False)
    assert main(["baseline", str(tmp_path / "a.csv"), "--out", str(tmp_path)]) == 0
    rules = json.loads((tmp_path / "constraints.json").read_text())
    put(rules, f"{CONFIG}.evaluate_constraints", "enabled")
    (tmp_path / "constraints.json").write_text(json.dumps(rules))
    options = ["--baseline", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["check", str(tmp_path / "a.csv"), *options]) == 2
    assert "evaluate_constraints: 'enabled' is neither" in capsys.readouterr().err


SAID = "monitoring_config{} isn't in constraints.json: AWS's default"
THRESHOLD = SAID.format(".distribution_constraints.comparison_threshold") + ", 0.1, is used."


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (None, []),
        (f"{CONFIG}.emit_metrics", [SAID.format(".emit_metrics") + ", Enabled, is used."]),
        (f"{SHIFT}.comparison_threshold", [THRESHOLD]),
        (SHIFT, [THRESHOLD]),
        (CONFIG, [SAID.format("") + "s are used (evaluate_constraints Enabled, "]),
    ],
)
def test_a_setting_that_was_deleted_is_said(path, said, tmp_path):
    (tmp_path / "t.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(30)))
    jobs.run_baseline(tmp_path / "t.csv", tmp_path)
    rules = json.loads((tmp_path / "constraints.json").read_text())
    if path:
        put(rules, path, KeyError)
    (tmp_path / "constraints.json").write_text(json.dumps(rules))
    notes = "\n".join(jobs.run_check(tmp_path / "t.csv", tmp_path, tmp_path / "x").notes)
    assert ("isn't in constraints.json" in notes) is bool(said)
    assert all(sentence in notes for sentence in said)
    as_aws = jobs.run_check(tmp_path / "t.csv", tmp_path, tmp_path / "x", mode="aws")
    assert "isn't in constraints.json" not in "\n".join(as_aws.notes)


def test_a_setting_that_each_feature_has_itself_needs_no_default():
    rules = suggest(BASE)
    del rules[CONFIG]["emit_metrics"]
    for feature in rules["features"]:
        feature["monitoringConfigOverrides"] = {"emit_metrics": "Disabled"}
    assert findings.about_defaults(rules) == []
    del rules["features"][1]["monitoringConfigOverrides"]
    assert len(findings.about_defaults(rules)) == 1
