import json
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.local_aws.containers.scripts import (
    INFERENCE,
    ROWS,
    SCRIPT,
    TRAIN,
    prepare_model,
    prepare_training,
    write_source,
)


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


def test_a_job_does_not_see_the_users_environment(job, monkeypatch):
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


def test_all_four_handlers_can_be_the_users(job):
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


def test_transform_fn_replaces_three_functions(job):
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


def test_a_failing_script_is_reported_as_by_aws(job):
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
def test_a_missing_or_outside_script_is_refused(job, hyperparameters, message):
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
