"""The page about reviews: what waits, how reviewers do, and invitations for them."""

import re
import subprocess
import sys
import urllib.parse

import pytest

from model_monitoring import datamart, review
from tests.datamart.reviewing import work

from .conftest import FEATURES, Client


@pytest.fixture
def reviewed(mart, subscription):
    """Six rows for two reviewers each: two are answered twice, one is answered once."""
    subscription.payload_logging.store(
        datamart.PayloadRecord(
            {"fields": FEATURES, "values": [[float(i), "red"]]},
            {"fields": ["score", "predicted_label"], "values": [[0.6, 1]]},
            f"r{i}",
        )
        for i in range(6)
    )
    mart.reviews.enable(
        subscription,
        ["anna", "ben", "carla"],
        task_count=2,
        violations=False,
        audit_share=0,
        prediction="last",
    )
    mart.reviews.create(subscription)
    store = mart.reviews.queue()
    for name, labels in {
        "anna": ["malignant", "benign", "benign"],
        "ben": ["malignant", "benign"],
    }.items():
        for label in labels:
            work(store, name, label, first="malignant", reason="<b>round</b>")
    return subscription


def table(text, heading):
    """The rows of the table below a heading, as lists of the words in their cells."""
    body = re.search(rf"{heading}</h2>.*?<tbody>(.*?)</tbody>", text, re.S)[1]
    rows = [
        re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S)
        for row in re.findall(r"<tr.*?>(.*?)</tr>", body, re.S)
    ]
    return [[" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in row] for row in rows]


def test_the_page_shows_what_waits_and_how_reviewers_agree(reader, reviewed):
    text = reader.ask("/reviews").text
    assert table(text, "Queue")[0][:5] == ["small", "4", "0", "2", "0"]
    assert table(text, "Reviewers") == [
        ["anna", "Invite", "3", "100%", "–", "2", "0"],
        ["ben", "Invite", "2", "100%", "–", "1", "0"],
        ["carla", "Invite", "–", "–", "–", "–", "–"],
    ]
    assert table(text, "Why rows were sent") == [["score", "6", "4"]]
    assert table(text, "Model against reviewers") == [["malignant", "1", "1"]]
    assert table(text, "Reviewers against each other") == [["anna, ben", "2", "100%", "–"]]
    newest = table(text, "Newest answers")
    assert newest[0][1:6] == [
        "ben",
        "r1-1",
        "malignant",
        "benign (first malignant)",
        "benign unanimous",
    ]
    assert "<b>round</b>" not in text and "&lt;b&gt;round&lt;/b&gt;" in text


def test_nothing_reviewed_yet_says_what_to_do(reader, subscription):
    assert "mart.reviews.enable" in reader.ask("/reviews").text
    assert reader.ask("/reviews?subscription=nonsense").status == 404


def test_only_a_signed_in_owner_sees_it_or_invites(visitor, reviewed):
    assert visitor.ask("/reviews").url.endswith("/sign-in")
    assert (
        visitor.ask("/reviews/invitations", b"reviewer=anna").status == 400
    )  # not sent from our form
    assert visitor.submit("/reviews/invitations", {"reviewer": "anna"}, "/sign-in").url.endswith(
        "/sign-in"
    )


def test_an_invitation_opens_the_review_page_and_nothing_else(reader, running, reviewed):
    said = reader.submit("/reviews/invitations", {"reviewer": "anna"}, "/reviews").text
    path = re.search(r'href="(/review/enter#[^"]+)"', said)[1]
    invited = Client(running.url)
    answer = invited.ask(
        "/review/enter", urllib.parse.urlencode({"token": path.partition("#")[2]}).encode()
    )
    assert answer.url == running.url + "/review/" and "anna" in answer.text
    assert invited.ask("/reviews").url.endswith("/sign-in")
    assert reader.submit("/reviews/invitations", {"reviewer": "mallory"}, "/reviews").status == 404


def test_the_owner_is_not_a_reviewer(reader, reviewed):
    assert reader.ask("/review/").url.endswith("/review/enter")


def test_links_work_behind_a_proxy(running, reviewed):
    proxied = Client(running.url)
    headers = {"X_Forwarded_Prefix": "/proxy/8421"}
    token = re.search(
        r'name="csrf_token" value="([^"]+)"', proxied.ask("/sign-in", **headers).text
    )[1]
    form = urllib.parse.urlencode({"csrf_token": token, "token": running.token}).encode()
    # The redirect goes to the address of the proxy
    assert proxied.ask("/sign-in", form, **headers).status == 404
    page = proxied.ask("/reviews", **headers).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    form = urllib.parse.urlencode({"csrf_token": token, "reviewer": "anna"}).encode()
    assert (
        'href="/proxy/8421/review/enter#'
        in proxied.ask("/reviews/invitations", form, **headers).text
    )


def test_invitations_from_a_notebook_and_a_shell(
    running, reviewed, database_url, schema, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", database_url)
    link = running.invite("ben")
    with pytest.raises(ValueError, match=r"no reviewer 'mallory'. There are: anna, ben, carla"):
        running.invite("mallory")
    assert running.invite("ben", "https://studio/proxy/8421/").startswith(
        "https://studio/proxy/8421/review/enter#"
    )
    options = ["--schema", schema, "--port", running.url.rsplit(":", 1)[1]]
    command = [sys.executable, "-m", "model_monitoring", "console", *options, "invite"]
    done = subprocess.run([*command, "ben"], capture_output=True, text=True, check=True)
    for each in (link, done.stdout.strip()):
        assert each.startswith(running.url + "/review/enter#")
        entered = Client(running.url).ask(
            "/review/enter", f"token={each.partition('#')[2]}".encode()
        )
        assert entered.status == 200 and "ben" in entered.text
    refused = subprocess.run([*command, "mallory"], capture_output=True, text=True)
    assert refused.returncode == 1 and refused.stderr.startswith(
        "console: There is no reviewer 'mallory'"
    )


def test_an_unreachable_data_mart_is_reported(running, reviewed, monkeypatch):
    invited = Client(running.url)
    invited.ask("/review/enter", f"token={running.invite('anna').partition('#')[2]}".encode())

    def fail(*_):
        raise datamart.DataMartError("PostgreSQL at secret.example is gone")

    monkeypatch.setattr("model_monitoring.datamart.reviews.store.ReviewStore.queue", fail)
    answer = invited.ask("/review/")
    assert (
        answer.status == 503
        and "Try again in a moment" in answer.text
        and "secret" not in answer.text
    )


def test_several_subscriptions_have_a_page_each(reader, mart, reviewed, subscribe):
    other = subscribe("another <one>")
    mart.reviews.enable(other, ["dora"])
    text = reader.ask(f"/reviews?subscription={other.uid}").text
    assert [row[0] for row in table(text, "Queue")] == ["another &lt;one&gt;", "small"]
    assert table(text, "Reviewers")[0][0] == "dora"


def test_the_queue_interface_is_complete(mart):
    assert {name for name in vars(review.Store) if not name.startswith("_")} <= set(
        dir(mart.reviews.queue())
    )
