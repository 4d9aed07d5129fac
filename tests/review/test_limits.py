"""All templates end at limits of time and memory, and other requests are served meanwhile."""

import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from model_monitoring.review import TemplateError, check, render, sandbox, worker
from model_monitoring.review.templates import without_prediction

from .hostile_templates import ATTACKS, ENDLESS, INPUT, deep
from .rendering import hurried, ordinary, took

# Lower limits, so that they are reached sooner.
LESS = "worker.CPU_SECONDS, worker.MEMORY, renderer.WALL = 1, 256 << 20, 3.0"


@pytest.fixture(scope="module")
def ended():
    """Run all attacks, six at a time, while an ordinary task is rendered again and again."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(6) as others:
        patch.setattr(sandbox, "COMMAND", hurried(LESS))
        sandbox._stop()
        check("started")
        attacks = {
            name: others.submit(took, render, template, INPUT, [("a", "b")] * 1000)
            for name, template in ATTACKS.items()
        }
        served = []
        while not all(attack.done() for attack in attacks.values()):
            served.append(ordinary())
            time.sleep(0.2)
    sandbox._stop()
    return {name: attack.result() for name, attack in attacks.items()}, served


@pytest.mark.parametrize("name", ATTACKS)
def test_every_template_ends_with_a_page_or_a_refusal(ended, name):
    given, seconds = ended[0][name]
    assert seconds < 10
    assert "TypeError" not in str(given) and (not isinstance(given, str) or given.endswith("."))


def test_other_requests_are_served_meanwhile(ended):
    pages, waited = zip(*ended[1], strict=True)
    assert not [said for said in pages if isinstance(said, str)]
    assert max(waited) < 3


def test_the_limit_of_time(fresh):
    check("started")
    with ThreadPoolExecutor(1) as other:
        attack = other.submit(took, render, ENDLESS, {})
        pages = [ordinary() for _ in range(5)]
        said, seconds = attack.result()
    assert re.search(
        r"time limit \((5 seconds of processor time|10 seconds on a busy machine)\)", said
    )
    assert seconds < 13 and max(waited for _, waited in pages) < 3
    assert "radius_mean" in ordinary()[0].html


def test_the_limit_of_memory(fresh):
    if sys.platform == "linux":
        assert "memory limit (512 MB)" in took(render, ATTACKS["sorted range"], {})[0]
    assert "radius_mean" in ordinary()[0].html


def test_many_templates_at_once_do_not_wait_long(fresh, monkeypatch):
    less = hurried("worker.MEMORY, renderer.PATIENCE, renderer.WALL = 256 << 20, 0.5, 2.5")
    monkeypatch.setattr(sandbox, "COMMAND", less)
    check("started")
    with ThreadPoolExecutor(12) as others:
        attacks = [others.submit(took, render, ENDLESS, {}) for _ in range(12)]
        time.sleep(0.3)
        page, waited = ordinary()
        refused = [attack.result()[0] for attack in attacks]
    assert "radius_mean" in page.html and waited < 4
    assert all("time limit" in said for said in refused)
    assert any("while many others wait" in said for said in refused)


@pytest.mark.parametrize("given", ["template", "input", "key", "typed"])
def test_half_a_character_is_refused(given):
    half = {"template": "a", "input": "a", "key": "a", "typed": "a"} | {given: "\ud800"}
    said, _ = took(render, half["template"], {half["key"]: half["input"]}, [("a", half["typed"])])
    assert "half a character" in said


def test_values_that_json_cannot_hold_are_refused():
    circle = {}
    circle["a"] = circle
    for odd in (circle, {"a": deep(1, 100_000)}, {"a": 10**5000}, {("a", "b"): 1}):
        assert isinstance(took(render, "a", odd)[0], str)
    with pytest.raises(TemplateError, match="too deeply"):
        without_prediction({"a": deep(1, 5000)})


def test_too_large_a_request_or_an_answer_is_refused():
    assert "bytes; 33,554,432 are allowed" in took(render, "a", {"a": "x" * 34_000_000})[0]
    answer = json.loads(worker._written({"result": "x" * (17 << 20)})[8:])
    assert "bytes; 16,777,216 are allowed" in answer["refused"]


def test_more_answers_than_a_form_can_send_are_refused():
    assert "asks for 10,001 answers" in took(render, "<input name=a>" * 10_001, {})[0]
