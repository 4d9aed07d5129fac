import json
import re

import numpy as np
import pytest
import xgboost as xgb
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from local_aws.containers.catalog import IMAGES

WALKTHROUGH = {
    "max_depth": 5,
    "eta": 0.2,
    "gamma": 4,
    "min_child_weight": 6,
    "subsample": 0.8,
    "silent": 0,
    "objective": "binary:logistic",
    "num_round": 100,
}


def read_metrics(log: str) -> dict[str, float]:
    """Read the final metrics as SageMaker does: the last match of each regex."""
    (image,) = [image for image in IMAGES if image.name == "xgboost"]
    found = {name: re.findall(regex, log) for name, regex in image.metrics}
    return {name: float(values[-1]) for name, values in found.items() if values}


def test_the_walkthrough_gives_its_published_result(job, cancer):
    x_train, x_test, y_train, y_test = cancer
    job.prepare(WALKTHROUGH, train=job.csv(y_train, x_train), validation=job.csv(y_test, x_test))
    assert job.train("xgboost") == 0, job.log
    with job.serve("xgboost") as invoke:
        answer = invoke(job.csv(x_test))
        singles = [float(invoke(job.csv(x_test[row : row + 1])).text) for row in range(3)]
    assert (answer.status, answer.type) == (200, "text/csv; charset=utf-8")
    scores = np.array(answer.text.split(","), float)
    assert scores[:3].tolist() == singles
    low, high = (scores < 0.1).mean(), (scores > 0.9).mean()
    assert 0.51 < low < 0.63
    assert 0.25 < high < 0.36
    assert 0.06 < 1 - low - high < 0.19
    assert roc_auc_score(y_test, scores) > 0.98


def test_the_model_equals_the_one_the_library_trains(job, cancer):
    x_train, x_test, y_train, _ = cancer
    settings = {
        "objective": "binary:logistic",
        "num_round": 20,
        "max_depth": 3,
        "learning_rate": 0.3,
        "seed": 7,
    }
    assert job.prepare(settings, train=job.csv(y_train, x_train)).train("xgboost") == 0, job.log
    parameters = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.3, "seed": 7}
    expected = xgb.train(parameters, xgb.DMatrix(x_train, label=y_train), 20)
    # As ModelBuilder sends it
    with job.serve("xgboost", SAGEMAKER_PROGRAM="", SAGEMAKER_SUBMIT_DIRECTORY="") as invoke:
        scores = np.array(invoke(job.csv(x_test)).text.split(","), float)
    np.testing.assert_allclose(scores, expected.predict(xgb.DMatrix(x_test)), rtol=1e-6)
    copy = xgb.Booster()
    # AWS's container loads it like this
    copy.load_model(bytearray((job.opt_ml / "model" / "xgboost-model").read_bytes()))
    np.testing.assert_array_equal(copy.predict(xgb.DMatrix(x_test)), scores.astype(np.float32))


def test_the_log_has_a_line_per_round_and_the_final_metrics(job, cancer):
    x_train, x_test, y_train, y_test = cancer
    settings = WALKTHROUGH | {"num_round": 5, "eval_metric": "auc,error@0.3,accuracy,f1_macro"}
    job.prepare(settings, train=job.csv(y_train, x_train), validation=job.csv(y_test, x_test))
    assert job.train("xgboost") == 0, job.log
    rounds = [line for line in job.log.splitlines() if re.match(r"\[\d+\]", line)]
    assert [line.split("#011")[0] for line in rounds] == [f"[{number}]" for number in range(5)]
    found = read_metrics(job.log)
    with job.serve("xgboost") as invoke:
        scores = np.array(invoke(job.csv(x_test)).text.split(","), float)
    assert found["validation:auc"] == pytest.approx(roc_auc_score(y_test, scores), abs=1e-5)
    assert found["validation:accuracy"] == pytest.approx(
        accuracy_score(y_test, scores > 0.5), abs=1e-5
    )
    assert found["validation:f1_macro"] == pytest.approx(
        f1_score(y_test, scores > 0.5, average="macro"), abs=1e-5
    )
    assert {"train:auc", "train:accuracy"} <= set(found)


def test_early_stopping_ends_the_rounds_and_serves_the_best_model(job, cancer):
    x_train, x_test, y_train, y_test = cancer
    settings = {
        "objective": "binary:logistic",
        "num_round": 500,
        "early_stopping_rounds": 3,
        "eta": 1,
    }
    job.prepare(settings, train=job.csv(y_train, x_train), validation=job.csv(y_test, x_test))
    assert job.train("xgboost") == 0, job.log
    losses = [float(value) for value in re.findall(r"validation-logloss:(\S+)", job.log)]
    assert 3 < len(losses) < 500
    with job.serve("xgboost") as invoke:
        scores = np.clip(np.array(invoke(job.csv(x_test)).text.split(","), float), 1e-7, 1 - 1e-7)
    loss = -np.mean(y_test * np.log(scores) + (1 - y_test) * np.log(1 - scores))
    assert loss == pytest.approx(min(losses), abs=1e-3)
    assert loss < losses[-1]


@pytest.mark.parametrize(
    ("objective", "extra"),
    [
        ("multi:softmax", {"num_class": 3}),
        ("multi:softprob", {"num_class": 3}),
        ("reg:squarederror", {}),
        ("reg:linear", {}),
        ("reg:absoluteerror", {}),
        ("reg:tweedie", {"tweedie_variance_power": 1.3}),
        ("count:poisson", {}),
        ("rank:pairwise", {}),
    ],
)
def test_each_kind_of_objective_trains_and_serves(job, objective, extra):
    features, target = load_iris(return_X_y=True)
    settings = {"objective": objective, "num_round": 10} | extra
    assert job.prepare(settings, train=job.csv(target, features)).train("xgboost") == 0, job.log
    with job.serve("xgboost") as invoke:
        answer = invoke(job.csv(features))
        as_json = json.loads(invoke(job.csv(features), accept="application/json").text)
    assert len(as_json) == 150
    if objective == "multi:softprob":  # as AWS joins them: "[0.1, 0.2, 0.7],[…]"
        assert json.loads(f"[{answer.text}]") == as_json
        assert (np.argmax(as_json, axis=1) == target).mean() > 0.95
    else:
        assert [float(value) for value in answer.text.split(",")] == as_json
        assert np.corrcoef(as_json, target)[0, 1] > 0.8


def test_libsvm_trains_and_serves_as_csv_does(job, cancer, tmp_path):
    x_train, x_test, y_train, _ = cancer

    def write_libsvm(labels, rows):
        cells = (
            " ".join(f"{index}:{value!r}" for index, value in enumerate(row))
            for row in rows.tolist()
        )
        return "".join(f"{label} {row}\n" for label, row in zip(labels, cells, strict=True))

    half = len(x_train) // 2
    files = {
        "b.libsvm": write_libsvm(y_train[half:], x_train[half:]),
        "a.libsvm": write_libsvm(y_train[:half], x_train[:half]),
    }
    settings = {"objective": "binary:logistic", "num_round": 10}
    # AWS's default content type
    assert job.prepare(settings, None, train=files).train("xgboost") == 0, job.log
    other = type(job)(tmp_path / "csv")
    assert other.prepare(settings, train=job.csv(y_train, x_train)).train("xgboost") == 0, other.log
    with job.serve("xgboost") as invoke:
        from_libsvm = invoke(write_libsvm(np.zeros(len(x_test)), x_test), "text/libsvm")
        short = invoke("0 3:1.5", "text/x-libsvm")
    with other.serve("xgboost") as invoke:
        from_csv = invoke(job.csv(x_test))
    assert from_libsvm.text == from_csv.text
    assert short.status == 200


def test_missing_values_and_instance_weights_are_used(job):
    features = "1,10,1,\n0,1,nan,2\n" * 40
    settings = {
        "objective": "binary:logistic",
        "num_round": 3,
        "csv_weights": 1,
        "min_child_weight": 0.1,
    }
    assert job.prepare(settings, train=features).train("xgboost") == 0, job.log
    with job.serve("xgboost") as invoke:
        known, missing = (float(value) for value in invoke("1,\n,2").text.split(","))
    assert known > 0.5 > missing
    assert known - 0.5 > 0.5 - missing  # ten times the weight


def test_monotone_constraints_hold(job):
    x = np.linspace(0, 1, 200)
    settings = {"num_round": 20, "monotone_constraints": "(1,)", "tree_method": "hist"}
    assert job.prepare(settings, train=job.csv(np.sin(9 * x), x)).train("xgboost") == 0, job.log
    with job.serve("xgboost") as invoke:
        scores = np.array(invoke(job.csv(x)).text.split(","), float)
    assert (np.diff(scores) >= 0).all()
