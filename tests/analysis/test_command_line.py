"""Baseline and check from a shell: the one command, a plain copy of the folder, and S3."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from moto import mock_aws

from model_monitoring.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    train = pd.DataFrame(
        {"width": rng.normal(20, 2, 2000), "city": rng.choice(["Rome", "Oslo"], 2000)}
    )
    drifted = train.sample(500, random_state=1).assign(width=lambda rows: rows["width"] * 10)
    for name, frame in (
        ("train", train),
        ("clean", train.sample(500, random_state=1)),
        ("drifted", drifted),
    ):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    assert main(["baseline", str(tmp_path / "train.csv"), "--out", str(tmp_path / "base")]) == 0
    return tmp_path


def check(folder, window, *options):
    return main(
        [
            "check",
            str(window),
            "--baseline",
            str(folder / "base"),
            "--out",
            str(folder / "out"),
            *options,
        ]
    )


def test_violations_fail_only_when_asked_to(files, capsys):
    assert check(files, files / "clean.csv", "--fail-on-violations") == 0
    assert "Completed: Job completed successfully with no violations." in capsys.readouterr().out
    assert check(files, files / "drifted.csv") == 0
    assert check(files, files / "drifted.csv", "--fail-on-violations") == 1
    shown = capsys.readouterr().out
    assert (
        "baseline_drift_check" in shown
        and "CompletedWithViolations: Job completed successfully with 1" in shown
    )
    found = json.loads((files / "out/constraint_violations.json").read_text())["violations"]
    assert [(v["feature_name"], v["constraint_check_type"]) for v in found] == [
        ("width", "baseline_drift_check")
    ]
    assert json.loads((files / "out/statistics.json").read_text())["dataset"]["item_count"] == 500


def test_what_could_not_be_measured_fails_too_when_asked_to(files, capsys):
    frame = pd.read_csv(files / "clean.csv")
    name = frame.columns[0]
    rules = json.loads((files / "base/constraints.json").read_text())
    for feature in rules["features"]:  # so that gaps and text are no violations
        feature["completeness"] = 0.0
        feature["inferred_type"] = (
            "Unknown" if feature["name"] == name else feature["inferred_type"]
        )
    (files / "base/constraints.json").write_text(json.dumps(rules))
    frame.assign(**{name: None}).to_csv(files / "empty.csv", index=False)
    assert check(files, files / "empty.csv") == 0
    assert check(files, files / "empty.csv", "--fail-on-violations") == 3
    assert "with no violations. Not measured: 1 column." in capsys.readouterr().out
    # Single rows don't count, and neither does what the baseline lacks for good
    assert check(files, files / "clean.csv", "--fail-on-violations") == 0
    (files / "base/statistics.json").unlink()
    assert check(files, files / "clean.csv", "--fail-on-violations") == 0
    assert "Not measured: " in capsys.readouterr().out


def test_unusable_input_exits_with_2_and_a_message(files, capsys):
    assert check(files, files / "nowhere.csv") == 2
    assert "does not exist" in capsys.readouterr().err
    (files / "base/constraints.json").write_text("{}")
    assert check(files, files / "clean.csv") == 2
    assert "has no 'features'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["check", "x.csv"])
    assert stop.value.code == 2


def test_several_files_are_one_window(files, capsys):
    both = [str(files / "clean.csv"), str(files / "drifted.csv")]
    assert (
        main(["check", *both, "--baseline", str(files / "base"), "--out", str(files / "out")]) == 0
    )
    assert capsys.readouterr().out.startswith("1000 rows, 2 columns")


@pytest.fixture
def copied(files):
    """The folder alone, where nothing of this repository can be imported.

    Returns a function that runs Python there.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src/model_monitoring/analysis", files / "code/analysis", ignore=ignored)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # As if only the packages of the analysis were installed
    absent = {"boto3", "botocore", "psycopg2", "moto", "flask", "model_monitoring", "helpers"}
    (files / "code/sitecustomize.py").write_text(
        "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in sorted(absent))
    )
    environment = kept | {"PYTHONPATH": str(files / "code")}

    def run(*arguments):
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(
            command, cwd=files, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_it_runs_from_a_plain_copy_of_the_folder(files, copied):
    made = copied(
        "-m", "analysis", "baseline", files / "train.csv", "--out", files / "another base"
    )
    assert made.returncode == 0, made.stderr
    for name in ("statistics.json", "constraints.json"):
        again = (files / "another base" / name).read_text()
        assert again == (files / "base" / name).read_text()
    options = ["--baseline", files / "base", "--out", files / "out", "--fail-on-violations"]
    done = copied("-m", "analysis", "check", files / "drifted.csv", *options)
    assert done.returncode == 1 and "baseline_drift_check" in done.stdout, done.stderr
    refused = copied("-m", "analysis", "check", "s3://data/in/", *options)
    assert refused.returncode == 2
    assert "Use model-monitoring, which also reads s3://" in refused.stderr


def test_a_plain_copy_can_be_imported(copied):
    assert copied("-c", "import boto3").returncode == 1  # only its own packages are there
    code = "import analysis; print([bool(getattr(analysis, name)) for name in analysis.__all__])"
    done = copied("-c", code)
    assert done.returncode == 0 and "False" not in done.stdout, done.stderr


def test_model_quality_from_files(files, capsys):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    good = np.where(rng.random(400) < 0.9, truth, 1 - truth)
    for name, said in (("then", good), ("now", rng.permutation(good))):
        frame = pd.DataFrame({"said": said, "was": truth})
        frame.to_csv(files / f"{name}.csv", index=False)
    columns = ["--problem-type", "BinaryClassification", "--label", "was", "--prediction", "said"]
    columns += ["--positive-label", "1"]

    def measure(name, *more):
        window = str(files / f"{name}.csv")
        return main(["model-quality", window, "--out", str(files / name), *columns, *more])

    assert measure("then") == 0
    assert capsys.readouterr().out.startswith("400 rows; results in")
    against = ["--baseline", str(files / "then"), "--fail-on-violations"]
    assert measure("now", *against) == 1
    assert "LessThanThreshold" in capsys.readouterr().out
    found = json.loads((files / "now/constraint_violations.json").read_text())["violations"]
    assert "accuracy" in {violation["metric_name"] for violation in found}
    assert measure("then", *against) == 0
    assert "with no violations" in capsys.readouterr().out
    columns[3] = "diagnosis"
    assert measure("now") == 2
    assert "no column" in capsys.readouterr().err


@mock_aws
def test_an_s3_prefix(files, monkeypatch, capsys):
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3")
    client.create_bucket(Bucket="data")
    client.put_object(Bucket="data", Key="in/1.csv", Body=(files / "clean.csv").read_bytes())
    client.put_object(Bucket="data", Key="in/2.csv", Body=(files / "drifted.csv").read_bytes())
    assert check(files, "s3://data/in/", "--fail-on-violations") == 1
    assert "1000 rows" in capsys.readouterr().out
    assert check(files, "s3://data/none/") == 2
    assert check(files, "s3://missing/in/") == 2
    assert "NoSuchBucket" in capsys.readouterr().err
