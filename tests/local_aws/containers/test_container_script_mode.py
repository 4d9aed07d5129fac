import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.conftest import REPOSITORY

TRAIN = """
import argparse, json, os
import joblib, numpy as np
from sklearn.linear_model import LogisticRegression
parser = argparse.ArgumentParser()
parser.add_argument("--strength", type=float)
parser.add_argument("--note")
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
arguments = parser.parse_args()
rows = np.loadtxt(os.path.join(arguments.train, "data.csv"), delimiter=",")
model = LogisticRegression(C=arguments.strength, max_iter=5000).fit(rows[:, 1:], rows[:, 0])
joblib.dump(model, os.path.join(arguments.model_dir, "model.joblib"))
print(json.dumps({"note": arguments.note, "environment": dict(os.environ)}))
"""
INFERENCE = """
import os
import joblib

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""
ROWS = "1,2,3\n0,4,5\n1,1,3\n0,5,5\n"
SCRIPT = {"sagemaker_program": '"train.py"', "strength": "0.5", "note": '"two words"'}


def write_source(folder, **files: str):
    """Write an archive of source files, in whose names `_dot_` stands for `.`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sourcedir.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            file = folder / name.replace("_dot_", ".")
            file.write_text(text)
            archive.add(file, file.name)
            file.unlink()
    return path


def prepare_training(job, script=TRAIN, **hyperparameters):
    place = {"sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"'}
    job.prepare(SCRIPT | place | hyperparameters, train=ROWS, code={})
    write_source(job.opt_ml / "input" / "data" / "code", train_dot_py=script)
    return job


def prepare_model(job, **files: str):
    job.prepare({})
    code = job.opt_ml / "model" / "code"
    code.mkdir()
    for name, text in files.items():
        (code / name.replace("_dot_", ".")).write_text(text)
    return job


def test_a_script_trains_with_arguments_and_sm_variables_and_its_model_is_served(job):
    assert prepare_training(job).train("script_mode", USER="given") == 0, job.log
    said = json.loads(job.log.splitlines()[-1])
    assert said["note"] == "two words"
    environment = said["environment"]
    assert environment["SM_MODEL_DIR"] == str(job.opt_ml / "model")
    assert json.loads(environment["SM_HPS"]) == {"note": "two words", "strength": 0.5}
    assert environment["SM_HP_NOTE"] == "two words"
    assert json.loads(environment["SM_CHANNELS"]) == ["train"]
    assert environment["SM_CURRENT_HOST"] == "algo-1"
    assert environment["USER"] == "given"
    code = job.opt_ml / "model" / "code"
    code.mkdir()
    (code / "inference.py").write_text(INFERENCE)
    rows = np.array([[2.0, 3.0], [4.0, 5.0]])
    with job.serve("script_mode", SAGEMAKER_PROGRAM="inference.py") as invoke:
        answer = invoke("2,3\n4,5")
        as_csv = invoke("[[2, 3], [4, 5]]", "application/json", accept="text/csv")
    table = np.loadtxt(ROWS.splitlines(), delimiter=",")
    expected = (
        LogisticRegression(C=0.5, max_iter=5000)
        .fit(table[:, 1:], table[:, 0])
        .predict(rows)
        .tolist()
    )
    assert (answer.status, answer.type, json.loads(answer.text)) == (
        200,
        "application/json",
        expected,
    )
    assert (as_csv.type, [float(line) for line in as_csv.text.split()]) == ("text/csv", expected)


def test_the_users_environment_is_not_the_jobs(job, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the user")
    assert prepare_training(job).train("script_mode") == 0, job.log
    assert "AWS_SECRET_ACCESS_KEY" not in json.loads(job.log.splitlines()[-1])["environment"]


def test_the_xgboost_image_runs_a_script_and_its_handlers(job):
    script = """
import os, xgboost
table = xgboost.DMatrix([[2, 3], [4, 5]], label=[1, 0])
booster = xgboost.train({"objective": "binary:logistic", "min_child_weight": 0}, table, 5)
booster.save_model(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"))
"""
    assert prepare_training(job, script).train("xgboost") == 0, job.log
    inference = """
import os, xgboost

def model_fn(model_dir):
    booster = xgboost.Booster()
    booster.load_model(os.path.join(model_dir, "model.json"))
    return booster
"""
    (job.opt_ml / "model" / "code").mkdir()
    (job.opt_ml / "model" / "code" / "serve.py").write_text(inference)
    with job.serve(
        "xgboost", SAGEMAKER_PROGRAM="serve.py", SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv"
    ) as invoke:
        first, second = (float(line) for line in invoke("2,3\n4,5").text.split())
        libsvm = invoke("0 0:2 1:3", "text/libsvm", accept="application/json")
        assert invoke("{}", "application/json").status == 415
    assert first > 0.5 > second
    assert json.loads(libsvm.text) == [pytest.approx(first)]


def test_all_four_handlers_are_the_users(job):
    prepare_model(
        job,
        helper_dot_py="FACTOR = 2",
        inference_dot_py="""
import json
import helper

def model_fn(model_dir):
    return helper.FACTOR

def input_fn(body, content_type):
    assert content_type == "application/x-mine", content_type
    return int(body)

def predict_fn(data, model):
    return data * model

def output_fn(prediction, accept):
    return json.dumps({"accept": accept, "result": prediction}), "application/x-result"
""",
    )
    with job.serve("script_mode", SAGEMAKER_PROGRAM="inference.py") as invoke:
        answer = invoke("21", "application/x-mine", accept="*/*")
        assert invoke("x", "application/x-mine").status == 500
    assert (answer.status, answer.type) == (200, "application/x-result")
    assert json.loads(answer.text) == {"accept": "application/json", "result": 42}
    assert "invalid literal for int()" in job.log


def test_transform_fn_stands_for_three(job):
    script = (
        "def model_fn(model_dir):\n    return 'm'\n"
        "def transform_fn(model, body, content_type, accept):\n"
        "    return f'{model} {body.decode()} {content_type}'\n"
    )
    prepare_model(job, inference_dot_py=script)
    with job.serve("script_mode", SAGEMAKER_PROGRAM="inference.py") as invoke:
        assert invoke("b", "text/plain").text == "m b text/plain"


def test_a_users_functions_are_called_one_at_a_time(job):
    script = """
import threading, time

def model_fn(model_dir):
    return threading.Lock()

def transform_fn(model, body, content_type, accept):
    alone = model.acquire(blocking=False)
    time.sleep(0.01)
    if alone:
        model.release()
    return str(alone)
"""
    prepare_model(job, inference_dot_py=script)
    with (
        job.serve("script_mode", SAGEMAKER_PROGRAM="inference.py") as invoke,
        ThreadPoolExecutor(4) as pool,
    ):

        def ask(_: int) -> str:
            with urlopen(Request(f"http://127.0.0.1:{invoke.port}/invocations", b"x")) as answer:
                return answer.read().decode()

        assert set(pool.map(ask, range(20))) == {"True"}


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status"),
    [
        ("a,b", "text/csv", None, 400),
        ("{", "application/json", None, 400),
        ("x", "application/x-npy", None, 400),
        ("x", "image/png", None, 415),
        ("[1]", "application/json", "image/png", 406),
    ],
)
def test_the_default_handlers_refuse_as_the_images_do(job, body, content_type, accept, status):
    script = "from sklearn.dummy import DummyRegressor\n\ndef model_fn(model_dir):\n"
    script += "    return DummyRegressor().fit([[1]], [2])\n"
    prepare_model(job, inference_dot_py=script)
    with job.serve("script_mode", SAGEMAKER_PROGRAM="inference.py") as invoke:
        assert invoke(body, content_type, accept).status == status


def test_a_failing_script_is_told_as_aws_does(job):
    assert prepare_training(job, "raise RuntimeError('no luck')", e="2").train("script_mode") == 1
    assert job.failure.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n")
    assert 'ErrorMessage "RuntimeError: no luck"\nCommand "' in job.failure
    assert "train.py -e 2 --note two words --strength 0.5" in job.failure


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({}, "The image needs a script"),
        ({"sagemaker_program": "train.py"}, "The source code holds no train.py"),
        (
            {"sagemaker_program": "../../../../etc/passwd"},
            "The source code holds no ../../../../etc/passwd",
        ),
        (
            {"sagemaker_program": "a.py", "sagemaker_submit_directory": "/etc"},
            "/etc is not a path under /opt/ml",
        ),
        (
            {"sagemaker_program": "a.py", "sagemaker_submit_directory": "/opt/ml/../x"},
            "is not a path under /opt/ml",
        ),
    ],
)
def test_a_script_that_is_not_there_or_elsewhere_is_refused(job, hyperparameters, message):
    assert job.prepare(hyperparameters, train=ROWS).train("script_mode") == 1
    assert job.failure.startswith(f"ClientError: {message}") or message in job.failure


@pytest.mark.parametrize(
    ("environment", "files", "message"),
    [
        ({}, {}, "ClientError: The image needs a script"),
        (
            {"SAGEMAKER_PROGRAM": "inference.py"},
            {},
            "ClientError: The source code holds no inference.py",
        ),
        (
            {"SAGEMAKER_PROGRAM": "a.py"},
            {"a_dot_py": "x = 1"},
            "ClientError: a.py has no model_fn(model_dir)",
        ),
        (
            {"SAGEMAKER_PROGRAM": "a.py"},
            {"a_dot_py": "import nothing_of_the_kind"},
            "ModuleNotFoundError",
        ),
    ],
)
def test_an_inference_script_that_cannot_serve_fails_with_a_reason(
    job, environment, files, message
):
    prepare_model(job, **files)
    process = job.start(
        "script_mode",
        "serve",
        "--port",
        "0",
        "--ready-file",
        str(job.root / "ready"),
        **environment,
    )
    assert process.wait(30) == 1
    assert message in job.failure


def test_source_code_in_s3_is_fetched_from_the_endpoint_the_job_was_given(job, tmp_path):
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        import boto3

        host, port = server.get_host_and_port()
        environment = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        session = boto3.Session(
            aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"
        )
        client = session.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"])
        client.create_bucket(Bucket="bucket")
        client.upload_file(
            str(write_source(tmp_path / "source", train_dot_py=TRAIN)),
            "bucket",
            "a/sourcedir.tar.gz",
        )
        place = {"sagemaker_submit_directory": '"s3://bucket/a/sourcedir.tar.gz"'}
        assert job.prepare(SCRIPT | place, train=ROWS).train("script_mode", **environment) == 0, (
            job.log
        )
        missing = type(job)(tmp_path / "missing")
        place = {"sagemaker_submit_directory": '"s3://bucket/b/sourcedir.tar.gz"'}
        assert missing.prepare(SCRIPT | place, train=ROWS).train("script_mode", **environment) == 1
        assert (
            "ClientError: Cannot download the source code s3://bucket/b/sourcedir.tar.gz"
            in missing.failure
        )
    finally:
        server.stop()


def prepare_model_trainer(job, entry: str, **files: str) -> dict[str, str]:
    """Lay out what SDK v3's ModelTrainer uploads for a SourceCode, and return the environment it
    asks for.
    """
    constants = pytest.importorskip("sagemaker.train.constants")
    templates = pytest.importorskip("sagemaker.train.templates")
    job.prepare(
        {"strength": "0.5", "note": "two words"},
        train=ROWS,
        code={n.replace("_dot_", "."): t for n, t in files.items()},
    )
    config = {
        "current_host": "algo-1",
        "hosts": ["algo-1"],
        "current_instance_type": "x",
        "network_interface_name": "lo",
    }
    (job.opt_ml / "input" / "config" / "resourceconfig.json").write_text(json.dumps(config))
    drivers = job.opt_ml / "input" / "data" / "sm_drivers"
    shutil.copytree(constants.SM_DRIVERS_LOCAL_PATH, drivers)
    (drivers / "sourcecode.json").write_text(json.dumps({"entry_script": entry}))
    script = templates.TRAIN_SCRIPT_TEMPLATE.format(
        working_dir=f"cd {constants.SM_CODE_CONTAINER_PATH}",
        install_requirements="",
        execute_driver=templates.EXECUTE_BASIC_SCRIPT_DRIVER,
    )
    (drivers / constants.TRAIN_SCRIPT).write_text(script)
    command = [*constants.DEFAULT_CONTAINER_ENTRYPOINT, *constants.DEFAULT_CONTAINER_ARGUMENTS]
    return {"CONTAINER_COMMAND": json.dumps(command), "TRAINING_JOB_NAME": "job"}


@pytest.mark.parametrize("module", ["script_mode", "xgboost"])
def test_what_model_trainer_sends_for_its_source_code_trains(job, module):
    environment = prepare_model_trainer(job, "train.py", train_dot_py=TRAIN)
    assert job.train(module, **environment) == 0, job.log
    assert (job.opt_ml / "model" / "model.joblib").exists()
    assert f"SM_CHANNEL_TRAIN={job.opt_ml}/input/data/train" in job.log


def test_it_trains_where_the_folders_of_job_and_python_need_quoting(job, tmp_path):
    odd = tmp_path / "Über stand"
    inside = type(job)(odd / "job")
    environment = prepare_model_trainer(inside, "train.py", train_dot_py=TRAIN)
    (odd / "venv").symlink_to(sys.prefix)
    code = (
        "import json, sys\nfrom pathlib import Path\n"
        "from local_aws.containers.launcher import launch\n"
        "environment, log = json.loads(sys.argv[1]), Path(sys.argv[2])\n"
        "sys.exit(launch('user_script.training', 'train', environment, log).wait(60))"
    )
    arguments = [json.dumps(environment | {"OPT_ML": str(inside.opt_ml)}), str(inside.root / "log")]
    with tempfile.TemporaryDirectory() as short:  # it holds a socket, whose path may not be long
        done = subprocess.run(
            [odd / "venv" / "bin" / "python", "-c", code, *arguments],
            cwd=REPOSITORY,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": short},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr + inside.log
        assert not list(Path(short).glob("opt-ml-*"))
    assert (inside.opt_ml / "model" / "model.joblib").exists()


def test_a_failing_model_trainer_script_leaves_its_traceback_as_the_reason(job):
    environment = prepare_model_trainer(
        job, "train.py", train_dot_py="raise RuntimeError('no luck')"
    )
    assert job.train("script_mode", **environment) == 1
    assert job.failure.startswith("AlgorithmError: ")
    assert "RuntimeError: no luck" in job.log
