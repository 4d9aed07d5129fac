"""The fairness report: it has all results, names are only text, and it prints on two pages."""

import dataclasses
import re
import shutil
import subprocess
from datetime import UTC, datetime

import numpy as np
import pytest

from model_monitoring.analysis.fairness.companion.finding import per_group
from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.metrics import METRICS
from model_monitoring.analysis.fairness.report import render

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = {"run_uid": "run-1", "started": AT, "window_start": AT, "window_end": None}
RUN |= {"labelled_rows": 400, "ignored_rows": 3, "perturbed_rows": 800}


@pytest.fixture(scope="module")
def found(credit):
    sex, age = credit.protected
    strict = [sex, dataclasses.replace(age, threshold=1.25)]
    return evaluate(
        credit.rows.reset_index(drop=True), strict, favourable=["good"], unfavourable=["bad"],
        predictions=credit.predictions, labels=credit.labels.to_numpy(), intersections=[("sex", "age")],
    )  # fmt: skip


@pytest.fixture(scope="module")
def companion(credit):
    made = per_group(credit.rows, credit.protected[1], credit.score, credit.labels)
    return {
        "endpoint": "credit-debiased", "kind": "per_group", "feature": "age", "validation_rows": 400,
        "deleted_at": None,
        "original": made.original, "frontier": made.frontier.to_dict("records"), "costs": made.costs.to_dict("records"),
    }  # fmt: skip


def rendered(found, companion=None, name="credit"):
    return render(
        found, subscription=name, endpoint="e", run=RUN, favourable=["good"], companion=companion
    )


def test_everything_found_is_in_it(found, companion):
    text = rendered(found, companion)
    rows = found.groups.set_index(["feature", "group"])
    assert f"{rows.loc[('sex', 'female'), 'fairness_score']:.3f}" in text
    assert all(f"<td>{name}</td>" in text for name in METRICS)
    biased = found.groups[found.groups["biased"]]
    assert f"{len(biased)} of 3 groups lie below their threshold by more than chance" in text
    assert len(biased) == 2 and text.count('class="dot biased"') == len(biased)
    assert (
        "3 answers were neither" in text
        and "800 questions" in text
        and "2026-03-01 12:00 UTC" in text
    )
    assert (
        "credit-debiased answers beside the original" in text and "which many laws forbid" in text
    )
    assert f"{companion['costs'][0]['gained']}</td>" in text


def test_a_window_without_scores_still_has_a_report(credit):
    rows = credit.rows[credit.rows["sex"] == "male"]
    found = evaluate(
        rows, credit.protected[:1], favourable=["good"], predictions=["bad"] * len(rows), flip=False
    )  # no row is favoured, and the group is empty
    text = rendered(found)
    assert (
        "No group could be judged" in text and "no score" in text and "no row of this group" in text
    )
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower().replace(
        "finance", ""
    )


def test_infinity_and_names_are_written_safely(found):
    found.metrics.loc[0, "value"] = np.inf
    text = rendered(found, name="<img src=x onerror=alert(1)>")
    assert "∞" in text and "<img" not in text


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
@pytest.mark.slow
def test_it_prints_on_two_pages(found, companion, tmp_path):
    page, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(rendered(found, companion), encoding="utf-8")
    subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
            "--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert len(re.findall(rb"/Type /Page[^s]", printed.read_bytes())) == 2
