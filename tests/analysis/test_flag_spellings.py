"""A yes or no is one value, whether a file spells it true, True or 1."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from model_monitoring.analysis import compare, run_baseline, run_check

FLAGS = np.random.default_rng(0).random(400) < 0.4
SPELLINGS = {
    "0 and 1": FLAGS.astype(int),
    "0.0 and 1.0": FLAGS.astype(float),
    "booleans": FLAGS,
    "True and False": FLAGS.astype(str),
    "texts 0 and 1": FLAGS.astype(int).astype(str).astype(object),
    "true and false": np.char.lower(FLAGS.astype(str)),
}


def frame(spelling):
    values = pd.Series(SPELLINGS[spelling])
    return pd.DataFrame({"amount": np.arange(400) % 17 + 0.5, "flag": values})


def check(tmp_path, known, window, **options):
    known.to_csv(tmp_path / "known.csv", index=False)
    window.to_csv(tmp_path / "window.csv", index=False)
    run_baseline(tmp_path / "known.csv", tmp_path / "baseline")
    return run_check(tmp_path / "window.csv", tmp_path / "baseline", tmp_path / "report", **options)


@pytest.mark.parametrize(("known", "window"), list(itertools.permutations(SPELLINGS, 2)))
def test_the_same_flags_in_two_spellings_are_no_violation(tmp_path, known, window):
    assert check(tmp_path, frame(known), frame(window)).violations == []
    table = compare(frame(known), frame(window)).set_index("feature")
    assert not table["drifted"].any()
    assert table.loc["flag", "linf"] == 0


def test_a_real_change_of_a_flag_is_still_seen(tmp_path):
    more = pd.DataFrame(
        {"amount": np.arange(400) % 17 + 0.5, "flag": ["true"] * 300 + ["false"] * 100}
    )
    found = check(tmp_path, frame("0 and 1"), more)
    assert [one["feature_name"] for one in found.violations] == ["flag"]
    assert found.violations[0]["constraint_check_type"] == "baseline_drift_check"
    assert any("flag: true and false are taken" in note for note in found.notes)


def test_text_among_the_flags_is_still_a_violation(tmp_path):
    dirty = frame("true and false").astype({"flag": object})
    dirty.loc[:50, "flag"] = "unknown"
    found = check(tmp_path, frame("0 and 1"), dirty).violations
    assert "data_type_check" in [one["constraint_check_type"] for one in found]


def test_mode_aws_keeps_the_types_apart(tmp_path):
    found = check(tmp_path, frame("0 and 1"), frame("booleans"), mode="aws").violations
    assert [one["constraint_check_type"] for one in found] == ["data_type_check"]
    assert json.loads((tmp_path / "report" / "constraint_violations.json").read_text())
