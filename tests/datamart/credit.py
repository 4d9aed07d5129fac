"""A credit model that is served over HTTP, subscribed, with its traffic and labels logged."""

import contextlib
import json
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, OneHotEncoder, StandardScaler

from model_monitoring import datamart

DATA = pd.read_csv(Path(__file__).parents[2] / "data" / "german_credit.csv").drop(
    columns="personal_status"
)
FEATURES = [name for name in DATA if name != "credit"]
TEXT = [name for name in FEATURES if not pd.api.types.is_numeric_dtype(DATA[name])]
TRAIN, LIVE = train_test_split(DATA, test_size=0.4, random_state=0)
SEX = datamart.Feature("sex", ["male"], ["female"], 0.9)
AGE = datamart.Feature("age", [[26, 75]], [[18, 25]], 0.95)
CLASSES = {"favourable_classes": ["good"], "unfavourable_classes": ["bad"]}


@cache
def model():
    """A model that treats people up to 25 worse, by more than chance explains in 400 rows."""
    good = (TRAIN["credit"] == "good") & ~((TRAIN["age"] <= 25) & (TRAIN.index % 3 == 0))
    encoder = make_column_transformer(
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_exclude="number"),
        ),
        (Binarizer(threshold=25), ["age"]),
        remainder=StandardScaler(),
    )
    return make_pipeline(encoder, LogisticRegression(max_iter=1000)).fit(TRAIN[FEATURES], good)


def probabilities(rows):
    return model().predict_proba(rows[FEATURES])[:, 1]


def answers(rows):
    found = probabilities(rows)
    return pd.DataFrame(
        {"prediction": ["good" if one >= 0.5 else "bad" for one in found], "probability": found}
    )


@contextlib.contextmanager
def engine(usual=None, model=answers):
    """A model as an engine: {"fields", "values"} in and out.

    `requests` has the number of rows of each request. `usual` values replace missing ones, which
    the model doesn't accept.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rows = pd.DataFrame(body["values"], columns=body["fields"])
            rows = rows if usual is None else rows.fillna(usual).infer_objects()
            self.server.requests.append(len(rows))
            answer = model(rows)
            text = json.dumps({"fields": list(answer), "values": answer.values.tolist()}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.url = [], f"http://127.0.0.1:{server.server_port}/score"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def subscribe(mart, url, **changes):
    """The model's subscription."""
    asset = {
        "source_uid": "credit",
        "binding_uid": mart.bindings.add(
            "the bank's engine", datamart.CustomMachineLearningInstance(url)
        ),
        "problem_type": datamart.ProblemType.BINARY_CLASSIFICATION,
        "label_column": "credit",
        "prediction_column": "prediction",
        "probability_column": "probability",
        "feature_columns": FEATURES,
        "categorical_columns": TEXT,
        "positive_label": "good",
        "label_values": ["good", "bad"],
        "name": "credit",
    }
    return mart.subscriptions.add(datamart.CustomMachineLearningAsset(**(asset | changes)))


def log(subscription, rows, prefix="r"):
    """Log rows with the model's output, one request per row."""
    answered = answers(rows)
    frame = rows[subscription.asset["feature_columns"]].reset_index(drop=True).join(answered)
    ids = [f"{prefix}{i}" for i in range(len(frame))]
    subscription.payload_logging.store(frame.assign(scoring_id=ids))
    return ids


def label(subscription, ids, labels):
    feedback = pd.DataFrame({"scoring_id": [f"{one}-1" for one in ids], "credit": list(labels)})
    subscription.feedback_logging.store(feedback)
