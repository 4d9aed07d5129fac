"""Ambiguous JSON, and strings that can't be stored, are refused with their place.

Nothing is stored then.
"""

import json

import pytest

from .conftest import record

HALVES = ("\ud800", "\udfff", "a\udc00b", "\ud800\ud800", "\udc00\ud800")


@pytest.fixture
def send(program, schema):
    def post(body, what="scoring_payloads"):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return program.ask(f"/v1/data_marts/{schema}/{what}", text, content_type="application/json")

    return post


def places(value, path=()):
    """Every string of a JSON document, and every key."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from places(item, (*path, n))
    else:
        yield path, None


def changed(document, path, key, text):
    """Copy a document, with a string in place of one value or one key."""
    copy = json.loads(json.dumps(document))
    inside = copy
    for step in path if key else path[:-1]:
        inside = inside[step]
    if key:
        inside[text] = inside.pop(key)
    else:
        inside[path[-1]] = text
    return copy


@pytest.mark.parametrize("half", HALVES)
def test_half_a_character_is_refused_with_its_place(send, subscription, half):
    sent = [record(subscription, "a", scoring_timestamp="2026-01-01T00:00:00Z", asset_revision="1")]
    labels = {
        "subscription_id": subscription.uid,
        "fields": ["scoring_id", "diagnosis"],
        "values": [["a-1", 1]],
    }
    for what, document in (("scoring_payloads", sent), ("feedback_payloads", labels)):
        for path, key in places(document):
            answer = send(changed(document, path, key, half), what)
            message = answer.json["errors"][0]["message"]
            assert answer.status == 400, (path, key)
            where = "".join(f"[{step!r}]" for step in path) + ("[" if key else ":")
            assert message.startswith(f"The body{where}") and "half a character" in message
    # Two halves make one character
    assert send([record(subscription, "b", [[1.5, "\U0001f600"]])]).status == 202
    assert subscription.payload_logging.get_records_count() == 1


def test_a_nul_character_is_refused_anywhere(send, subscription):
    sent = [record(subscription, "a", scoring_timestamp="2026-01-01T00:00:00Z", asset_revision="1")]
    for path, key in places(sent):
        status = (
            404
            if path[-1:] and str(path[-1]).endswith("_id") and path[-1] != "scoring_id" and not key
            else 400
        )
        assert send(changed(sent, path, key, "a\0b")).status == status, (path, key)


def test_bodies_must_be_utf8(send, subscription):
    sent = json.dumps([record(subscription, "a")])
    for wrong in (
        sent.replace("red", "r\xe9d").encode("latin-1"),
        sent.encode("utf-16"),
        b'["\xed\xa0\x80"]',
    ):
        answer = send(wrong)
        assert (
            answer.status == 400 and "isn't UTF-8 from byte" in answer.json["errors"][0]["message"]
        )
    assert send(sent.encode("utf-8-sig")).status == 202


def test_a_repeated_key_in_an_object_is_refused(send, subscription):
    sent = json.dumps([record(subscription, "a")])
    answer = send(sent.replace('"response_time"', '"scoring_id": "b", "response_time"').encode())
    assert answer.status == 400
    assert "the key 'scoring_id' twice" in answer.json["errors"][0]["message"]


def test_the_message_names_field_and_row(send, subscription):
    sent = [record(subscription, f"r-{n}") for n in range(1000)]
    sent[700]["request"]["values"].append("no row")
    answer = send(sent)
    assert answer.json["errors"][0]["message"].startswith(
        "The body[700]['request']['values'][1]: this value is not"
    )


def test_the_message_about_a_deeply_nested_value_says_what_is_wrong(send):
    answer = send(b"[" * 900 + b'"\\ud800"' + b"]" * 900)
    assert "half a character" in answer.json["errors"][0]["message"]


def test_a_number_with_too_many_digits(send):
    message = send(b"[" + b"9" * 10_000 + b"]").json["errors"][0]["message"]
    assert message == "The body: a whole number has more than 4,300 digits. Nothing was stored."
