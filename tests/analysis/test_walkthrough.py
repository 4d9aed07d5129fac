"""The AWS walkthrough has the same result as on AWS: no drift, one data type violation.

Its baseline is the training file without a header, with the label in column 0. The endpoint
captures the score there instead: an integral label against a fractional score.
"""

import json

import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from model_monitoring.analysis.files.jobs import cloudwatch_metrics, run_baseline, run_check

xgboost = pytest.importorskip("xgboost")
EXPECTED = (
    "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. "
)
EXPECTED += "Observed: Only 0.0% of data is Integral."


@pytest.mark.parametrize("mode", ["exact", "aws"])
def test_the_result_is_that_of_aws(tmp_path, mode):
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    x_train, x_test, y_train, _ = train_test_split(
        data.data, data.target, test_size=0.2, random_state=42
    )
    pd.concat([y_train, x_train], axis=1).to_csv(tmp_path / "train.csv", header=False, index=False)
    run_baseline(tmp_path / "train.csv", tmp_path / "base", header=False)

    options = {
        "max_depth": 5,
        "eta": 0.2,
        "gamma": 4,
        "min_child_weight": 6,
        "subsample": 0.8,
        "nthread": 1,
    }
    model = xgboost.train(
        {**options, "objective": "binary:logistic"},
        xgboost.DMatrix(x_train.to_numpy(), y_train),
        num_boost_round=100,
    )
    scores = model.predict(xgboost.DMatrix(x_test.to_numpy()))
    with (tmp_path / "capture.jsonl").open("w") as stream:
        for row, score in zip(x_test.itertuples(index=False), scores, strict=True):
            captured = {
                "endpointInput": {
                    "mode": "INPUT",
                    "data": ",".join(map(str, row)),
                    "encoding": "CSV",
                },
                "endpointOutput": {"mode": "OUTPUT", "data": str(score), "encoding": "CSV"},
            }
            stream.write(json.dumps({"captureData": captured, "eventVersion": "0"}) + "\n")

    result = run_check(tmp_path / "capture.jsonl", tmp_path / "base", tmp_path / "out", mode=mode)
    violation = {
        "feature_name": "_c0",
        "constraint_check_type": "data_type_check",
        "description": EXPECTED,
    }
    drifted = {"aws": [], "exact": ["_c0"]}[mode]
    assert result.violations[0] == violation
    assert [found["feature_name"] for found in result.violations[1:]] == drifted
    count = 1 + len(drifted)
    ended = f"CompletedWithViolations: Job completed successfully with {count} violations."
    assert result.message == ended
    assert result.drift.loc[result.drift["drifted"], "feature"].tolist() == drifted
    assert len(result.drift) == 31

    metrics = {metric["MetricName"]: metric for metric in cloudwatch_metrics(result)}
    # On AWS drift of _c0 is not measured: its type changed
    assert len(metrics) == 31 + 31 + (30 if mode == "aws" else 31)
    first = metrics["feature_data__c1"]["StatisticValues"]
    assert first["SampleCount"] == 114 and first["Maximum"] == x_test.iloc[:, 0].max()
    assert metrics["feature_non_null__c0"]["Value"] == 1.0
    assert metrics["feature_baseline_drift__c1"]["Value"] == 0.0
