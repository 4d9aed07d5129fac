"""Train the credit model: SageMaker runs this in its XGBoost image, and offline this machine does.

Words become one number a column: the place of a category in the order of its share of good credits, so that each column
stays one feature, and an explanation can name it.
"""

import argparse
import json
import os
import shutil

import pandas as pd
import xgboost

LABEL = "credit"


def learn_codes(rows, good):
    """Return, for each column of words, the number of each of its categories."""
    codes = {}
    for name in rows.select_dtypes(exclude="number"):
        order = good.groupby(rows[name]).mean().sort_values(kind="stable").index
        codes[name] = {category: place for place, category in enumerate(order)}
    return codes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--num_round", type=int, default=60)
    parser.add_argument("--max_depth", type=int, default=3)
    parser.add_argument("--eta", type=float, default=0.1)
    options = parser.parse_args()

    rows = pd.read_csv(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "train.csv"))
    good = (rows.pop(LABEL) == "good").astype(int)
    codes = learn_codes(rows, good)
    numbers = rows.apply(lambda column: column.map(codes[column.name]) if column.name in codes else column)

    settings = {"objective": "binary:logistic", "max_depth": options.max_depth, "eta": options.eta, "seed": 0}
    booster = xgboost.train(settings, xgboost.DMatrix(numbers.to_numpy(float), good), options.num_round)

    target = os.environ["SM_MODEL_DIR"]
    booster.save_model(os.path.join(target, "model.json"))
    with open(os.path.join(target, "encoding.json"), "w") as file:
        json.dump({"features": list(rows), "codes": codes}, file)
    # The endpoint's script travels with the model that it belongs to.
    os.makedirs(os.path.join(target, "code"), exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    shutil.copy(os.path.join(here, "inference.py"), os.path.join(target, "code"))
    print("trained on", len(rows), "rows")


if __name__ == "__main__":
    main()
