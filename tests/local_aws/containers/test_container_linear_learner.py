import json
import re

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from local_aws.containers.catalog import IMAGES

PATTERN = {  # the hyperparameters of the pattern's raw create_training_job call
    "feature_dim": 30,
    "mini_batch_size": 100,
    "predictor_type": "binary_classifier",
    "epochs": 10,
    "num_models": 32,
    "loss": "auto",
}


def read_metrics(log: str) -> dict[str, float]:
    """Read the final metrics as SageMaker does: the last match of each regex."""
    (image,) = [image for image in IMAGES if image.name == "linear-learner"]
    found = {name: re.findall(regex, log) for name, regex in image.metrics}
    return {name: float(values[-1]) for name, values in found.items() if values}


def predict(job, features, accept=None) -> list[dict]:
    with job.serve("linear_learner") as invoke:
        return json.loads(invoke(job.csv(features), accept=accept).text)["predictions"]


def test_the_pattern_trains_and_serves(job, cancer):
    x_train, x_test, y_train, y_test = cancer
    assert job.prepare(PATTERN, train=job.csv(y_train, x_train)).train("linear_learner") == 0, (
        job.log
    )
    with job.serve("linear_learner") as invoke:
        answer = invoke(job.csv(x_test))
        assert invoke("", path="/ping", method="GET").status == 200
    assert (answer.status, answer.type) == (200, "application/json")
    predictions = json.loads(answer.text)["predictions"]
    assert len(predictions) == 114
    assert set(predictions[0]) == {"score", "predicted_label"}
    assert roc_auc_score(y_test, [one["score"] for one in predictions]) > 0.99
    assert np.mean([one["predicted_label"] for one in predictions] == y_test) > 0.95


def test_a_binary_model_is_scikit_learns_logistic_regression(job, cancer):
    x_train, x_test, y_train, _ = cancer
    settings = {
        "predictor_type": "binary_classifier",
        "wd": 0.01,
        "epochs": 200,
        "early_stopping_tolerance": 1e-9,
    }
    assert job.prepare(settings, train=job.csv(y_train, x_train)).train("linear_learner") == 0, (
        job.log
    )
    expected = make_pipeline(
        StandardScaler(), LogisticRegression(C=1 / (0.01 * len(y_train)), tol=1e-9)
    )
    expected.fit(x_train, y_train)
    scores = [one["score"] for one in predict(job, x_test)]
    np.testing.assert_allclose(scores, expected.predict_proba(x_test)[:, 1], atol=1e-4)


def test_a_regressor_is_ridge_regression_and_returns_only_scores(job):
    features, target = load_diabetes(return_X_y=True)
    settings = {"predictor_type": "regressor", "wd": 0.1}
    assert job.prepare(settings, train=job.csv(target, features)).train("linear_learner") == 0, (
        job.log
    )
    scaled = StandardScaler().fit_transform(features)
    expected = Ridge(alpha=0.1 * len(target)).fit(scaled, target).predict(scaled)
    predictions = predict(job, features)
    assert set(predictions[0]) == {"score"}
    np.testing.assert_allclose([one["score"] for one in predictions], expected, rtol=1e-6)
    found = read_metrics(job.log)
    assert found["train:mse"] == pytest.approx(np.mean((expected - target) ** 2))
    assert found["train:rmse"] == pytest.approx(found["train:mse"] ** 0.5)


@pytest.mark.parametrize(
    "loss",
    [
        "absolute_loss",
        "quantile_loss",
        "huber_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
    ],
)
def test_each_loss_of_a_regressor_learns(job, loss):
    features, target = load_diabetes(return_X_y=True)
    settings = {"predictor_type": "regressor", "loss": loss, "epochs": 50}
    assert job.prepare(settings, train=job.csv(target, features)).train("linear_learner") == 0, (
        job.log
    )
    assert (
        read_metrics(job.log)["train:absolute_loss"]
        < 0.75 * np.abs(target - np.median(target)).mean()
    )


@pytest.mark.parametrize("loss", ["auto", "hinge_loss"])
def test_a_multiclass_model_scores_every_class(job, loss):
    features, target = load_iris(return_X_y=True)
    settings = {
        "predictor_type": "multiclass_classifier",
        "num_classes": 4,
        "loss": loss,
        "accuracy_top_k": 2,
    }
    assert job.prepare(settings, train=job.csv(target, features)).train("linear_learner") == 0, (
        job.log
    )
    predictions = predict(job, features)
    scores = np.array([one["score"] for one in predictions])
    labels = np.array([one["predicted_label"] for one in predictions])
    assert scores.shape == (150, 4)
    assert (labels == scores.argmax(axis=1)).all()
    assert (labels == target).mean() > 0.9
    assert 3 not in labels  # a class that the data lacks
    if loss == "auto":
        np.testing.assert_allclose(scores.sum(axis=1), 1)
    found = read_metrics(job.log)
    assert found["train:multiclass_accuracy"] == pytest.approx((labels == target).mean())
    assert found["train:multiclass_top_k_accuracy"] >= found["train:multiclass_accuracy"]
    assert 0.9 < found["train:dcg"] <= 1


def test_each_channel_is_measured_with_the_metric_names_of_aws(job, cancer):
    x_train, x_test, y_train, y_test = cancer
    rows = job.csv(y_test, x_test)
    job.prepare(PATTERN, train=job.csv(y_train, x_train), validation=rows, test=rows)
    assert job.train("linear_learner") == 0, job.log
    found = read_metrics(job.log)
    for channel in ("train", "validation", "test"):
        assert found[f"{channel}:binary_classification_accuracy"] > 0.95
        assert {
            f"{channel}:{name}"
            for name in ("precision", "recall", "binary_f_beta", "roc_auc_score")
        } <= set(found)
    assert (
        found["validation:objective_loss"]
        == found["validation:objective_loss:final"]
        == found["test:objective_loss"]
    )
    assert found["train:progress"] == 100
    assert found["train:throughput"] > 0


def test_training_twice_gives_the_same_model(job, cancer, tmp_path):
    x_train, _, y_train, _ = cancer
    job.prepare(PATTERN | {"loss": "hinge_loss"}, train=job.csv(y_train, x_train))
    models = []
    for _ in range(2):
        assert job.train("linear_learner") == 0, job.log
        models.append((job.opt_ml / "model" / "linear-learner.json").read_bytes())
    assert models[0] == models[1]


@pytest.mark.parametrize(
    ("criterion", "target", "measure"),
    [
        ("recall_at_target_precision", {"target_precision": 0.99}, precision_score),
        ("precision_at_target_recall", {"target_recall": 0.99}, recall_score),
    ],
)
def test_the_threshold_holds_the_target_on_the_validation_channel(
    job, cancer, criterion, target, measure
):
    x_train, _, y_train, _ = cancer
    x_train, x_valid, y_train, y_valid = train_test_split(x_train, y_train, random_state=0)
    settings = PATTERN | {"binary_classifier_model_selection_criteria": criterion} | target
    job.prepare(settings, train=job.csv(y_train, x_train), validation=job.csv(y_valid, x_valid))
    assert job.train("linear_learner") == 0, job.log
    labels = [one["predicted_label"] for one in predict(job, x_valid)]
    assert measure(y_valid, labels) >= 0.99


def test_regularisation_and_class_weights_have_their_effect(job, cancer, tmp_path):
    x_train, x_test, y_train, _ = cancer
    table = job.csv(y_train, x_train)

    def train_one(**settings) -> tuple[dict, np.ndarray]:
        one = type(job)(tmp_path / str(len(list(tmp_path.iterdir()))))
        one.prepare({"predictor_type": "binary_classifier", "wd": 1e-4} | settings, train=table)
        assert one.train("linear_learner") == 0, one.log
        model = json.loads((one.opt_ml / "model" / "linear-learner.json").read_text())
        return model, np.array([prediction["score"] for prediction in predict(one, x_test)])

    plain, scores = train_one()
    sparse, _ = train_one(l1=0.05, epochs=100)
    assert np.count_nonzero(sparse["weights"]) < np.count_nonzero(plain["weights"])
    small, _ = train_one(wd=1)
    assert np.abs(small["weights"]).sum() < np.abs(plain["weights"]).sum()
    _, cautious = train_one(positive_example_weight_mult=20)
    assert cautious.mean() > scores.mean()
    unbiased, _ = train_one(use_bias="false", unbias_data="false")
    assert unbiased["bias"] == [0]


def test_every_request_format_gives_the_same_predictions_in_every_response_format(job, cancer):
    x_train, x_test, y_train, _ = cancer
    assert job.prepare(PATTERN, train=job.csv(y_train, x_train)).train("linear_learner") == 0, (
        job.log
    )
    rows = x_test[:3].tolist()
    instances = [{"features": row} for row in rows]
    nested = [{"data": {"features": {"values": row}}} for row in rows]
    lines = "\n".join(json.dumps(one) for one in instances)
    with job.serve("linear_learner") as invoke:
        expected = json.loads(invoke(job.csv(rows)).text)
        for body, content_type in [
            (json.dumps({"instances": instances}), "application/json"),
            (json.dumps({"instances": nested}), "application/json; charset=utf-8"),
            (lines, "application/jsonlines"),
        ]:
            assert json.loads(invoke(body, content_type).text) == expected
        answer = invoke(job.csv(rows), accept="application/jsonlines")
        assert answer.type == "application/jsonlines"
        assert [json.loads(line) for line in answer.text.splitlines()] == expected["predictions"]
        answer = invoke(job.csv(rows), accept="text/csv")
        assert answer.type == "text/csv; charset=utf-8"
        lines = [f"{one['score']},{one['predicted_label']}" for one in expected["predictions"]]
        assert answer.text == "\n".join(lines)


def test_the_model_is_plain_json(job, cancer):
    x_train, _, y_train, _ = cancer
    assert job.prepare(PATTERN, train=job.csv(y_train, x_train)).train("linear_learner") == 0, (
        job.log
    )
    (file,) = (job.opt_ml / "model").iterdir()
    assert np.shape(json.loads(file.read_text())["weights"]) == (1, 30)
