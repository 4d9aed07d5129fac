"""An inference.py for SageMaker that logs its requests and predictions to a data mart, over REST.

Put it into the `code/` folder of a model's archive, with `model.json` (an XGBoost model) and
`features.json` (a list of the features' names). The endpoint's environment says where to log:

    DATA_MART_URL           of the data mart, such as http://127.0.0.1:8421/v1/data_marts/data_mart
    DATA_MART_TOKEN         the console's token; on AWS, fill it in from Secrets Manager
    DATA_MART_SUBSCRIPTION  the uid of the subscription

Logging happens in the background. It never slows a prediction or makes it fail. Records that could
not be sent are sent again under the same scoring id, so they are stored once, however often they
arrive. Logging needs only the standard library.
"""

import http.client
import json
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xgboost

# Records kept while the data mart is out of reach; more are dropped, with a message
WAITING = 10_000
AT_ONCE = 100  # records sent in one call
PAUSES = (1, 2, 5, 10, 30, 60)  # seconds before sending again; the last one from then on

waiting: queue.Queue[dict] = queue.Queue(WAITING)


def model_fn(model_dir):
    """Load the model and the names of its features; start sending what is logged."""
    booster = xgboost.Booster()
    booster.load_model(Path(model_dir) / "model.json")
    features = json.loads((Path(model_dir) / "features.json").read_text())
    threading.Thread(target=send_for_ever, daemon=True).start()
    return booster, features


def input_fn(body, content_type):
    """Read rows of CSV without a header."""
    if content_type != "text/csv":
        raise ValueError(f"This model reads text/csv, not {content_type}.")
    text = body.decode() if isinstance(body, bytes) else body
    return np.array(
        [[float(value) for value in line.split(",")] for line in text.splitlines() if line]
    )


def predict_fn(rows, model):
    """Score the rows, and log them."""
    booster, features = model
    began = time.monotonic()
    scores = booster.predict(xgboost.DMatrix(rows, feature_names=features))
    log(features, rows, scores, round(1000 * (time.monotonic() - began)))
    return scores


def output_fn(scores, accept):
    """Write one score per line."""
    return "\n".join(str(float(score)) for score in scores)


def log(features, rows, scores, milliseconds):
    """Put a scored request in the queue; this takes microseconds."""
    record = {
        "subscription_id": os.environ["DATA_MART_SUBSCRIPTION"],
        "request": {
            "fields": features,
            "values": [[None if np.isnan(v) else v for v in row] for row in rows.tolist()],
        },
        "response": {
            "fields": ["score", "predicted_label"],
            "values": [[float(score), int(score >= 0.5)] for score in scores],
        },
        "scoring_id": str(uuid.uuid4()),
        "scoring_timestamp": datetime.now(UTC).isoformat(),
        "response_time": milliseconds,
    }
    try:
        waiting.put_nowait(record)
    except queue.Full:
        print("data mart: too many records wait to be logged; one was dropped", file=sys.stderr)


def send_for_ever():
    """Send waiting records, as long as the process lives."""
    while True:
        records = [waiting.get()]
        while len(records) < AT_ONCE and not waiting.empty():
            records.append(waiting.get())
        send(records)


def send(records):
    """Send records until they are stored, or refused because of their content."""
    for attempt in range(sys.maxsize):
        try:
            post(records)
            return
        except urllib.error.HTTPError as error:
            if error.code in (400, 409) and len(records) > 1:  # one of them is at fault
                for record in records:
                    send([record])
                return
            if error.code < 500:
                print(
                    f"data mart: refused, {error.code}: {error.read(500).decode()}", file=sys.stderr
                )
                return
        # Out of reach, or gone before its response was complete
        except (OSError, http.client.HTTPException) as error:
            print(f"data mart: {error}; trying again", file=sys.stderr)
        time.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])


def post(records):
    """Store records in the data mart."""
    request = urllib.request.Request(
        os.environ["DATA_MART_URL"] + "/scoring_payloads",
        json.dumps(records).encode(),
        {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {os.environ['DATA_MART_TOKEN']}",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
