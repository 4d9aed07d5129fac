"""statistics.json has AWS's shape and the right numbers, whatever the columns hold."""

import json
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis.data_quality.constraints import suggest
from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.analysis.files import documents


def feature(values):
    return profile({"x": values}).statistics()["features"][0]


def test_a_numeric_column():
    values = np.random.default_rng(0).lognormal(3, 2, 30_000)
    found = feature(np.append(values, [np.nan, np.nan]))
    numbers = found["numerical_statistics"]
    assert found["inferred_type"] == "Fractional"
    assert numbers["common"] == {"num_present": 30_000, "num_missing": 2}
    assert numbers["completeness"] == 30_000 / 30_002
    assert numbers["mean"] == pytest.approx(values.mean(), rel=1e-13)
    assert numbers["sum"] == reduce(add, values.tolist())  # one by one, as Spark adds
    assert numbers["std_dev"] == pytest.approx(values.std(), rel=1e-12)
    assert (numbers["min"], numbers["max"]) == (values.min(), values.max())
    assert numbers["approximate_num_distinct_values"] == pytest.approx(30_000, rel=0.1)
    kll = numbers["distribution"]["kll"]
    assert kll["sketch"]["parameters"] == {"c": 0.64, "k": 2048.0}
    assert len(kll["buckets"]) == 10 and sum(b["count"] for b in kll["buckets"]) == pytest.approx(
        30_000, abs=64
    )


def test_a_large_offset_does_not_spoil_the_deviation():
    values = 1.6e9 + np.random.default_rng(0).normal(size=100_000)
    assert feature(values)["numerical_statistics"]["std_dev"] == pytest.approx(
        np.std(values - 1.6e9), rel=1e-9
    )


def test_text_columns():
    low = feature(["b", "a", None, "b", ""])
    assert low == {
        "name": "x",
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": 3, "num_missing": 2},
            "distinct_count": 2.0,
            "completeness": 0.6,
            "distribution": {
                "categorical": {"buckets": [{"value": "b", "count": 2}, {"value": "a", "count": 1}]}
            },
        },
    }
    assert (
        len(
            feature([str(i) + "x" for i in range(120)])["string_statistics"]["distribution"][
                "categorical"
            ]["buckets"]
        )
        == 120
    )
    assert "distribution" not in feature([str(i) + "x" for i in range(121)])["string_statistics"]


def test_types_of_columns():
    def kind(values):
        return feature(values)["inferred_type"]

    assert kind([1, 2]) == kind(["1", "2"]) == "Integral"
    assert kind([1.0, 2.0]) == kind(["1", "2", "3.5"]) == "Fractional"
    assert (
        kind(["1", "x"]) == kind(["true", "1"]) == kind([True, False]) == kind(["true"]) == "String"
    )
    assert kind([None, None]) == kind([np.nan]) == "Unknown"
    assert kind([1.0, np.inf]) == "String"  # as in a CSV file, where "inf" is text


def test_mixed_columns_count_numbers_as_written():
    codes = ["1", "2", "A", "2", "01"]
    buckets = feature(codes)["string_statistics"]["distribution"]["categorical"]["buckets"]
    assert {b["value"]: b["count"] for b in buckets} == {"1": 1, "2": 2, "A": 1, "01": 1}
    late = [*map(str, range(200)), "A"]
    assert "distribution" not in feature(late)["string_statistics"]
    assert feature(late)["string_statistics"]["distinct_count"] == 201.0


def test_an_all_missing_column_is_unknown():
    assert feature([None] * 4) == {
        "name": "x",
        "inferred_type": "Unknown",
        "string_statistics": {
            "common": {"num_present": 0, "num_missing": 4},
            "distinct_count": 0.0,
            "completeness": 0.0,
        },
    }


def test_one_row_and_one_value():
    assert feature([7.5])["numerical_statistics"]["std_dev"] == 0.0
    assert feature([0.1] * 70_000)["numerical_statistics"]["std_dev"] == pytest.approx(0, abs=1e-9)


def test_numbers_too_large_to_add_up_are_refused():
    for values in ([1e308, 1e308], [1e200, -1e200] * 2000, [-1.5e308, 1.5e308]):
        with pytest.raises(ValueError, match="x holds numbers too large"):
            feature(values)
    assert feature([1e149, -1e149] * 5000)["numerical_statistics"]["std_dev"] == pytest.approx(
        1e149
    )


def test_repeated_columns_are_refused():
    with pytest.raises(ValueError, match=r"more than once: \['a'\]"):
        profile(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_the_file_is_laid_out_as_by_aws(tmp_path):
    rows = pd.DataFrame({"n": np.arange(3000.0), "s\u00e4": ['q"uote', "\\slash", "\u0000"] * 1000})
    document = profile(rows).statistics()
    text = documents.write(document, tmp_path / "new" / "statistics.json").read_text()
    assert json.loads(text) == document
    assert text.startswith(
        '{\n  "version" : 0.0,\n  "dataset" : {\n    "item_count" : 3000\n  },\n  "features" : ['
    )
    assert not list(tmp_path.rglob("*.part"))
    assert documents.read(tmp_path / "new" / "statistics.json", "features") == document


def test_the_sdk_loads_the_files(tmp_path):
    sdk = pytest.importorskip("sagemaker.core.model_monitor.monitoring_files")
    rows = profile({"a": [1, 2], "b": ["x", "y"]})
    statistics = documents.write(rows.statistics(), tmp_path / "statistics.json")
    constraints = documents.write(suggest(rows), tmp_path / "constraints.json")
    assert (
        sdk.Statistics(json.loads(statistics.read_text()), "s3://b/k").body_dict["dataset"][
            "item_count"
        ]
        == 2
    )
    loaded = sdk.Constraints(json.loads(constraints.read_text()), "s3://b/k")
    loaded.set_monitoring(enable_monitoring=False, feature_name="b")
    assert "monitoring_config_overrides" in json.dumps(loaded.body_dict)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        ("{", "not JSON"),
        ("[]", "isn't a Model Monitor file"),
        ('{"version": 0.0}', "has no 'features'"),
        ('{"version": 2.0, "features": []}', "version 2.0"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, content, message):
    if content is not None:
        (tmp_path / "statistics.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        documents.read(tmp_path / "statistics.json", "features")
