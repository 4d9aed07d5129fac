"""An engine that wants numbers and booleans gets them, whatever the payload holds them as."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart

FEATURES = ["size", "rooms", "garden"]


class Strict(BaseHTTPRequestHandler):
    """A model of numbers, whole numbers and booleans, each of which may be missing."""

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["values"]
        kinds = {tuple(type(value) for value in row) for row in rows}
        fits = all(set(kind[:2]) <= {float, int, type(None)} for kind in kinds)
        fits = fits and {kind[2] for kind in kinds} <= {bool, type(None)}
        scores = [self.score(*row) for row in rows] if fits else []
        values = [[score, int(score >= 0.5)] for score in scores]
        answer = json.dumps({"fields": ["score", "predicted_label"], "values": values})
        self.send_response(200 if fits else 500)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def score(self, size, rooms, garden):
        z = (size or 0) + 2 * (rooms or 2) - 5 + bool(garden)
        return 1 / (1 + float(np.exp(-z)))

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Strict)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/score"
    server.shutdown()


def training(kind):
    """Training data in which the whole number has a gap, if its type can have one."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "size": rng.normal(size=60),
            "rooms": rng.integers(1, 4, 60),
            "garden": rng.random(60) > 0.5,
        }
    )
    if kind == "floats":
        rows["rooms"] = rows["rooms"].astype(float).where(rows.index != 3)
    if kind == "categories":
        rows = rows.astype({"rooms": "category", "garden": "category"})
    if kind == "objects":
        rows = rows.astype({"rooms": object, "garden": object})
        rows.loc[3, ["rooms", "garden"]] = None
    return rows


def subscribe(mart, url, kind, rows):
    binding = mart.bindings.add(kind, datamart.CustomMachineLearningInstance(url=url))
    asset = datamart.CustomMachineLearningAsset(
        source_uid="flats",
        binding_uid=binding,
        problem_type=datamart.ProblemType.BINARY_CLASSIFICATION,
        label_column="sold",
        prediction_column="predicted_label",
        probability_column="score",
        feature_columns=FEATURES,
        categorical_columns=["rooms", "garden"],
    )
    return mart.subscriptions.add(asset, rows)


@pytest.mark.parametrize("kind", ["integers", "floats", "categories", "objects", "untyped"])
def test_every_call_of_an_engine_has_the_types_of_its_training_data(mart, url, kind):
    rows = training(kind)
    subscription = subscribe(mart, url, kind, None if kind == "untyped" else rows)
    ids = [f"r{number}" for number in range(len(rows))]
    logged = rows.assign(predicted_label=[0, 1] * 30, score=0.5, scoring_id=ids)
    subscription.payload_logging.store(logged)
    subscription.explainability.enable(rows.dropna(), sample=2, changeable=["rooms", "garden"])
    for scoring_id in ("r3", "r4"):  # the third row may have a gap
        assert subscription.explainability.explain(scoring_id) is not None
    assert subscription.explainability.run()["state"] == "finished"
    if kind == "untyped":
        return  # twins are of the payload's rows, whose categories are text
    groups = [datamart.Feature("rooms", minority=[1]), datamart.Feature("garden", minority=[True])]
    subscription.fairness_monitoring.enable(groups, [1], min_records=10)
    assert subscription.fairness_monitoring.run()["state"] == "finished"
    cells = "1.5,2,True,1\n1.5,,0,1\n"
    assert subscription.feedback_logging.store(cells, score=True).stored == 2
