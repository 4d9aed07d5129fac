"""Answer requests of the credit endpoint: readable rows in, the decision and the probability of a good credit out.

SageMaker's XGBoost image calls these four functions. It may hold an old Python and an old pandas, so they are plain.
"""

import io
import json
import os

import pandas as pd
import xgboost


def model_fn(model_dir):
    """Load what train.py left."""
    booster = xgboost.Booster()
    booster.load_model(os.path.join(model_dir, "model.json"))
    with open(os.path.join(model_dir, "encoding.json")) as file:
        encoding = json.load(file)
    model_fn.encoding = encoding  # input_fn isn't given the model, and needs the names of the columns
    return {"booster": booster, "codes": encoding["codes"]}


def input_fn(body, content_type):
    """Read CSV rows without a header, in the order of the training columns; an empty cell is a missing value."""
    if not content_type.startswith("text/csv"):
        raise ValueError("this model takes text/csv, not " + content_type)
    names, words = model_fn.encoding["features"], model_fn.encoding["codes"]
    text = body.decode() if isinstance(body, bytes) else body
    kinds = {name: str if name in words else float for name in names}
    return pd.read_csv(io.StringIO(text), header=None, names=names, dtype=kinds, keep_default_na=False, na_values=[""])


def predict_fn(rows, model):
    """Return the probability of a good credit, one a row. A word that training never saw counts as missing."""
    codes = model["codes"]
    numbers = rows.apply(lambda column: column.map(codes[column.name]) if column.name in codes else column)
    return model["booster"].predict(xgboost.DMatrix(numbers.to_numpy(dtype=float)))


def output_fn(probabilities, accept):
    """Write each probability with the decision that follows from it at 0.5."""
    answers = [{"prediction": "good" if p >= 0.5 else "bad", "probability": float(p)} for p in probabilities]
    return json.dumps({"predictions": answers}), "application/json"
