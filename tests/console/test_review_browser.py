"""Real Chromium over PostgreSQL: the owner invites, two reviewers answer by keyboard.

Their labels arrive in the feedback.
"""

import contextlib

import pytest
from sklearn.datasets import load_breast_cancer

from tests.datamart.reviewing import work

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(chromium):
    """Open pages, each in its own browser profile; their consoles must stay empty."""
    said = []
    with contextlib.ExitStack() as contexts:

        def open_page(url, width=1280, **options):
            context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
            contexts.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on(
                "console",
                lambda message: said.append(message.text) if message.type == "error" else None,
            )
            page.goto(url)
            return page

        yield open_page
    assert not said


@pytest.fixture
def cancer(mart, subscribe):
    """Six unsure predictions over real patients, a baseline, and two reviewers."""
    patients = load_breast_cancer(as_frame=True).data
    subscription = subscribe(
        "breast cancer", feature_columns=list(patients), categorical_columns=[]
    )
    scored = patients.iloc[:6].assign(
        score=[0.2, 0.35, 0.5, 0.6, 0.7, 0.8], predicted_label=[0, 0, 1, 1, 1, 1]
    )
    subscription.payload_logging.store(scored.assign(scoring_id=[f"patient-{i}" for i in range(6)]))
    subscription.drift_monitoring.enable(patients)
    mart.reviews.enable(
        subscription,
        ["anna", "ben"],
        violations=False,
        audit_share=0,
        instructions="Is the lump malignant?",
    )
    mart.reviews.create(subscription)
    return subscription


@pytest.fixture
def owner(opened, running):
    """Open the console signed in."""

    def enter(width=1280, **options):
        page = opened(running.url + "/reviews", width, **options)
        page.get_by_label("Token").fill(running.token)
        page.keyboard.press("Enter")
        page.wait_for_url("**/reviews")
        return page

    return enter


def test_from_invitation_to_label(opened, owner, cancer, running, mart):
    page = owner()
    page.get_by_label("Invite anna").click()
    link = page.get_by_text("The review page, as anna").evaluate("link => link.href")
    anna, ben = opened(link), opened(running.invite("ben"))
    for reviewer in (anna, ben):
        reviewer.wait_for_url("**/review/")
        # A browser gives it the focus when it first draws the page
        reviewer.locator("button:focus").wait_for()
        reviewer.keyboard.press("Enter")
        reviewer.wait_for_url("**/review/tasks/*")
    assert "Is the lump malignant?" in anna.locator("main").text_content()
    assert "mean radius" in anna.locator("main").text_content()
    shown = {reviewer.locator("main h2").first.text_content().strip() for reviewer in (anna, ben)}
    assert shown == {"patient-0-1", "patient-1-1"}
    for reviewer, key in ((anna, "1"), (ben, "2"), (anna, "1"), (ben, "2"), (anna, "1")):
        reviewer.keyboard.press(key)
        with reviewer.expect_navigation():
            reviewer.keyboard.press("Control+Enter")
    page.goto(running.url + "/reviews")
    queue = page.locator("table").first.locator("tbody tr").first.locator("td").all_text_contents()
    assert queue[:3] == ["1", "1", "5"]  # ben has the last one; anna's queue is empty
    anna.wait_for_url("**/review/?saved")
    labels = cancer.feedback_logging.get_table_content()["diagnosis"]
    assert sorted(labels) == [0, 0, 0, 1, 1]
    assert mart.reviews.agreement().reviewers["rows"].tolist() == [3, 2]


def test_a_link_that_is_opened_in_a_tab_that_asks_for_one_lets_in(opened, cancer, running):
    page = opened(running.url + "/review/")
    assert page.url.endswith("/review/enter")
    page.goto(running.invite("anna"))  # the same page with another #: the browser loads nothing
    page.wait_for_url("**/review/")


@pytest.mark.parametrize("width", [320, 1440])
def test_the_status_page_fits_and_the_audit_finds_nothing_serious(
    owner, cancer, mart, running, width
):
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    for label in ("benign", "malignant", "malignant"):
        work(
            mart.reviews.queue(),
            "anna",
            label,
            reason="a long reason that somebody has typed into the field",
        )
    page = owner(width)
    # Wait until it is loaded, with its style sheet
    with page.expect_navigation(url="**/reviews/invitations*"):
        page.get_by_label("Invite anna").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    serious = [
        one for one in axe.run(page)["violations"] if one["impact"] in ("serious", "critical")
    ]
    assert not [(one["id"], one["nodes"][0]["html"]) for one in serious]
