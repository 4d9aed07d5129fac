"""What an endpoint answers is read alike where it is asked and where its traffic was captured,
also if the content type says nothing (Flask's default is text/html).
"""

import base64
import io
from types import SimpleNamespace

import pytest

from model_monitoring.analysis.files import bodies
from model_monitoring.datamart.engines import responses, sagemaker

TYPES = [None, "", "text/html; charset=utf-8", "text/plain", "application/octet-stream"]
ANSWERS = {
    '{"predictions": [{"score": 0.9}, {"score": 0.2}]}': [{"score": 0.9}, {"score": 0.2}],
    '{"score": 0.9}\n{"score": 0.2}': [{"score": 0.9}, {"score": 0.2}],
    '[{"score": 0.9}, {"score": 0.2}]': [{"score": 0.9}, {"score": 0.2}],
    "[[0.1, 0.9], [0.8, 0.2]]": [{"score": [0.1, 0.9]}, {"score": [0.8, 0.2]}],
    "[0.1, 0.9]\n[0.8, 0.2]": [{"score": [0.1, 0.9]}, {"score": [0.8, 0.2]}],
    '["good", "bad"]': [{"score": "good"}, {"score": "bad"}],
    "0.9\n0.2\n": [{"score": 0.9}, {"score": 0.2}],
}


def asked(body, content_type):
    answer = {"Body": io.BytesIO(body)} | ({} if content_type is None else {"ContentType": ""})
    if content_type:
        answer["ContentType"] = content_type
    client = SimpleNamespace(invoke_endpoint=lambda **_: answer)
    session = SimpleNamespace(client=lambda *_, **__: client)
    return sagemaker.score(session, "eu-central-1", "m", [[1], [2]], "id")


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("body", ANSWERS)
def test_asked_and_captured_alike(body, content_type):
    assert asked(body.encode(), content_type) == ANSWERS[body]
    packed = base64.b64encode(body.encode()).decode()
    side = {"encoding": "BASE64", "data": packed, "observedContentType": content_type}
    kind, text = bodies.read_side(side)
    assert responses.named(kind, bodies.read_answers(kind, text, 2)) == ANSWERS[body]


def test_csv_stays_csv():
    assert bodies.kind_in("text/csv", '{"a": 1}') == "CSV"


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (b" <h1>Bad Gateway</h1>", "text/html", "'m' answered .*is a web page"),
        (b"\xff\xfe", None, "'m' answered .*decode"),
        (b"0.9", "image/png", "'m' answered .*'image/png' is neither CSV nor JSON"),
    ],
)
def test_what_cannot_be_read_names_the_endpoint(body, content_type, said):
    with pytest.raises(ValueError, match=said):
        asked(body, content_type)


@pytest.mark.parametrize("classes", [["0", "1", "2"], [0, 1, 2], [0.0, 1.0, 2.0]])
@pytest.mark.parametrize("answer", ["2.0", "2", "2.0\n0.0"])
def test_softmax_answers_the_class_however_it_is_spelt(classes, answer):
    asset = {
        "problem_type": "multiclass",
        "prediction_column": "said",
        "probability_column": None,
        "label_column": "label",
        "label_values": [[value, value] for value in classes],
        "positive_label": None,
    }
    rows = answer.count("\n") + 1
    first = responses.read("CSV", answer, rows)[0]
    assert responses.outputs_of(first, ["said"], asset) == [classes[2]]
