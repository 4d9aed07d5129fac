"""A model of any engine is taken on: contract proposed, model asked once, subscribed, measured."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model_monitoring.datamart.engines import forms
from model_monitoring.datamart.watching import contracts, proposing, starting, tables, trying

LOADERS = {"wine": (load_wine, LogisticRegression), "diabetes": (load_diabetes, LinearRegression)}


@pytest.fixture(scope="module", params=LOADERS)
def case(request):
    """A data set split in two, and a model of it."""
    load, kind = LOADERS[request.param]
    frame = load(as_frame=True).frame
    training, rows = train_test_split(frame, random_state=0, test_size=0.4)
    model = make_pipeline(StandardScaler(), kind()).fit(
        training.drop(columns="target"), training["target"]
    )
    return request.param, training, rows, model


@pytest.fixture
def server():
    """A server whose `answer` makes an answer of a request's JSON; anything else is its fault."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer = 200, self.server.answer(body)
            except Exception as error:
                status, answer = 422, {"error": repr(error)}
            text = answer if isinstance(answer, str) else json.dumps(answer)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{server.server_port}/score"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def frames(body, names):
    """Read a request in any of the forms, strictly: each form's own keys."""
    match body:
        case {"dataframe_split": {"columns": columns, "data": rows}}:
            return pd.DataFrame(rows, columns=columns)
        case {"fields": columns, "values": rows}:
            return pd.DataFrame(rows, columns=columns)
        case {"inputs": [{"shape": shape, "datatype": "FP64", "data": rows}]}:
            assert list(np.shape(rows)) == shape
            return pd.DataFrame(rows, columns=names)
        case {"inputs": [{"name": _}, *_] as tensors}:
            columns = {one["name"]: one["data"] for one in tensors}
            assert [one["shape"] for one in tensors] == [[len(one["data"]), 1] for one in tensors]
            return pd.DataFrame(columns)
        case {"inputs": rows} | {"instances": rows}:
            return pd.DataFrame(rows, columns=names)
        case [dict(), *_]:
            return pd.DataFrame(body)
        case [list(), *_]:
            return pd.DataFrame(body, columns=names)
    raise ValueError(body)


@pytest.mark.parametrize("form", forms.REQUESTS)
def test_from_training_data_to_measurements_in_each_form(mart, case, server, form):
    name, training, rows, model = case
    names = [one for one in training if one != "target"]

    def answer(body):
        frame = frames(body, names)[names]
        if name == "diabetes":
            return {"predictions": model.predict(frame).tolist()}
        return {"outputs": model.predict_proba(frame).tolist()}

    server.answer = answer
    engine = {"url": server.url, "request": form}
    proposed = proposing.propose(training, "target", f"{name} {form}", engine=engine)
    contract, sentences = trying.ask(proposed, training)
    subscription = starting.subscribe(mart, contract, training)
    sent = starting.send(subscription, rows)
    assert sent == (len(rows), 0, len(rows))
    assert starting.send(subscription, rows) == (0, len(rows), 0)  # the same once more
    starting.measure(subscription, contract)
    metrics = subscription.quality_monitoring.run()["metrics"]
    features, label = rows[names], rows["target"]
    if name == "wine":
        assert "right for 100 of 100" in sentences[0]
        assert metrics["accuracy"] == pytest.approx((model.predict(features) == label).mean())
    else:
        assert metrics["r2"] == pytest.approx(model.score(features, label))
    assert subscription.drift_monitoring.run()["metrics"]["drifted_features"] == 0


def test_the_form_is_found_out(mart, case, server):
    name, training, _, model = case

    def answer(body):
        assert isinstance(body, list) and isinstance(body[0], dict)
        return model.predict(pd.DataFrame(body)).tolist()

    server.answer = answer
    proposed = proposing.propose(training, "target", name, engine={"url": server.url})
    assert trying.ask(proposed, training).contract.engine["request"] == "records"


def test_an_answer_of_another_form_and_a_request_of_ones_own(server, case):
    name, training, _, model = case

    def answer(body):
        frame = pd.DataFrame(body["job"]["cases"])
        return {"result": {"ok": [{"value": one} for one in model.predict(frame).tolist()]}}

    server.answer = answer
    engine = {"url": server.url, "request": {"job": {"cases": "$records"}}}
    engine["answers"] = "result.ok[*].value"
    proposed = proposing.propose(training, "target", name, engine=engine)
    assert trying.ask(proposed, training).sentences
    with pytest.raises(ValueError, match=r"nothing at result\.nothing"):
        trying.ask(
            proposing.propose(
                training, "target", name, engine=engine | {"answers": "result.nothing"}
            ),
            training,
        )


WRONG = {
    "html": (lambda body: "<html>Sign in</html>", "must answer with a prediction for each"),
    "another class": (lambda body: ["x"] * 100, "one of the classes '0', '1', '2'"),
    "too few": (lambda body: [0] * 7, "for each of 100 rows"),
    "two fields": (lambda body: [{"a": 1, "b": 2}] * 100, "can't be told for sure"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_makes_no_sense_subscribes_nothing(mart, server, what):
    training = load_wine(as_frame=True).frame
    server.answer, message = WRONG[what]
    proposed = proposing.propose(training, "target", "wine", engine={"url": server.url})
    with pytest.raises(ValueError, match=message):
        trying.ask(proposed, training)
    assert mart.subscriptions.get_uids() == []


def test_another_order_of_the_classes_is_noticed(server):
    training = load_wine(as_frame=True).frame
    model = LogisticRegression(max_iter=5000).fit(
        training.drop(columns="target"), training["target"]
    )
    server.answer = lambda body: [
        row[::-1] for row in model.predict_proba(pd.DataFrame(body)).tolist()
    ]
    engine = {"url": server.url, "request": "records"}
    proposed = proposing.propose(training, "target", "wine", engine=engine)
    with pytest.raises(ValueError, match="'2', '1', '0' fits best"):
        trying.ask(proposed, training)


def test_the_other_class_is_noticed(server):
    rng = np.random.default_rng(0)
    training = pd.DataFrame({"x": rng.normal(size=200)})
    training["y"] = np.where(training["x"] + rng.normal(size=200) > 0, "yes", "no")
    server.answer = lambda body: [1 / (1 + np.exp(row["x"])) for row in body]
    engine = {"url": server.url, "request": "records"}
    proposed = proposing.propose(training, "y", "sides", engine=engine)
    assert proposed.positive_class == "yes"
    with pytest.raises(ValueError, match="it is the other class's"):
        trying.ask(proposed, training)


def test_a_shape_that_changes_later_is_said(mart, server):
    training = load_wine(as_frame=True).frame
    server.answer = lambda body: [0] * len(body)
    engine = {"url": server.url, "request": "records"}
    contract, _ = trying.ask(proposing.propose(training, "target", "wine", engine=engine), training)
    subscription = starting.subscribe(mart, contract, training)
    server.answer = lambda body: [{"class": 0, "other": 1}] * len(body)
    with pytest.raises(ValueError, match="has no 'prediction', only 'class', 'other'"):
        starting.send(subscription, training)
    assert subscription.payload_logging.get_records_count() == 0


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_contract_survives_its_file(tmp_path, suffix):
    frame = pd.DataFrame({"code": ["01", "2"], "size": [1.5, 2], "ok": [True, False]})
    frame["answer"] = ["no", "yes"]
    contract = proposing.propose(frame, "answer", "Äpfel", engine={"url": "http://h/x"})
    path = tmp_path / f"c.{suffix}"
    contracts.write(contract, path)
    assert contracts.read(path) == contract
    assert contract.features == {"code": "category", "size": "number", "ok": "boolean"}
    assert contract.classes == ["no", "yes"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "colour; a contract has"),
        ({"label": None}, "lacks label"),
        ({"problem_type": "guess"}, "'guess' is not a valid ProblemType: use binary, mul"),
        ({"features": ["a"]}, "features is"),
        ({"features": {"a": "colour"}}, "a feature is number"),
        ({"positive_class": "maybe"}, "none of the classes"),
    ],
)
def test_a_faulty_contract_says_where(tmp_path, change, message):
    content = {"name": "n", "problem_type": "binary", "label": "y", "features": {"a": "number"}}
    content |= {"classes": ["n", "y"], "positive_class": "y"} | change
    path = tmp_path / "c.json"
    path.write_text(json.dumps({name: value for name, value in content.items() if value}))
    with pytest.raises(ValueError, match=message) as caught:
        contracts.read(path)
    assert "c.json" in str(caught.value)


def test_files_keep_codes_and_categories_as_they_are_written(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("zip,kind,n,flag,gap\n01234,NA,1,true,\n00501,b,2.5,False,7\n")
    frame = tables.read(path)
    assert frame["zip"].tolist() == ["01234", "00501"]
    assert frame["kind"].tolist() == ["NA", "b"]
    assert frame["n"].tolist() == [1, 2.5]
    assert frame["flag"].tolist() == [True, False]
    assert frame["gap"].isna().tolist() == [True, False]


def test_predictions_from_a_file_with_a_column_a_class(mart):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=60), "kind": rng.choice(["a", "b", "c"], 60)})
    shares = rng.dirichlet([1, 1, 1], 60)
    for place, name in enumerate("abc"):
        frame[f"p_{name}"] = shares[:, place]
    contract = proposing.propose(frame[["x", "kind"]], "kind", "file")
    contract, _ = trying.look(contract, frame.drop(columns="kind"))
    subscription = starting.subscribe(mart, contract, frame)
    assert starting.predicted(subscription, frame).stored == 60
    logged = subscription.payload_logging.get_table_content()
    assert logged["prediction"].tolist() == np.array(list("abc"))[shares.argmax(axis=1)].tolist()
    with pytest.raises(ValueError, match="come as files"):
        starting.send(subscription, frame)
