"""One call, or one command for cron, runs whatever is enabled, even if one run fails."""

import os
import subprocess
import sys

import pytest

from model_monitoring.datamart.monitoring import quality
from tests.conftest import REPOSITORY
from tests.datamart.conftest import record, small_record


@pytest.fixture
def watched(subscription):
    subscription.payload_logging.store([record("a")])
    subscription.performance_monitoring.enable()
    return subscription


def test_only_enabled_monitors_run(watched, mart):
    runs = mart.run_monitors()
    assert runs[["monitor", "state", "records"]].values.tolist() == [["performance", "finished", 2]]
    watched.quality_monitoring.enable(min_records=5)
    runs = mart.run_monitors().set_index("monitor")
    assert runs["state"].to_dict() == {"quality": "skipped", "performance": "skipped"}
    assert "5 needed" in runs.loc["quality", "reason"]


def test_a_failure_is_reported_and_does_not_stop_the_others(watched, mart, monkeypatch):
    watched.quality_monitoring.enable(min_records=1)
    watched.feedback_logging.store([{"scoring_id": "a-1", "diagnosis": 1}])

    def fail(*arguments, **keywords):
        raise RuntimeError("no memory left")

    monkeypatch.setattr(quality.evaluation, "evaluate", fail)
    runs = mart.run_monitors().set_index("monitor")
    assert runs["state"].to_dict() == {"quality": "failed", "performance": "finished"}
    assert runs.loc["quality", "reason"] == "no memory left"


def run(database_url, schema):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment = kept | {"DATABASE_URL": database_url, "AWS_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-m", "model_monitoring", "run", "--schema", schema]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)


def test_the_command_prints_a_line_per_run(watched, mart, database_url):
    done = run(database_url, mart.get_details()["schema"])
    assert (done.returncode, done.stdout) == (
        0,
        "breast-cancer: performance finished, 2 records. not measured: 1 metric\n",
    ), done.stderr


def test_the_command_sends_rows_to_reviewers(small, mart, database_url):
    mart.reviews.enable(small, reviewers=["Anna"], audit_share=0)
    assert mart.reviews.create_all() == {}  # there is no payload yet
    small.payload_logging.store(small_record("unsure", answers=[(0.6, 1)]))
    for said in ("1 row sent to reviewers, 0 before.", "0 rows sent to reviewers, 1 before."):
        done = run(database_url, mart.get_details()["schema"])
        assert done.returncode == 0 and f"small: {said}" in done.stdout, done.stderr
    mart.reviews.disable(small)
    assert "reviewers" not in run(database_url, mart.get_details()["schema"]).stdout


def test_a_missing_data_mart_is_reported_in_one_line(database_url):
    done = run(database_url, "nowhere")
    assert done.returncode == 2 and done.stderr.startswith(
        "error: Schema 'nowhere' holds no data mart"
    )
    assert "Traceback" not in done.stderr
