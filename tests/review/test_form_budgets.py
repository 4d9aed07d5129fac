"""Forms are limited in bytes and in fields, before objects are made of them."""

import time
import tracemalloc

import pytest
from werkzeug.test import Client

from model_monitoring import review

from .conftest import SECRET

KIND = "application/x-www-form-urlencoded"


@pytest.fixture
def visitor(store):
    return Client(review.create_site(store, secret=SECRET, title="t"))


@pytest.mark.parametrize("path", ["/enter", "/tasks/t-1", "/tasks/t-1/draft"])
@pytest.mark.parametrize("piece", [b"a=&", b"&", b"%61&", b"review:ticket=x&"])
def test_a_form_of_a_million_fields_is_refused_at_once(visitor, path, piece):
    body = piece * (7_000_000 // len(piece))
    tracemalloc.start()
    begun = time.monotonic()
    answer = visitor.post(path, data=body, content_type=KIND)
    assert time.monotonic() - begun < 5
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()
    assert answer.status_code == 413 and "too large" in answer.text


def test_visitors_who_have_not_signed_in_can_send_little(visitor):
    assert (
        visitor.post("/enter", data=b"token=" + b"x" * 20_000, content_type=KIND).status_code == 413
    )
    assert (
        visitor.post("/enter", data=b"token=" + b"x" * 10_000, content_type=KIND).status_code == 401
    )


def test_a_large_form_is_accepted(anna, store):
    names = [f"field-{n}" for n in range(5000)]
    store.add("t-1", "".join(f"<input name={name}>" for name in names), {})
    answer = anna.answer("t-1", [(name, "x" * 100) for name in names])
    assert answer.status_code == 200 and "Answer kept" in answer.text
