"""A reviewer's work, over HTTP: drafts, answers, and everything that can interfere."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from model_monitoring.review import TaskTaken, default_template

from .samples import scored

FORM = '<input name="label" required><input name="why">'


@pytest.fixture
def task(store):
    return store.add("t-1", FORM, {})


def test_from_the_queue_to_the_answer_to_the_next_task(anna, store, task):
    store.add("t-2", FORM, {}, title="The second")
    shown = anna.post("/next", {"form_token": anna.page_token()})
    assert shown.url.endswith("/tasks/t-1")
    onward = anna.answer("t-1", [("label", "benign"), ("why", "")])
    assert onward.url.endswith("/tasks/t-2?saved") and "Answer kept" in onward.text
    answer = task.answers["anna"]
    assert (answer.content, answer.first) == ({"label": "benign", "why": ""}, None)
    assert task.created <= answer.accepted <= answer.submitted <= datetime.now(UTC)
    assert 0 <= answer.seconds < 60
    queue = anna.answer("t-2", [("label", "x")])
    assert queue.url.endswith("/?saved") and "Nothing is waiting" in queue.text


def test_the_time_counts_from_the_claim_across_reloads(anna, task):
    anna.get("/tasks/t-1")
    task.accepted["anna"] -= timedelta(seconds=90)
    anna.get("/tasks/t-1")
    anna.answer("t-1", [("label", "x")])
    assert 90 <= task.answers["anna"].seconds < 120


def test_a_draft_survives_a_reload(anna, task):
    pairs = [
        *anna.form(anna.get("/tasks/t-1"), "work")[:1],
        ("label", "ben"),
        ("why", "half a sen"),
    ]
    saved = anna.post("/tasks/t-1/draft", pairs)
    assert saved.ok and "Draft kept" in saved.text
    # And no hidden input of the page itself
    assert task.drafts["anna"] == {"pairs": [("label", "ben"), ("why", "half a sen")]}
    sent = dict(anna.form(anna.get("/tasks/t-1"), "work"))
    assert (sent["label"], sent["why"]) == ("ben", "half a sen")


def test_a_draft_needs_the_forms_ticket(anna, ben, store, task):
    ticket = anna.form(anna.get("/tasks/t-1"), "work")[:1]
    assert anna.post("/tasks/t-1/draft", {"label": "x"}).status_code == 403
    assert ben.post("/tasks/t-1/draft", [*ticket, ("label", "x")]).status_code == 403
    assert not task.drafts


def test_missing_answers_are_named_and_the_rest_is_kept(anna, task):
    answer = anna.answer("t-1", [("label", " "), ("why", "because")])
    assert answer.status_code == 422 and "1 answer is missing: label" in answer.text
    assert dict(anna.form(answer, "work"))["why"] == "because"
    assert not task.answers and task.drafts


def test_a_form_sent_twice_counts_once(anna, store, task):
    form = [*anna.form(anna.get("/tasks/t-1"), "work")[:1], ("label", "first")]
    first, second = (
        anna.post("/tasks/t-1", form),
        anna.post("/tasks/t-1", [*form, ("why", "again")]),
    )
    assert first.ok and second.ok and second.url.endswith("/?saved")
    assert task.answers["anna"].content == {"label": "first", "why": ""}


def test_a_stale_tab_is_told_so_and_loses_nothing(anna, task):
    stale = anna.form(anna.get("/tasks/t-1"), "work")[:1]
    anna.answer("t-1", [("label", "benign")])
    answer = anna.post("/tasks/t-1", [*stale, ("label", "malignant"), ("why", "late & <new>")])
    assert answer.status_code == 409 and "answered this task already" in answer.text
    assert "late & <new>" in answer.page.find(".//dl").text_content()
    assert task.answers["anna"].content["label"] == "benign"


def test_an_expired_lock_does_no_harm_if_no_one_else_took_the_task(anna, store, task):
    form = [*anna.form(anna.get("/tasks/t-1"), "work")[:1], ("label", "late")]
    task.expires = datetime.now(UTC) - timedelta(minutes=1)
    assert anna.post("/tasks/t-1", form).ok and task.answers["anna"].content["label"] == "late"


def test_an_expired_lock_after_someone_else_took_the_task(anna, ben, task):
    form = [*anna.form(anna.get("/tasks/t-1"), "work")[:1], ("label", "late")]
    task.expires = datetime.now(UTC) - timedelta(minutes=1)
    assert ben.get("/tasks/t-1").ok
    answer = anna.post("/tasks/t-1", form)
    assert answer.status_code == 409 and "Somebody else has this task now" in answer.text
    assert "late" in answer.page.find(".//dl").text_content() and not task.answers
    again = dict(answer.page.forms[-1].form_values())
    task.expires = datetime.now(UTC) - timedelta(minutes=1)
    assert anna.post("/tasks/t-1", again).ok and task.answers["anna"].content["label"] == "late"


@pytest.mark.parametrize("how", ["stopped", "deleted"])
def test_a_removed_task_is_reported_and_the_text_is_shown(anna, store, task, how):
    form = [*anna.form(anna.get("/tasks/t-1"), "work")[:1], ("label", "too late")]
    if how == "stopped":
        task.is_gone = True
    else:
        del store.tasks["t-1"]
    assert anna.post("/tasks/t-1/draft", form).status_code == 410
    answer = anna.post("/tasks/t-1", form)
    assert (
        answer.status_code == 410 and "no longer there" in answer.text and "too late" in answer.text
    )
    assert not task.answers
    assert anna.get("/tasks/t-1").status_code == 410


def test_two_reviewers_never_have_the_same_task(anna, ben, store, task):
    store.add("t-2", FORM, {})
    ours = {
        browser.post("/next", {"form_token": browser.page_token()}).url[-3:]
        for browser in (anna, ben)
    }
    assert ours == {"t-1", "t-2"}
    with pytest.raises(TaskTaken):
        store.claim("ben", "t-1")
    assert ben.get("/tasks/t-1").status_code == 409


def test_an_answer_after_the_session_ended_stays_on_the_page(anna, task):
    form = [*anna.form(anna.get("/tasks/t-1"), "work")[:1], ("label", "kept")]
    anna.http.cookies.clear()
    assert anna.post("/tasks/t-1/draft", form).status_code == 401
    answer = anna.post("/tasks/t-1", form)
    assert answer.status_code == 401 and "Your session has ended" in answer.text
    again = dict(answer.page.forms[-1].form_values())
    anna.enter("anna")
    assert anna.post("/tasks/t-1", again).ok and task.answers["anna"].content["label"] == "kept"


def test_a_form_of_another_reviewer_is_refused(anna, ben, task):
    form = [*anna.form(anna.get("/tasks/t-1"), "work")[:1], ("label", "x")]
    answer = ben.post("/tasks/t-1", form)
    assert answer.status_code == 403 and not task.answers


def test_an_answer_whose_acknowledgement_was_lost_is_acknowledged(anna, store, task):
    form = [*anna.form(anna.get("/tasks/t-1"), "work")[:1], ("label", "x")]
    anna.post("/tasks/t-1", form, allow_redirects=False)
    task.is_gone = True  # and the task is over meanwhile
    assert anna.post("/tasks/t-1", form).url.endswith("/?saved")


def test_a_store_that_fails_for_a_moment_loses_nothing(anna, store, task, monkeypatch):
    form = [
        *anna.form(anna.get("/tasks/t-1"), "work")[:1],
        ("label", "typed"),
        ("why", "long & careful"),
    ]

    def fail(*_):
        raise ConnectionError("the database is away, and this text is for the log")

    with monkeypatch.context() as away:
        away.setattr(store, "submit", fail)
        answer = anna.post("/tasks/t-1", form)
        away.setattr(store, "queue", fail)
        assert anna.get("/").status_code == 503
    assert (
        answer.status_code == 503
        and "for the log" not in answer.text
        and "long & careful" in answer.page.text_content()
    )
    assert anna.post("/tasks/t-1", dict(answer.page.forms[-1].form_values())).ok
    assert task.answers["anna"].content == {"label": "typed", "why": "long & careful"}


def test_a_form_that_is_too_large_is_refused(anna, task):
    assert anna.answer("t-1", [("label", "x" * 9_000_000)]).status_code == 413
    assert not task.answers


def test_half_a_character_in_an_answer_is_never_kept(anna, task):
    ticket = urlencode(anna.form(anna.get("/tasks/t-1"), "work")[:1]).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for sent in (b"x%ED%A0%80", b"\xed\xa0\x80"):
        answer = anna.post("/tasks/t-1/draft", ticket + b"&label=" + sent, headers=form)
        assert answer.status_code in (200, 403)
    assert json.dumps(task.drafts, ensure_ascii=False).encode()


def test_a_broken_template_is_reported_on_the_page(anna, store):
    store.add("bad", "a\n{% if %}", {})
    answer = anna.get("/tasks/bad")
    assert answer.status_code == 500 and "Line 2 of the template" in answer.text


def test_unknown_addresses(anna):
    assert anna.get("/nowhere").status_code == 404
    assert anna.get("/tasks/none").status_code == 410
    assert anna.get("/static/../site.py").status_code == 404


@pytest.mark.parametrize("when", ["first", "last", "never"])
def test_the_prediction_is_shown_when_it_should_be(anna, store, when):
    task = store.add("b", default_template(), scored("s-1"), prediction=when)
    shown = anna.get("/tasks/b")
    assert ("The model says" in shown.text) == (when == "first")
    # The explanation would reveal the prediction too
    assert ("radius_worst</span>" in shown.text) == (when == "first")
    assert ("score between" in shown.text) == (when == "first")
    after = anna.answer("b", [("label", "benign"), ("reason", "small")])
    if when == "last":
        assert "The model says" in after.text and not task.answers
        assert dict(anna.form(after, "work"))["label"] == "benign"  # the first answer is filled in
        after = anna.answer("b", [("label", "malignant"), ("reason", "")])
    assert after.url.endswith("/?saved")
    answer = task.answers["anna"]
    said = {"benign": when != "last", "malignant": when == "last"}
    assert answer.content["label"] == said
    first = {"label": {"benign": True, "malignant": False}, "reason": "small"}
    assert answer.first == (first if when == "last" else None)


def test_the_first_answer_stands_once_the_prediction_was_shown(anna, store):
    task = store.add("b", default_template(), scored("s-1"), prediction="last")
    blind = anna.form(anna.get("/tasks/b"), "work")[:1]
    anna.post("/tasks/b", [*blind, ("label", "benign")])
    assert anna.post("/tasks/b/draft", [*blind, ("label", "malignant")]).status_code == 409
    assert "The model says" in anna.post("/tasks/b", [*blind, ("label", "malignant")]).text
    assert not task.answers and task.drafts["anna"]["first"]["label"] == {
        "benign": True,
        "malignant": False,
    }
