"""`model-monitoring watch`: one command from a training file to first measurements."""

import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression

from model_monitoring.__main__ import main
from tests.datamart.conftest import database_url, mart, query  # noqa: F401


@pytest.fixture
def files(tmp_path, monkeypatch, mart, database_url):
    """Training and scored rows of wine in files, as the working folder; no AWS settings."""
    frame = load_wine(as_frame=True).frame
    frame["target"] = frame["target"].map({0: "barolo", 1: "grignolino", 2: "barbera"})
    model = LogisticRegression(max_iter=5000).fit(frame.drop(columns="target"), frame["target"])
    predicted = frame.assign(prediction=model.predict(frame.drop(columns="target")))
    frame.to_csv(tmp_path / "wine.csv", index=False)
    predicted.to_csv(tmp_path / "answers.csv", index=False)
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("DATABASE_URL", database_url)
    return tmp_path


def watch(mart, *arguments):
    schema = mart.get_details()["schema"]
    return main(["watch", "--training", "wine.csv", "--schema", schema, *arguments])


def test_from_files_to_measurements_and_again(files, mart, capsys):
    arguments = ("--label", "target", "--predictions", "answers.csv")
    assert watch(mart, *arguments) == 0
    out = capsys.readouterr().out
    assert "classes: 'barbera', 'barolo', 'grignolino'" in out
    assert "178 rows stored, 0 before, 178 labels." in out
    assert "quality: finished, 178 records" in out
    assert "protected: nobody named an attribute" in out
    assert yaml.safe_load((files / "wine.contract.yaml").read_text())["prediction"] == "prediction"
    assert watch(mart, *arguments) == 0
    assert "0 rows stored, 178 before, 0 labels." in capsys.readouterr().out
    assert main(["run", "--schema", mart.get_details()["schema"]]) in (0, 3)


def test_a_contract_that_was_corrected_counts(files, mart, capsys):
    answers = pd.read_csv("answers.csv").rename(columns={"prediction": "a"}).assign(b=1)
    answers["b"] = answers["a"]
    answers.to_csv("answers.csv", index=False)
    assert watch(mart, "--label", "target", "--predictions", "answers.csv") == 2
    said = capsys.readouterr().err
    assert "can't be told for sure" in said and "The proposed contract is in wine.contract" in said
    assert mart.subscriptions.get_uids() == []
    path = files / "wine.contract.yaml"
    path.write_text(path.read_text().replace("prediction: prediction", "prediction: b"))
    assert watch(mart, "--predictions", "answers.csv") == 0
    assert mart.subscriptions.get(name="wine").asset["prediction_column"] == "b"
    assert watch(mart, "--label", "other", "--predictions", "answers.csv") == 2
    assert "has the label 'target', not 'other'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--label", "nothing", "--predictions", "answers.csv"), "no column 'nothing'"),
        (("--label", "target"), "Say where the model is"),
        (("--predictions", "answers.csv"), "name the label with --label"),
        (("--label", "target", "--predictions", "none.csv"), "none.csv doesn't exist"),
        (("--label", "target", "--url", "http://127.0.0.1:1/"), "can't be reached"),
        (("--label", "target", "--endpoint", "e"), "needs AWS settings with a region"),
        (("--label", "target", "--url", "file:///etc/passwd"), "url must be http"),
    ],
)
def test_a_mistake_gets_a_sentence_and_subscribes_nothing(files, mart, capsys, arguments, message):
    assert watch(mart, *arguments) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said
    assert mart.subscriptions.get_uids() == []
