"""Signing in: invitations, sessions, and forms that other sites can't send."""

from datetime import timedelta

import pytest
from werkzeug.test import Client

from model_monitoring import review
from model_monitoring.review.sessions import SESSION_LENGTH, Signer

from .conftest import SECRET, Browser


def test_an_invitation_opens_a_session_in_a_protected_cookie(site, store):
    store.add("1", "<input name=a>", {}, title="For anna")
    browser = Browser(site)
    assert browser.get("/").url == f"{site}/enter"
    assert "For anna" in browser.enter("anna").text
    (cookie,) = browser.http.cookies
    assert (
        cookie.has_nonstandard_attr("HttpOnly") and cookie.get_nonstandard_attr("SameSite") == "Lax"
    )
    assert cookie.expires and "anna" in browser.get("/").text


def test_the_invitation_is_in_no_address_that_a_server_sees(site, store):
    browser = Browser(site)
    answer = browser.enter("anna")
    assert [step.url for step in [*answer.history, answer]] == [f"{site}/enter", f"{site}/"]


HOUR = timedelta(hours=1)
REFUSED = {
    "none": "",
    "nonsense": "nonsense",
    "expired": review.invitation(SECRET, "anna", -HOUR),
    "another site's": review.invitation(b"another secret, long enough", "anna", HOUR),
    "a session's cookie": Signer(SECRET).sign("session", ["anna", 9_999_999_999]),
}


@pytest.mark.parametrize("token", REFUSED)
def test_no_other_token_gets_in(site, token):
    browser = Browser(site)
    answer = browser.post("/enter", {"token": REFUSED[token]})
    assert (
        answer.status_code == 401 and "Ask its sender" in answer.text and not browser.http.cookies
    )


def test_a_session_ends(site, monkeypatch):
    browser = Browser(site)
    monkeypatch.setattr("model_monitoring.review.sessions.SESSION_LENGTH", -SESSION_LENGTH)
    browser.enter("anna")
    assert browser.get("/").url == f"{site}/enter"


def test_an_invitation_is_not_a_session(site):
    browser = Browser(site)
    browser.http.cookies.set(
        Signer(SECRET).cookie, review.invitation(SECRET, "anna", timedelta(hours=1))
    )
    assert browser.get("/").url == f"{site}/enter"


def test_signing_out(anna, site):
    anna.post("/leave", {"form_token": anna.page_token()})
    assert anna.get("/").url == f"{site}/enter"


@pytest.mark.parametrize("path", ["/leave", "/next"])
def test_small_forms_need_the_sessions_token(anna, ben, store, path):
    store.add("1", "<input name=a>", {})
    assert anna.post(path, {}).status_code == 403
    assert anna.post(path, {"form_token": ben.page_token()}).status_code == 403


def test_another_sites_form_is_refused(anna):
    answer = anna.post(
        "/next", {"form_token": anna.page_token()}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403 and "Another site" in answer.text


def test_two_sites_on_one_machine_keep_their_cookies_apart():
    assert Signer(SECRET).cookie != Signer(b"another secret, long enough").cookie


def test_a_short_secret_is_refused(store):
    with pytest.raises(ValueError, match="3 of 16 bytes"):
        review.create_site(store, secret=b"abc", title="t")


def test_a_cookie_set_over_https_is_only_sent_over_https(store):
    client = Client(review.create_site(store, secret=SECRET, title="t"))
    token = review.invitation(SECRET, "anna", timedelta(hours=1))
    answer = client.post("/enter", data={"token": token}, base_url="https://host.example")
    assert "; Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("name", [" ", "\ud800", "a\0b", "a\nb"])
def test_an_invitation_needs_a_name(name):
    with pytest.raises(ValueError, match="name"):
        review.invitation(SECRET, name, timedelta(hours=1))


def test_a_form_of_millions_of_answers_is_not_parsed(site):
    browser = Browser(site)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser.post("/enter", b"a&" * 4_000_000, headers=form).status_code == 413
    assert browser.post("/enter", b"token=%ED%A0%80", headers=form).status_code == 401
