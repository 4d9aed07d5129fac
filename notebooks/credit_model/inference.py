"""Answer requests of the credit endpoint: readable rows in, the probability of a good credit and the decision out."""

import csv
import io
import json
import os

import numpy as np
import xgboost


def model_fn(model_dir):
    """Load what train.py left."""
    booster = xgboost.Booster()
    booster.load_model(os.path.join(model_dir, "model.json"))
    with open(os.path.join(model_dir, "encoding.json")) as file:
        return {"booster": booster, **json.load(file)}


def input_fn(body, content_type):
    """Read CSV rows without a header: one list of texts a row, in the order of the training columns."""
    if not content_type.startswith("text/csv"):
        raise ValueError("this model takes text/csv, not " + content_type)
    text = body.decode() if isinstance(body, bytes) else body
    return [row for row in csv.reader(io.StringIO(text)) if row]


def predict_fn(rows, model):
    """Return the probability of a good credit, one a row. A word that training never saw counts as missing."""
    numbers = np.full((len(rows), len(model["features"])), np.nan)
    for column, name in enumerate(model["features"]):
        codes = model["codes"].get(name)
        for place, row in enumerate(rows):
            if codes:
                numbers[place, column] = codes.get(row[column], np.nan)
            elif row[column] != "":
                numbers[place, column] = float(row[column])
    return model["booster"].predict(xgboost.DMatrix(numbers))


def output_fn(scores, accept):
    """Write each score with the decision that follows from it at 0.5."""
    answers = [{"score": float(score), "predicted_label": "good" if score >= 0.5 else "bad"} for score in scores]
    return json.dumps({"predictions": answers}), "application/json"
