"""The example inference.py in doc/ logs what it scores, and never fails a prediction.

It loses nothing that can be stored.
"""

import http.client
import importlib.util
import json
import sys
import time
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
import xgboost

from model_monitoring import console

EXAMPLE = Path(__file__).parents[2] / "doc" / "examples" / "inference_logging.py"


@pytest.fixture
def subscription(subscribe):
    return subscribe(
        feature_columns=["size", "weight"], categorical_columns=[], label_values=[0, 1]
    )


@pytest.fixture
def example(monkeypatch, running, schema, subscription):
    monkeypatch.setenv("DATA_MART_URL", f"{running.url}/v1/data_marts/{schema}")
    monkeypatch.setenv("DATA_MART_TOKEN", running.token)
    monkeypatch.setenv("DATA_MART_SUBSCRIPTION", subscription.uid)
    spec = importlib.util.spec_from_file_location("inference_logging", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PAUSES", (0.05,))
    return module


@pytest.fixture
def model(example, tmp_path):
    rows = np.random.default_rng(0).normal(size=(200, 2))
    data = xgboost.DMatrix(rows, (rows[:, 0] > 0).astype(int), feature_names=["size", "weight"])
    xgboost.train({"objective": "binary:logistic"}, data, 5).save_model(tmp_path / "model.json")
    (tmp_path / "features.json").write_text(json.dumps(["size", "weight"]))
    return example.model_fn(tmp_path)


def ask(example, model, body):
    return example.output_fn(
        example.predict_fn(example.input_fn(body, "text/csv"), model), "text/csv"
    )


def logged(subscription, rows, seconds=20):
    deadline = time.monotonic() + seconds
    while subscription.payload_logging.get_records_count() < rows and time.monotonic() < deadline:
        time.sleep(0.05)
    return subscription.payload_logging.get_table_content()


def test_what_is_scored_is_logged(example, model, subscription):
    answers = [float(line) for line in ask(example, model, b"1.5,0.25\n-2.0,nan\n").splitlines()]
    content = logged(subscription, 2)
    assert content["size"].tolist() == [1.5, -2.0]
    assert content["weight"].isna().tolist() == [False, True]
    assert content["score"].tolist() == pytest.approx(answers)
    assert content["predicted_label"].tolist() == [1, 0]
    with pytest.raises(ValueError, match="text/csv"):
        example.input_fn("{}", "application/json")


def test_while_the_console_is_down_nothing_is_slowed_or_lost(
    example, model, subscription, running, database_url, schema, monkeypatch
):
    monkeypatch.setenv("CONSOLE_TOKEN", running.token)
    running.stop()
    began = time.monotonic()
    for n in range(20):
        assert ask(example, model, f"{n},1").strip()
    assert time.monotonic() - began < 10
    port = urllib.parse.urlsplit(running.url).port
    for _ in range(100):
        try:
            again = console.start(database_url, schema, port)
            break
        except RuntimeError:
            time.sleep(0.1)
    assert sorted(logged(subscription, 20)["size"]) == list(range(20))
    again.stop()


def test_a_refused_record_is_reported_and_not_sent_forever(
    example, model, subscription, capsys, monkeypatch
):
    ask(example, model, "1,2")
    logged(subscription, 1)
    good = example.waiting
    example.log(["size", "weight"], np.array([[3.0, 4.0]]), [0.9], 1)
    example.log(["size", "height"], np.array([[3.0, 4.0]]), [0.9], 1)
    example.log(["size", "weight"], np.array([[5.0, 6.0]]), [0.9], 1)
    assert sorted(logged(subscription, 3)["size"]) == [1, 3, 5]
    deadline = time.monotonic() + 10
    said = ""
    while "height" not in said and time.monotonic() < deadline:
        said += capsys.readouterr().err
    assert "refused, 400" in said
    assert good.empty()


def test_logging_continues_after_a_response_that_breaks_off(
    example, model, subscription, monkeypatch
):
    original, tried = example.post, []

    def post(records):
        original(records)
        tried.append(len(records))
        if len(tried) == 1:
            raise http.client.IncompleteRead(b"")

    monkeypatch.setattr(example, "post", post)
    ask(example, model, "1,2")
    ask(example, model, "3,4")
    assert sorted(logged(subscription, 2)["size"]) == [1, 3]
    deadline = time.monotonic() + 10
    while len(tried) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(tried) >= 2


def test_a_full_queue_drops_records_and_says_so(example, capsys, monkeypatch):
    monkeypatch.setattr(example, "waiting", example.queue.Queue(1))
    for _ in range(3):
        example.log(["size", "weight"], np.array([[1.0, 2.0]]), [0.5], 1)
    assert capsys.readouterr().err.count("dropped") == 2


def test_logging_needs_only_the_standard_library():
    text = EXAMPLE.read_text()
    imported = {
        line.split()[1].split(".")[0]
        for line in text.splitlines()
        if line.startswith(("import ", "from "))
    }
    # These are needed by the model itself
    assert imported - sys.stdlib_module_names == {"numpy", "xgboost"}
