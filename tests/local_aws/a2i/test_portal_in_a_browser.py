"""Real Chromium on the worker portal: from the link to output.json, two workers at once."""

import pytest
from human_loops import Desk, describe, invite, output

pytestmark = pytest.mark.slow
TEMPLATE = """
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <crowd-classifier name="diagnosis" categories="['benign', 'malignant']" header="Is it benign?">
    <classification-target>Score {{ task.input.score }}</classification-target>
    <full-instructions header="How to"><p>Look closely.</p></full-instructions>
    <short-instructions>Look.</short-instructions>
  </crowd-classifier>
  <crowd-text-area name="reason" rows="2"></crowd-text-area>
</crowd-form>
"""


def enter(chromium, aws, desk, name, said):
    """Open a worker's own browser by their link."""
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "console", lambda message: said.append(message.text) if message.type == "error" else None
    )
    link = invite(aws, f"{name} of {desk.name}", desk.name)
    page.goto(link)
    page.wait_for_url(link.partition("enter#")[0])
    return page


def test_two_workers_answer_task_after_task(chromium, aws):
    desk, said = Desk(aws, template=TEMPLATE, config={"TaskCount": 2}), []
    loops = [desk.start(content={"score": score}) for score in (0.4, 0.6)]
    workers = {name: enter(chromium, aws, desk, name, said) for name in ("ann", "bob")}
    for name, page in workers.items():
        page.get_by_role("button", name="Start with the next").click()
        page.get_by_text("Score 0.4").wait_for()
        page.get_by_role("textbox").fill(f"{name} looked")
        page.get_by_role("radio", name="malignant" if name == "ann" else "benign").check()
    for page in workers.values():
        with page.expect_navigation():  # until its script is loaded, which the keys need
            page.get_by_role("button", name="Submit").click()
        assert page.get_by_text("Score 0.6").count()
    assert describe(aws, loops[0])["HumanLoopStatus"] == "Completed"
    assert [answer["answerContent"] for answer in output(aws, loops[0])["humanAnswers"]] == [
        {"diagnosis": {"label": "malignant"}, "reason": "ann looked"},
        {"diagnosis": {"label": "benign"}, "reason": "bob looked"},
    ]
    page = workers["ann"]
    page.get_by_role("radio", name="benign").check()
    page.keyboard.press("Control+Enter")
    page.get_by_text("Nothing is waiting").wait_for()
    assert describe(aws, loops[1])["HumanLoopStatus"] == "InProgress"
    assert not said
