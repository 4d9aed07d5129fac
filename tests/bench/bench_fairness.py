"""Time fairness and explanations: ``python -m tests.bench.bench_fairness`` prints seconds beside
bounds of one run.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost

from model_monitoring.analysis.explain.attribution import attribute, background, tree
from model_monitoring.analysis.explain.contrast import contrast
from model_monitoring.analysis.fairness.companion.finding import per_group
from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.groups import Feature
from tests.datamart import credit, credit_endpoint

sys.path.insert(0, str(Path(__file__).parents[1] / "local_aws"))
from offline import Offline

ROWS = 1_000_000
AT_ONCE = 1000  # rows of a request, as the data mart asks


def seconds(action) -> float:
    """Run an action once and return its seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def window(rng: np.random.Generator, rows: int) -> dict:
    """Draw rows of 20 features with a five-valued attribute, labels, predictions and strata."""
    frame = pd.DataFrame(rng.normal(size=(rows, 19)), columns=[f"x{i}" for i in range(19)])
    frame["group"] = rng.choice(["a", "b", "c", "d", "e"], rows)
    labels = rng.choice(["good", "bad"], rows, p=[0.7, 0.3])
    predictions = np.where(rng.random(rows) < 0.8, labels, "good")
    return dict(
        rows=frame, predictions=predictions, labels=labels, group_variable=rng.integers(0, 50, rows)
    )


def fairness(rng: np.random.Generator) -> None:
    """All metrics of four groups, and a thousand intervals."""
    asked = window(rng, ROWS)
    features = [Feature("group", ["a"], ["b", "c", "d", "e"])]
    bound = seconds(
        lambda: pd.crosstab(asked["rows"]["group"], [asked["labels"], asked["predictions"]])
    )
    for name, flip in (("all but FT", False), ("with FT (on its sample)", True)):
        took = seconds(
            lambda flip=flip: evaluate(features=features, favourable=["good"], flip=flip, **asked)
        )
        print(
            f"{ROWS:,} rows x 4 groups, {name}: {took:.2f} s (one pandas crosstab of the counts: "
            f"{bound:.2f} s)"
        )
    many = rng.choice([f"g{i}" for i in range(60)], 100_000)
    small = dict(rows=pd.DataFrame({"g": many}), labels=rng.integers(0, 2, 100_000))
    feature = Feature("g", ["g0"], [f"g{i}" for i in range(1, 60)])
    predictions = rng.integers(0, 2, 100_000)
    found = []
    took = seconds(
        lambda: found.append(
            evaluate(
                features=[feature], favourable=[1], predictions=predictions, flip=False, **small
            )
        )
    )
    print(
        f"{found[0].metrics['ci_low'].notna().sum()} bootstrap intervals (1,000 replicates each): "
        f"{took:.2f} s"
    )


def explanations(rng: np.random.Generator) -> None:
    """One explanation and many, of 20 features by XGBoost in this process, against exact
    TreeSHAP.
    """
    table = pd.DataFrame(rng.normal(size=(5000, 20)), columns=[f"x{i}" for i in range(20)])
    labels = (table["x0"] + table["x1"] * table["x2"] + rng.normal(size=5000) > 0).astype(int)
    model = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 4}, xgboost.DMatrix(table, labels), 60
    )

    def score(frame: pd.DataFrame) -> np.ndarray:
        return model.inplace_predict(frame.to_numpy(float))

    ten = background(score, table)
    attribute(score, table.head(1), ten, samples=50)  # leaves the import of shap out
    found = []
    took = seconds(lambda: found.append(attribute(score, table.head(1), ten)))
    print(f"one explanation: {took:.2f} s, {found[0].scored_rows} model rows")
    for samples, size in ((250, 10), (100, 5)):
        some = background(score, table, size)
        took = seconds(
            lambda some=some, samples=samples: found.append(
                attribute(score, table.head(1000), some, samples=samples)
            )
        )
        exact = tree(model, table.head(1000).to_numpy(), some.to_numpy(), list(table))
        agree = np.corrcoef(found[-1].values.to_numpy().ravel(), exact.values.to_numpy().ravel())[
            0, 1
        ]
        print(
            f"1,000 explanations, {samples} samples x {size} background rows: "
            f"{1000 / took:.0f}/s, correlation with "
            f"exact {agree:.4f}"
        )
    took = seconds(lambda: tree(model, table.head(1000).to_numpy(), ten.to_numpy(), list(table)))
    print(f"1,000 explanations, exact: {1000 / took:.0f}/s")
    took = seconds(lambda: found.append(contrast(score, table.iloc[[0]], table, list(table))))
    print(f"one contrast: {took:.2f} s, {found[-1].scored_rows} model rows")


def through_an_endpoint() -> None:
    """One explanation and a thousand of the credit data, asked of an endpoint of the offline
    AWS.
    """
    with tempfile.TemporaryDirectory() as folder:
        offline = Offline(Path(folder)).start()
        try:
            offline.s3.create_bucket(Bucket="data")
            credit_endpoint.deploy(offline, "credit", credit_endpoint.archive())
            runtime = offline.client("sagemaker-runtime")

            def score(rows: pd.DataFrame) -> list[float]:
                answers = []
                for begin in range(0, len(rows), AT_ONCE):
                    body = rows.iloc[begin : begin + AT_ONCE].to_csv(index=False, header=False)
                    answer = runtime.invoke_endpoint(
                        EndpointName="credit", Body=body, ContentType="text/csv"
                    )
                    answers += [
                        one["probability"]
                        for one in json.loads(answer["Body"].read())["predictions"]
                    ]
                return answers

            rows, training = credit.DATA[credit.FEATURES], credit.TRAIN[credit.FEATURES]
            ten, five = (background(score, training, size) for size in (10, 5))
            found = []
            took = seconds(lambda: found.append(attribute(score, rows.head(1), ten, samples=200)))
            took += seconds(
                lambda: found.append(
                    contrast(score, rows.head(1), training, ["month", "credit_amount"])
                )
            )
            asked = sum(part.scored_rows for part in found)
            print(f"one explanation and contrast through an endpoint: {took:.2f} s, {asked} rows")
            took = seconds(lambda: attribute(score, rows, five, samples=100))
            print(f"{len(rows):,} explanations through an endpoint: {len(rows) / took:.0f}/s")
        finally:
            offline.command("stop")


def companions(rng: np.random.Generator) -> None:
    """A search over 100,000 validation rows and four groups."""
    asked = window(rng, 100_000)
    feature = Feature("group", ["a"], ["b", "c", "d", "e"])
    score = rng.random(100_000)
    took = seconds(lambda: per_group(asked["rows"], feature, lambda frame: score, asked["labels"]))
    print(f"per-group thresholds and frontier, 100,000 rows x 4 groups: {took:.2f} s")


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    fairness(generator)
    explanations(generator)
    through_an_endpoint()
    companions(generator)
