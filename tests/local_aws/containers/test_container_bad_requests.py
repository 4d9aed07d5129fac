import http.client
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from local_aws.containers.base.serving import MAX_BODY
from local_aws.containers.launcher import launch
from tests.local_aws.containers.modules import MODULES

TRAIN = "1,2,3\n0,4,5\n1,2,4\n0,5,5\n"
SETTINGS = {
    "linear_learner": {"predictor_type": "binary_classifier"},
    "xgboost": {"objective": "binary:logistic", "num_round": 2, "min_child_weight": 0},
}


@pytest.fixture(scope="module", params=["linear_learner", "xgboost"])
def endpoint(request, new_job):
    job = new_job()
    assert job.prepare(SETTINGS[request.param], train=TRAIN).train(request.param) == 0, job.log
    with job.serve(request.param) as invoke:
        invoke.module = request.param
        yield invoke


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a,b\n1,2", "request body, line 1, column 1: 'a' is not a number. It looks like a header"),
        ("1,2\n3,x", "request body, line 2, column 2: 'x' is not a number"),
        ("1,2\n3", "request body, line 2 has 1 column, line 1 has 2"),
        ("1,inf", "request body, line 1, column 2: inf is not a finite number"),
        (b"1,\xff", "request body is not UTF-8 text"),
        ("\n", "request body is empty"),
        ("", "The request body is empty"),
    ],
)
def test_a_bad_csv_is_a_400_with_its_place(endpoint, body, message):
    answer = endpoint(body)
    assert answer.status == 400
    assert message in answer.text
    assert endpoint("1,2").status == 200  # and the endpoint still works


def test_the_wrong_number_of_features_is_a_400(endpoint):
    for body in ("1", "1,2,3"):
        answer = endpoint(body)
        assert answer.status == 400
        assert "2" in answer.text and str(len(body.split(","))) in answer.text


def test_unknown_types_are_415_and_406(endpoint):
    assert endpoint("1,2", "application/x-image").status == 415
    answer = endpoint("1,2", accept="image/png")
    assert answer.status == 406
    assert "image/png" in answer.text


def test_other_paths_are_404(endpoint):
    assert endpoint("1,2", path="/invocation").status == 404
    assert endpoint("", path="/", method="GET").status == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not JSON"),
        ("[1, 2]", '{"instances": [{"features"'),
        ('{"instances": []}', '{"instances": [{"features"'),
        ('{"instances": [[1, 2]]}', "instances[0] must be"),
        (
            '{"instances": [{"features": [1, 2]}, {"features": [1]}]}',
            "instances[1] has 1 feature, instances[0] has 2",
        ),
        (
            '{"instances": [{"features": [1, "2"]}]}',
            "instances[0]: features must be a list of numbers",
        ),
        (
            '{"instances": [{"features": [1, true]}]}',
            "instances[0]: features must be a list of numbers",
        ),
        ('{"instances": [{"features": [1, NaN]}]}', "finite"),
        ('{"instances": [{"features": []}]}', "features"),
    ],
)
def test_bad_json_is_a_400(endpoint, body, message):
    answer = endpoint(body, "application/json")
    if endpoint.module == "xgboost":  # AWS's xgboost doesn't accept JSON
        assert answer.status == 415
    else:
        assert answer.status == 400
        assert message in answer.text


@pytest.mark.parametrize(
    ("length", "status"), [(str(MAX_BODY + 1), 413), ("-1", 411), ("many", 411), (None, 411)]
)
def test_a_request_without_a_length_or_too_long_is_refused_unread(endpoint, length, status):
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    connection.putrequest("POST", "/invocations")
    if length:
        connection.putheader("Content-Length", length)
    connection.endheaders()
    assert connection.getresponse().status == status
    assert endpoint("1,2").status == 200


def test_four_clients_at_once_get_their_own_answers(endpoint):
    rows = [f"{value},{value + 1}" for value in range(8)]
    alone = {row: endpoint(row).text for row in rows}
    assert len(set(alone.values())) > 1

    def ask(client: int) -> list[str]:
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
        wrong = []
        for turn in range(200):
            row = rows[(client + turn) % len(rows)]
            connection.request("POST", "/invocations", row, {"Content-Type": "text/csv"})
            if connection.getresponse().read().decode() != alone[row]:
                wrong.append(row)
        return wrong

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [[], [], [], []]


@pytest.mark.parametrize("module", ["linear_learner", "xgboost"])
@pytest.mark.parametrize("content", [None, "", "{}", "not a model", b"\x80\x04\x95pickle"])
def test_a_model_that_cannot_be_loaded_fails_with_a_reason(job, module, content):
    job.prepare({})
    names = {"linear_learner": "linear-learner.json", "xgboost": "xgboost-model"}
    if content is not None:
        data = content if isinstance(content, bytes) else content.encode()
        (job.opt_ml / "model" / names[module]).write_bytes(data)
    arguments = ["--port", "0", "--ready-file", str(job.root / "ready")]
    process = launch(
        MODULES[module], "serve", {"OPT_ML": str(job.opt_ml)}, job.root / "log", arguments
    )
    assert process.wait(30) == 1
    assert names[module] in job.failure
    assert job.failure.startswith("ClientError: ")
    assert not (job.root / "ready").exists()


def test_a_taken_port_fails_with_a_reason(job):
    job.prepare(SETTINGS["linear_learner"], train=TRAIN).train("linear_learner")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = ["--port", str(taken.getsockname()[1]), "--ready-file", str(job.root / "ready")]
        process = launch(
            MODULES["linear_learner"],
            "serve",
            {"OPT_ML": str(job.opt_ml)},
            job.root / "log",
            arguments,
        )
        assert process.wait(30) == 1
    assert "Address already in use" in job.failure
