"""What a check could not look at is compared by what is left of it, or named and counted."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as hp

from model_monitoring.analysis.data_quality import violations
from model_monitoring.analysis.data_quality.constraints import domains, suggest
from model_monitoring.analysis.data_quality.drift import ks_distance
from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.analysis.files.jobs import cloudwatch_metrics, run_baseline, run_check

AGES = [20 + i % 40 for i in range(600)]
OLDER = [60 + i % 39 for i in range(600)]


@pytest.fixture
def check(tmp_path):
    """Return a function that holds one column of cells against another, from files to files."""

    def run(then, now, mode="exact", edit=None):
        for name, cells in (("then", then), ("now", now)):
            pd.DataFrame({"x": cells, "k": range(len(cells))}).to_csv(
                tmp_path / f"{name}.csv", index=False
            )
        run.baseline = run_baseline(tmp_path / "then.csv", tmp_path / "base")
        if edit:
            path = tmp_path / "base/constraints.json"
            rules = json.loads(path.read_text())
            edit(rules["monitoring_config"])
            path.write_text(json.dumps(rules))
        return run_check(tmp_path / "now.csv", tmp_path / "base", tmp_path / "out", mode=mode)

    return run


def kinds(result):
    return {v["constraint_check_type"] for v in result.violations if v["feature_name"] == "x"}


def replaced(cells, *others):
    return [*others, *cells[len(others) :]]


@pytest.mark.parametrize("odd", ["NA", "n/a", "-", "?", "true"])
@pytest.mark.parametrize("where", ["then", "now", "both"])
def test_one_text_cell_hides_no_drift(check, odd, where):
    then = replaced(AGES, odd) if where != "now" else AGES
    now = replaced(OLDER, odd) if where != "then" else OLDER
    found = check(then, now)
    assert "baseline_drift_check" in kinds(found)
    same = check(then, replaced(AGES, odd) if where != "then" else AGES)
    assert "baseline_drift_check" not in kinds(same)


def test_the_cells_that_could_not_be_compared_are_counted(check):
    found = check(AGES, replaced(OLDER, *["NA", "none"] * 5))
    assert [(one.kind, one.name, one.rows) for one in found.not_measured] == [("rows", "x", 10)]
    assert "'NA', 'none'" in found.not_measured[0].reason
    assert found.message.endswith("with 2 violations. Not measured: 10 rows.")
    aws = check(AGES, replaced(OLDER, "NA", "none"), mode="aws")
    assert aws.message.endswith("with 1 violations.")


def test_two_odd_cells_may_be_chance_and_are_counted_all_the_same(check):
    found = check(AGES, replaced(AGES, "NA", "none"))
    assert not kinds(found) and found.message.endswith("no violations. Not measured: 2 rows.")


def test_whole_numbers_that_a_gap_turned_to_floats(check):
    found = check(AGES, replaced([f"{age}.0" for age in OLDER], *[""] * 10))
    assert kinds(found) == {"completeness_check", "baseline_drift_check"}
    same = check(AGES, replaced([f"{age}.0" for age in AGES], *[""] * 10))
    assert kinds(same) == {"completeness_check"}


def test_it_says_in_a_sentence_what_model_monitor_would_have_done(check):
    found = check(AGES, replaced([f"{age}.0" for age in OLDER], *[""] * 10))
    said = "Model Monitor (mode aws) would report data_type_check of x and would not report"
    assert f"{said} baseline_drift_check of x." in found.notes
    assert not any("mode aws" in note for note in check(AGES, AGES).notes)


FORMS = [
    "{:,.2f}",
    "${:,.0f}",
    "{:.2f} %",
    lambda x: f"{x:,.2f}".translate(str.maketrans(",.", ".,")) + " €",
    lambda x: f"CHF {x:,.2f}".replace(",", "'"),
    lambda x: f"{x:.1f}".replace(".", ","),
    lambda x: f"{x:,.2f}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ","),
]


@pytest.mark.parametrize("form", FORMS)
def test_amounts_that_double_are_drift(check, form):
    write = form.format if isinstance(form, str) else form
    amounts = np.random.default_rng(0).normal(5000, 900, 600)
    found = check(list(map(write, amounts)), [write(2 * x) for x in amounts])
    assert any("x is a String column: 600 cells are amounts" in n for n in check.baseline.notes)
    assert kinds(found) == {"baseline_drift_check"}
    row = found.drift.set_index("feature").loc["x"]
    assert row["linf"] == pytest.approx(ks_distance(amounts, 2 * amounts), abs=0.01)
    assert not kinds(check(list(map(write, amounts)), list(map(write, amounts[::-1]))))


def test_plain_numbers_are_compared_with_amounts(check):
    amounts = np.random.default_rng(0).normal(5000, 900, 600)
    written = [f"{x:,.2f}" for x in amounts]
    assert "baseline_drift_check" not in kinds(check(amounts.round(2), written))
    assert not kinds(check(written, amounts.round(2)))
    assert kinds(check(written, 3 * amounts)) == {"baseline_drift_check"}


def test_a_column_without_a_value_is_not_fine(check):
    found = check(AGES, [""] * 600)
    assert [(one.kind, one.name, one.reason) for one in found.not_measured] == [
        ("column", "x", "the window has no value in it")
    ]
    assert check([""] * 600, [""] * 600).not_measured == []


def test_too_few_rows_to_show_anything_are_not_fine():
    rows = profile({"x": np.arange(500.0)})
    few = profile({"x": np.array([1e9, 2e9])})
    _, table = violations.check(few, suggest(rows), rows.statistics())
    left = violations.not_measured(few, suggest(rows), rows.statistics(), table)
    assert [one.reason for one in left] == ["2 rows are too few to show any drift"]


def test_without_a_baseline_file_drift_is_unknown(check, tmp_path):
    check(AGES, OLDER)
    (tmp_path / "base/statistics.json").unlink()
    found = run_check(tmp_path / "now.csv", tmp_path / "base", tmp_path / "out")
    assert found.message.endswith("Not measured: 2 columns.")


def test_switched_off_is_said_and_emits_nothing(check):
    found = check(AGES, OLDER, edit=lambda config: config.update(evaluate_constraints="Disabled"))
    assert not found.violations and not found.not_measured
    assert "constraints.json switches off checks of x, k." in found.notes
    quiet = check(AGES, OLDER, edit=lambda config: config.update(emit_metrics="Disabled"))
    assert kinds(quiet) and cloudwatch_metrics(quiet) == [] and cloudwatch_metrics(found)


@pytest.mark.parametrize("late", [False, True])
def test_rows_of_a_category_count_whatever_comes_first(check, late):
    new, known = [f"u{i}" for i in range(12_000)], ["red", "blue", "green"] * 4000
    found = check(["red", "blue", "green"] * 300, [*new, *known] if late else [*known, *new])
    assert found.violations[0]["description"].startswith("Value: 0.5 ")
    row = found.drift.set_index("feature").loc["x"]
    assert row["linf"] == pytest.approx(0.5) and row["drifted"]


def test_numbers_among_categories_count_whatever_comes_first():
    base = profile({"x": ["1", "2", "other"] * 100})
    rules = suggest(base)
    for cells in (
        [*map(str, range(3, 203)), *["1"] * 200],
        [*["1"] * 200, *map(str, range(3, 203))],
    ):
        found, _ = violations.check(profile({"x": cells}, domains(rules)), rules)
        assert found[0]["description"] == "Value: 0.5 does not meet the constraint requirement! "


CELLS = st.one_of(
    st.integers(-5, 5).map(str),
    st.floats(-1e6, 1e6).map(lambda x: f"{x:.1f}"),
    st.sampled_from(
        ["", "NA", "true", "True", "a", "b c", "1,234.5", "€ 12", "1e3", "inf", "é\u2028"]
    ),
    st.text(max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(
    hp.data_frames(
        [hp.column(name, elements=CELLS, dtype=object) for name in "abc"],
        index=hp.range_indexes(min_size=1, max_size=60),
    ),
    st.integers(1, 40),
)
def test_no_data_set_violates_its_own_baseline(frame, times):
    frame = pd.concat([frame] * times, ignore_index=True)
    base = profile(frame)
    rules = suggest(base)
    found, table = violations.check(profile(frame), rules, base.statistics("exact"))
    assert found == [] and not table["drifted"].any()


def test_twelve_beside_twelve_and_a_half(check):
    cells = [12.5 if i % 3 else 12 for i in range(300)]
    assert check(list(map("{:g}".format, cells)), list(map("{:g}".format, cells))).violations == []


def test_a_baseline_says_which_columns_are_empty(tmp_path):
    pd.DataFrame({"a": [1, 2, 3], "b": [None] * 3}).to_csv(tmp_path / "t.csv", index=False)
    result = run_baseline(tmp_path / "t.csv", tmp_path / "out")
    assert [(one.kind, one.name) for one in result.not_measured] == [("column", "b")]
    assert result.message.endswith("Not measured: 1 column.")
    aws = run_baseline(tmp_path / "t.csv", tmp_path / "out", mode="aws")
    assert aws.message == "Completed: Job completed successfully with no violations."


def test_constraints_without_completeness_say_so(tmp_path):
    pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]}).to_csv(tmp_path / "t.csv", index=False)
    run_baseline(tmp_path / "t.csv", tmp_path / "out")
    path = tmp_path / "out" / "constraints.json"
    rules = json.loads(path.read_text())
    del rules["features"][1]["completeness"]
    path.write_text(json.dumps(rules))
    pd.DataFrame({"a": [1, 2, 3], "b": [1, None, 3]}).to_csv(tmp_path / "t.csv", index=False)
    result = run_check(tmp_path / "t.csv", tmp_path / "out", tmp_path / "checked")
    assert not [one for one in result.violations if one["feature_name"] == "b"]
    assert "no completeness for b: missing values aren't checked" in " ".join(result.notes)
