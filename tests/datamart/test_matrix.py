"""Every problem, form of answer, door and monitor: each cell measures right or says why not."""

import json
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, log_loss, r2_score

from model_monitoring import console, datamart

from . import credit
from .test_capture_ingestion import JSON_KINDS, PREFIX, event

N = 120
CLASSES = {"binary": ["no", "yes"], "multiclass": ["low", "medium", "high"]}
CELLS = [("binary", form) for form in ("label", "scalar", "pair")]
CELLS += [("multiclass", form) for form in ("label", "scalar", "vector")]
CELLS += [("regression", "label")]


def world(problem):
    """Rows with true labels, what the model predicts, and the probability of each class."""
    rng = np.random.default_rng(7)
    rows = pd.DataFrame(
        {"x": rng.normal(size=N), "y": rng.normal(size=N), "g": rng.choice(["a", "b"], N)}
    )
    if problem == "regression":
        truth = (rows["x"] + 0.5 * rng.normal(size=N)).tolist()
        return rows, truth, rows["x"].tolist(), None
    known = CLASSES[problem]
    logits = np.column_stack([rows["x"] * step for step in range(len(known))])
    odds = np.exp(logits)
    chances = odds / odds.sum(axis=1)[:, None]
    predicted = [known[i] for i in chances.argmax(axis=1)]
    truth = [known[rng.choice(len(known), p=chance)] for chance in chances]
    return rows, truth, predicted, chances


def score_of(form, chances):
    if form == "scalar":  # of the positive class, or of the predicted one
        return [float(c[1] if len(c) == 2 else c.max()) for c in chances]
    return [c.tolist() for c in chances] if form in ("pair", "vector") else None


def declared(problem, form):
    """What every subscription to the model says of it."""
    return {
        "problem_type": problem,
        "label_column": "truth",
        "prediction_column": "predicted",
        "probability_column": None if form == "label" else "score",
        "feature_columns": ["x", "y", "g"],
        "categorical_columns": ["g"],
        "label_values": CLASSES.get(problem),
        "positive_label": "yes" if problem == "binary" else None,
    }


def by_python(subscription, rows, predicted, scores):
    outputs = ["predicted"] if scores is None else ["predicted", "score"]
    answers = zip(predicted, *([] if scores is None else [scores]), strict=True)
    subscription.payload_logging.store(
        [
            datamart.PayloadRecord(
                {"fields": list(rows), "values": [row]},
                {"fields": outputs, "values": [list(answer)]},
                f"r{i}",
            )
            for i, (row, answer) in enumerate(zip(rows.values.tolist(), answers, strict=True))
        ]
    )


def by_frame(subscription, rows, predicted, scores):
    frame = rows.assign(predicted=predicted, scoring_id=[f"r{i}" for i in range(N)])
    subscription.payload_logging.store(frame if scores is None else frame.assign(score=scores))


def by_rest(page, schema, subscription, rows, predicted, scores):
    outputs = ["predicted"] if scores is None else ["predicted", "score"]
    answers = zip(predicted, *([] if scores is None else [scores]), strict=True)
    body = [
        {
            "subscription_id": subscription.uid,
            "scoring_id": f"r{i}",
            "request": {"fields": list(rows), "values": [row]},
            "response": {"fields": outputs, "values": [list(answer)]},
        }
        for i, (row, answer) in enumerate(zip(rows.values.tolist(), answers, strict=True))
    ]
    headers = {"Authorization": f"Bearer {page.token}", "Content-Type": "application/json"}
    url = f"{page.url}/v1/data_marts/{schema}/scoring_payloads"
    with urlopen(Request(url, json.dumps(body).encode(), headers)) as answer:
        assert answer.status in (200, 201, 202)


@pytest.fixture
def page(capturing, database_url):
    running = console.start(database_url, capturing[0].database.schema)
    yield running
    running.stop()


def answer_of(predicted, score):
    named = {"predicted": predicted} | ({} if score is None else {"score": score})
    return json.dumps({"predictions": [named]})


def by_capture(write, subscription, rows, predicted, scores, kind):
    events = []
    for i, row in enumerate(rows.values.tolist()):
        answer = answer_of(predicted[i], None if scores is None else scores[i])
        if kind == "JSON":
            request, encoding = json.dumps(dict(zip(rows, row, strict=True))), "JSON"
        else:
            request, encoding = ",".join(map(str, row)), "CSV"
        each = event(f"r{i}", request, answer, encoding, JSON_KINDS)
        each["captureData"]["endpointOutput"]["encoding"] = "JSON"
        events.append(each)
    write("matrix", *events)
    report = subscription.payload_logging.ingest_capture(PREFIX)
    assert (report.stored, report.failed) == (N, 0)


def stored(subscription):
    window = subscription.payload_logging.get_window()
    scoring = subscription.payload_logging.get_window(columns=["scoring_id"])
    window = window.assign(id=scoring["scoring_id"]).sort_values("id").reset_index(drop=True)
    return window.drop(columns="id")


@pytest.mark.parametrize(("problem", "form"), CELLS)
def test_doors(capturing, page, database_url, problem, form):
    small, write = capturing
    rows, _, predicted, chances = world(problem)
    scores = score_of(form, chances)
    mart = datamart.DataMart(
        database_url, schema=small.database.schema, boto_session=small.boto_session
    )
    tables = []
    doors = {
        "python": by_python,
        "REST": lambda *given: by_rest(page, small.database.schema, *given),
        "frame": by_frame,
        "CSV": lambda *given: by_capture(write, *given, "CSV"),
        "JSON": lambda *given: by_capture(write, *given, "JSON"),
    }
    for name, door in doors.items():
        engine = mart.bindings.add(
            "AWS", datamart.SageMakerMachineLearningInstance(region="us-east-1")
        )
        subscription = mart.subscriptions.add(
            datamart.SageMakerMachineLearningAsset(
                source_uid="breast-cancer",
                binding_uid=engine,
                name=name,
                **declared(problem, form),
            )
        )
        door(subscription, rows, predicted, scores)
        tables.append(stored(subscription))
        subscription.performance_monitoring.enable()
        measured = subscription.performance_monitoring.run()["metrics"]
        assert (measured["records"], measured["requests"]) == (N, N)
    expected = rows.assign(predicted=predicted)
    if form == "pair":
        expected["score"] = chances[:, 1]
    elif form == "scalar" and problem == "binary":
        expected["score"] = scores
    order = np.argsort([f"r{i}-1" for i in range(N)], kind="stable")
    for found in tables:
        pd.testing.assert_frame_equal(
            found[list(expected)], expected.iloc[order].reset_index(drop=True), check_dtype=False
        )
        pd.testing.assert_frame_equal(found[list(tables[0])], tables[0])


@pytest.mark.parametrize(("problem", "form"), CELLS)
def test_monitors(mart, problem, form):
    rows, truth, predicted, chances = world(problem)
    scores = score_of(form, chances)

    def model(asked):
        x = asked["x"].astype(float).to_numpy()
        if problem == "regression":
            return pd.DataFrame({"predicted": x})
        odds = np.exp(np.column_stack([x * step for step in range(len(CLASSES[problem]))]))
        chances = odds / odds.sum(axis=1)[:, None]
        answers = pd.DataFrame({"predicted": [CLASSES[problem][i] for i in chances.argmax(axis=1)]})
        return answers if form == "label" else answers.assign(score=score_of(form, chances))

    with credit.engine(model=model) as engine:
        sub = credit.subscribe(mart, engine.url, **declared(problem, form))
        by_frame(sub, rows, predicted, scores)
        feedback = pd.DataFrame({"scoring_id": [f"r{i}-1" for i in range(N)], "truth": truth})
        sub.feedback_logging.store(feedback)
        check_quality(sub, problem, truth, predicted, chances, form)
        check_performance_and_drift(sub, rows, truth, predicted, scores, form, problem)
        check_fairness(sub, problem, rows, predicted)
        check_explanations(sub, rows, problem, form)


def check_quality(sub, problem, truth, predicted, chances, form):
    sub.quality_monitoring.enable()
    run = sub.quality_monitoring.run()
    assert run["state"] == "finished" and run["records"] == N
    if problem == "regression":
        assert run["metrics"]["r2"] == pytest.approx(r2_score(truth, predicted))
        return
    assert run["metrics"]["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    if form in ("pair", "vector") or (form == "scalar" and problem == "binary"):
        # scikit-learn's columns are in the order of sorted classes
        order = np.argsort(CLASSES[problem])
        expected = log_loss(truth, chances[:, order], labels=sorted(CLASSES[problem]))
        assert run["metrics"]["log_loss"] == pytest.approx(expected)
    elif form == "scalar":
        reasons = {missing["name"]: missing["reason"] for missing in run["not_measured"]}
        assert "one for each class" in reasons["log_loss"]


def check_performance_and_drift(sub, rows, truth, predicted, scores, form, problem):
    sub.performance_monitoring.enable()
    run = sub.performance_monitoring.run()
    assert (run["metrics"]["records"], run["metrics"]["requests"]) == (N, N)
    assert [one["name"] for one in run["not_measured"]] == ["average_processing_time"]
    training = rows.assign(predicted=predicted)
    training = training if scores is None else training.assign(score=scores)
    estimable = scores is not None
    sub.drift_monitoring.enable(
        training, scored=training.assign(truth=truth) if estimable else None
    )
    run = sub.drift_monitoring.run()
    assert run["state"] == "finished" and run["metrics"]["drifted_features"] == 0
    if estimable:
        assert run["metrics"]["predicted_accuracy"] == pytest.approx(
            accuracy_score(truth, predicted), abs=0.1
        )


def check_fairness(sub, problem, rows, predicted):
    favourable = [[0.0, None]] if problem == "regression" else CLASSES[problem][-1:]
    sub.fairness_monitoring.enable(
        [datamart.Feature("g", minority=["a"], majority=["b"])], favourable
    )
    run = sub.fairness_monitoring.run()
    assert run["state"] == "finished", run
    told = pd.Series(predicted)
    is_good = told >= 0 if problem == "regression" else told == CLASSES[problem][-1]
    shares = is_good.groupby(rows["g"]).mean()
    assert run["metrics"]["DI [g: a]"] == pytest.approx(shares["a"] / shares["b"])
    # Of the rows and their twins in the other group together: the model doesn't see the group
    assert run["metrics"]["fairness_score [g: a]"] == pytest.approx(1.0)


def check_explanations(sub, rows, problem, form):
    enable = sub.explainability.enable
    if problem == "multiclass":
        with pytest.raises(ValueError, match="multiclass"):
            enable(rows)
        return
    enable(rows, sample=5)
    assert sub.explainability.run()["state"] == "finished"
    attributions = sub.explainability.explain("r0").attributions
    assert attributions["feature"].tolist()[0] == "x"
