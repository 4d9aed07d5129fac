"""The inference script of a de-biased companion.

It calls the original's script and applies the rule in rule.json to the scores.

It runs in the inference images of AWS, which have Python versions as old as 3.7 and none of our
packages. The original's script, whose name is in the environment variable COMPANION_OF, and
companion_rule.py are in the same folder. The original's input_fn returns a pandas frame with a
column per feature; its predict_fn returns one probability of the positive class per row.
"""

import importlib
import json
import os

import pandas as pd
from companion_rule import debias

original = importlib.import_module(os.environ["COMPANION_OF"])


def model_fn(model_dir):
    """Load the original's model and the rule."""
    with open(os.path.join(model_dir, "code", "rule.json")) as file:
        return original.model_fn(model_dir), json.load(file)


def input_fn(body, content_type):
    """Read a request as the original does."""
    return original.input_fn(body, content_type)


def predict_fn(rows, model):
    """Predict each row by the rule."""
    own_model, held = model

    def score(records):
        frame = pd.DataFrame(records, columns=rows.columns).astype(rows.dtypes)
        positive = [float(answer) for answer in original.predict_fn(frame, own_model)]
        return [1 - answer for answer in positive] if held["inverted"] else positive

    return debias(held["rule"], rows.to_dict("records"), score)


def output_fn(answers, accept):
    """Write the predictions as JSON, whatever the request accepts."""
    listed = [
        {"debiased_prediction": answer, "debiased_probability": bent} for answer, bent in answers
    ]
    return json.dumps({"predictions": listed}), "application/json"
