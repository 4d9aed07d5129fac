"""Real Chromium: a reviewer's work from link to answer, by keyboard alone, on phone and desktop."""

import time
from datetime import timedelta

import pytest

from model_monitoring import review

from .conftest import SECRET
from .samples import WALKTHROUGH, WALKTHROUGH_INPUT, scored

pytestmark = pytest.mark.slow


@pytest.fixture
def enter(chromium, site):
    """Open a separate browser for a reviewer by the invitation's link; pages have no errors."""
    said = []

    def open_page(reviewer, width=1280, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "console",
            lambda message: said.append(message.text) if "Policy" in message.text else None,
        )
        page.goto(f"{site}/enter#{review.invitation(SECRET, reviewer, timedelta(hours=1))}")
        page.wait_for_url(f"{site}/")
        return page

    yield open_page
    for context in chromium.contexts:
        context.close()
    assert not said


def start(page):
    """Press the queue's button by keyboard; a browser gives it the focus when it first draws."""
    page.locator("button:focus").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*")


@pytest.fixture
def queue(store):
    for number in range(3):
        store.add(
            f"t-{number}", review.default_template(), scored(f"s-{number}"), title=f"Row s-{number}"
        )
    return store.tasks


def test_the_invitation_is_not_in_the_history(enter, site):
    page = enter("anna")
    assert "#" not in page.url
    page.go_back()
    assert "#" not in page.url and "#" not in page.evaluate("location.href")


def test_keyboard_alone_from_the_queue_through_every_task(enter, queue, site):
    page = enter("anna")
    start(page)
    assert page.url == f"{site}/tasks/t-0"
    page.keyboard.press("1")
    page.keyboard.press("Tab")
    page.keyboard.type("small and regular")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/tasks/t-1?saved")
    page.keyboard.press("2")
    page.keyboard.press("Enter")  # nothing is left to answer: the button is next
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/t-2?saved")
    page.keyboard.press("Control+Enter")  # an answer is missing: the browser says so and stays
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"{site}/?saved")
    answers = [task.answers["anna"].content for task in queue.values()]
    assert [answer["label"]["malignant"] for answer in answers] == [False, True, True]
    assert answers[0]["reason"] == "small and regular"


def test_enter_moves_from_row_to_row(enter, store, site):
    task = store.add("rows", review.default_template(), scored("a", "b", "c"))
    page = enter("anna")
    page.goto(f"{site}/tasks/rows")
    for key in ("1", "Enter", "2", "Enter", "1", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.textContent") == "Submit and next"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/?saved")
    labels = review.labels(task.answers["anna"].content, task.task_input)
    assert labels == {"a": "benign", "b": "malignant", "c": "benign"}


def wait_for_draft(task, text):
    deadline = time.monotonic() + 30
    while text not in str(task.drafts):
        assert time.monotonic() < deadline, f"{text!r} isn't in {task.drafts}"
        time.sleep(0.05)


def test_a_draft_is_kept_while_typing_and_survives_a_reload(enter, queue, site):
    page = enter("anna")
    page.goto(f"{site}/tasks/t-0")
    page.keyboard.press("2")
    page.locator("textarea").fill("half a sen")
    wait_for_draft(queue["t-0"], "half a sen")
    page.reload()
    assert page.locator("textarea").input_value() == "half a sen"
    assert page.locator("input[value=malignant]").is_checked()


def test_leaving_the_page_keeps_the_draft(enter, queue, site):
    page = enter("anna")
    page.goto(f"{site}/tasks/t-0")
    page.locator("textarea").fill("left in a hurry")
    page.goto(f"{site}/")
    wait_for_draft(queue["t-0"], "left in a hurry")
    page.goto(f"{site}/tasks/t-0")
    assert page.locator("textarea").input_value() == "left in a hurry"


def test_a_draft_that_could_not_be_kept_is_sent_again(enter, queue, site):
    page = enter("anna")
    page.goto(f"{site}/tasks/t-0")
    page.route("**/draft", lambda route: route.fulfill(status=503), times=1)
    page.locator("textarea").fill("stubborn")
    page.get_by_text("can't be kept at the moment").wait_for()
    wait_for_draft(queue["t-0"], "stubborn")
    page.get_by_text("Draft kept").wait_for()


def test_a_draft_in_progress_is_dropped_when_the_answer_is_sent(enter, queue, site):
    page = enter("anna")
    page.add_init_script("""window.fetch = (address, { signal }) => new Promise(() => {
        console.log("under way");
        signal?.addEventListener("abort", () => console.log("given up"));
    })""")
    page.goto(f"{site}/tasks/t-0")
    with page.expect_console_message(lambda message: message.text == "under way"):
        page.keyboard.press("1")
    with page.expect_console_message(lambda message: message.text == "given up"):
        page.keyboard.press("Control+Enter")
    page.wait_for_url("**/tasks/t-1?saved")


def test_two_browsers_at_once_share_the_queue(enter, queue, site):
    anna, ben = enter("anna"), enter("ben")
    for page in (anna, ben):
        start(page)
    assert {anna.url[-3:], ben.url[-3:]} == {"t-0", "t-1"}
    for page in (anna, ben, anna):
        page.keyboard.press("1")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
    assert sorted(name for task in queue.values() for name in task.answers) == [
        "anna",
        "anna",
        "ben",
    ]


def test_blind_mode_shows_the_model_after_the_first_answer(enter, store, site):
    task = store.add("b", review.default_template(), scored("s"), prediction="last")
    page = enter("anna")
    page.goto(f"{site}/tasks/b")
    assert not page.get_by_text("The model says").count()
    page.keyboard.press("1")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert page.get_by_text("The model says").count()
    assert page.locator("input[value=benign]").is_checked()
    page.locator("input[value=malignant]").check()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"{site}/?saved")
    assert (
        task.answers["anna"].first["label"]["benign"]
        and task.answers["anna"].content["label"]["malignant"]
    )


def test_the_template_of_the_walkthrough_loses_no_row(enter, store, site):
    task = store.add("aws", WALKTHROUGH, WALKTHROUGH_INPUT)
    page = enter("anna")
    page.goto(f"{site}/tasks/aws")
    for number, choice in enumerate(("Agree", "Disagree", "Disagree")):
        page.locator("table").nth(1).get_by_label(choice, exact=True).nth(number).check()
    page.locator("[placeholder='Your prediction']").nth(1).fill("benign")
    page.get_by_role("button", name="Submit and next").click()
    page.wait_for_url(f"{site}/?saved")
    content = task.answers["anna"].content
    assert [row["agree"] for row in content["agreement"]] == [True, False, False]
    assert content["True Prediction"] == [None, "benign", None]


def test_crowd_elements_with_our_own_script(enter, store, site):
    template = """<p id="work" class="bar">A template's own ids and classes</p>
        <crowd-slider name="s" min="1" max="9"></crowd-slider>
        <crowd-text-area name="t" char-counter="true" maxlength="20"></crowd-text-area>
        <crowd-alert dismissible>Careful</crowd-alert>
        <crowd-classifier-multi-select name="m" categories="['a']"
          exclusion-category="{text: 'none'}">
        </crowd-classifier-multi-select>"""
    store.add("c", template, {})
    page = enter("anna")
    page.goto(f"{site}/tasks/c")
    page.locator("input[type=range]").fill("7")
    assert page.locator("output").text_content() == "7"
    page.locator("textarea").fill("four")
    assert page.locator(".counter").text_content() == "4 of 20 characters"
    page.get_by_text("Dismiss").click()
    page.locator("crowd-alert").wait_for(state="detached")
    page.locator("input[value=a]").check()
    page.locator("input[value=none]").check()
    assert not page.locator("input[value=a]").is_checked()


def test_scripts_of_templates_and_data_do_not_run(enter, store, site):
    script = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    store.add(
        "x",
        "<input name=a>" + script + "{{ task.input.a | skip_autoescape }}{{ task.input.a }}",
        {"a": script},
    )
    page = enter("anna")
    page.goto(f"{site}/tasks/x", wait_until="networkidle")
    assert page.title() == "Check a prediction · Human review"


def test_styles_of_a_template_neither_leave_it_nor_cover_the_page(enter, store, site):
    template = """<style>} .bar, h1 { display: none !important }
        :scope { contain: none !important } p { position: fixed; inset: 0 }</style>
        <p>Over all</p><input name=a>"""
    store.add("css", template, {})
    page = enter("anna")
    page.goto(f"{site}/tasks/css")
    assert page.get_by_role("heading", name="Check a prediction").is_visible()
    page.get_by_role("button", name="Submit and next").click()
    page.wait_for_url(f"{site}/?saved")


# Many templates, also AWS's own, make a part white and leave the text's colour to the page.
WHITE = """<style>td { background-color: white; }</style>
    <table><tr><td>Good <a href="#b">day</a>
    <crowd-input name="c" label="Is it?"></crowd-input></td></tr></table>"""
SCREENS = {
    "queue": "/",
    "task": "/tasks/t-0",
    "blind": "/tasks/blind",
    "walkthrough": "/tasks/aws",
    "white": "/tasks/white",
    "gone": "/tasks/none",
    "sign-in": "/enter",
}


@pytest.fixture
def screens(store, queue):
    store.add("aws", WALKTHROUGH, WALKTHROUGH_INPUT)
    store.add("blind", review.default_template(), scored("a", "b"), prediction="last")
    store.add("white", WHITE, {})


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_every_screen_fits_the_width(enter, screens, site, width):
    page = enter("anna", width)
    for path in SCREENS.values():
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") == width, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accessibility_audit_finds_nothing_serious(enter, screens, site, scheme):
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    page = enter("anna", color_scheme=scheme)
    for path in SCREENS.values():
        page.goto(site + path)
        found = axe.run(page)["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not [
            (one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"])
            for one in serious
        ], path
