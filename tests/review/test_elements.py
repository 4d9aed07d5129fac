"""Crowd elements: each draws an HTML control with its name, and its answer has A2I's shape."""

import time

import pytest
from lxml.html import fragment_fromstring

from model_monitoring.review import render
from model_monitoring.review.answers import parse

CASES = {
    "text input": (
        '<crowd-input name="site" label="Website" placeholder="http://" required></crowd-input>',
        [("site", "http://a")],
        {"site": "http://a"},
    ),
    "text area": (
        '<crowd-text-area name="why" rows="4" value="first"></crowd-text-area>',
        [("why", "one\r\ntwo")],
        {"why": "one\ntwo"},
    ),
    "slider": (
        '<crowd-slider name="much" min="1" max="10" step="1"></crowd-slider>',
        [("much", "7")],
        {"much": 7},
    ),
    "checkbox": (
        '<crowd-checkbox name="found">Found</crowd-checkbox>',
        [("found", "on")],
        {"found": {"on": True}},
    ),
    "checkboxes of one name": (
        '<crowd-checkbox name="is" value="dim">Dim</crowd-checkbox>'
        '<crowd-checkbox name="is" value="red"></crowd-checkbox>',
        [("is", "red")],
        {"is": {"dim": False, "red": True}},
    ),
    "toggle": (
        '<crowd-toggle-button name="it"></crowd-toggle-button>',
        [("it", "on")],
        {"it": {"on": True}},
    ),
    "select": (
        '<crowd-select name="one" label="Which?" value="b"><option>a</option>'
        '<option value="b">B</option><option>c</option></crowd-select>',
        [("one", "c")],
        {"one": "c"},
    ),
    "radio group": (
        '<crowd-radio-group><crowd-radio-button name="tech" value="yes">T</crowd-radio-button>'
        '<crowd-radio-button name="art" value="yes">A</crowd-radio-button></crowd-radio-group>',
        [("tech", "art=yes")],
        {"tech": {"yes": False}, "art": {"yes": True}},
    ),
    "classifier": (
        """<crowd-classifier name="mood" categories="['good', 'bad']" header="Mood?">
        <classification-target>text</classification-target></crowd-classifier>""",
        [("mood", "bad")],
        {"mood": {"label": "bad"}},
    ),
    "classifier of many": (
        """<crowd-classifier-multi-select name="all" categories='["a", "b"]'
        exclusion-category="{ text: 'None' }">
        </crowd-classifier-multi-select>""",
        [("all", "a"), ("all", "None")],
        {"all": {"labels": ["a", "None"]}},
    ),
    "HTML's own": (
        '<input type="radio" name="r" value="1"><input type="radio" name="r" value="2">'
        '<select name="s"><option>x</option><option value="y">Y</option></select>'
        '<textarea name="t"></textarea>'
        '<select name="m" multiple><option>x</option><option>y</option><option>z</option></select>',
        [("r", "2"), ("s", "y"), ("t", ""), ("m", "x"), ("m", "z")],
        {"r": {"1": False, "2": True}, "s": "y", "t": "", "m": ["x", "z"]},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_answers_have_the_shape_that_a2i_documents(case):
    template, pairs, answer = CASES[case]
    rendered = render(f"<crowd-form>{template}</crowd-form>", {})
    assert not rendered.warnings
    page = fragment_fromstring(rendered.html)
    offered = {control.get("name") for control in page.iter("input", "textarea", "select")}
    assert {name for name, _ in pairs} <= offered
    assert parse(pairs, rendered.fields) == answer


def test_values_typed_before_are_put_back():
    template = "".join(template for template, _, _ in CASES.values())
    pairs = [pair for _, given, _ in CASES.values() for pair in given]
    page = fragment_fromstring(f"<form>{render(template, {}, pairs).html}</form>").find(".")
    sent = [(name, value.replace("\n", "\r\n")) for name, value in page.form_values()]
    assert sorted(sent) == sorted(pairs)


def test_an_answer_outside_the_choices_counts_as_no_answer():
    template, _, _ = CASES["classifier"]
    assert parse([("mood", "hacked")], render(template, {}).fields) == {"mood": {"label": None}}


def test_instructions_fold_and_cards_have_headings():
    html = render(
        '<full-instructions header="How to"><p>long</p></full-instructions>'
        "<short-instructions>short</short-instructions>"
        '<crowd-instructions link-text="Help"><short-summary>s</short-summary></crowd-instructions>'
        '<crowd-card heading="Patient">c</crowd-card>'
        '<crowd-alert type="info" dismissible>a</crowd-alert>',
        {},
    ).html
    page = fragment_fromstring(html)
    assert [line.text for line in page.iter("summary")] == ["How to", "Help"]
    assert page.find(".//details/div/p").text == "long"
    assert page.find(".//crowd-card/h2").text == "Patient"
    assert page.find(".//short-instructions").text == "short"


def test_an_unknown_element_is_shown_as_its_content_with_a_warning():
    rendered = render('<crowd-polygon src="x"><p>Draw</p></crowd-polygon>', {})
    assert "<p>Draw</p>" in rendered.html
    assert rendered.warnings == [
        "<crowd-polygon> isn't among the elements drawn here; its content is shown as it is."
    ]


def test_each_undrawn_element_gets_one_warning_except_in_comments_and_scripts():
    template = """<!-- <crowd-one> <script> --><html><body><my-scale>1 to 5</my-scale>
        <video>Watch</video><video></video>
        <script src="https://assets.crowd.aws/crowd-html-elements.js">"<crowd-two>"</script>
        <!-- <crowd-three>"""
    rendered = render(template, {})
    assert "1 to 5" in rendered.html and "Watch" in rendered.html
    assert [warning.partition(" ")[0] for warning in rendered.warnings] == ["<my-scale>", "<video>"]


def test_a_select_begins_with_its_value_and_a_text_has_its_limits():
    limited = '<crowd-input name="a" max-length="5" min-length="2"></crowd-input>'
    limited += '<crowd-text-area name="b" max-length="9"></crowd-text-area>'
    page = fragment_fromstring(render(CASES["select"][0] + limited, {}).html)
    assert page.find(".//option[@selected]").get("value") == "b"
    assert page.find(".//crowd-select/label/span").text == "Which?"
    assert (page.find(".//input").get("maxlength"), page.find(".//input").get("minlength")) == (
        "5",
        "2",
    )
    assert page.find(".//textarea").get("maxlength") == "9"


def test_a_link_may_open_another_tab_without_access_to_this_one():
    link = fragment_fromstring(
        render('<a href="https://a.example" target="_blank">a</a>', {}).html
    ).find(".//a")
    assert link.get("target") == "_blank" and link.get("rel") == "noopener noreferrer"


def test_invalid_choices_get_a_warning():
    rendered = render(
        '<crowd-classifier name="a" categories="nonsense">text</crowd-classifier>', {}
    )
    assert "text" in rendered.html and "categories" in rendered.warnings[0]
    assert render("<crowd-select name=a></crowd-select>", {}).warnings == [
        "<crowd-select> has no <option> inside: write one for each answer."
    ]


def test_the_templates_own_button_names_the_pages_button():
    rendered = render(
        '<crowd-form><input name="a">'
        '<crowd-button form-action="submit">Send it</crowd-button></crowd-form>',
        {},
    )
    assert rendered.submit == "Send it" and "Send it" not in rendered.html


def test_controls_without_a_label_are_named_for_screen_readers():
    html = render(
        '<table><tr><td><input name="a"></td></tr><tr><td><input name="a"></td></tr></table>', {}
    ).html
    html += render('<label>other <input name="c"></label><input name="b">', {}).html
    html += render('<crowd-toggle-button name="d"></crowd-toggle-button>', {}).html
    assert (
        'aria-label="b"' in html and 'aria-label="c"' not in html and 'aria-label="d: on"' in html
    )
    assert 'aria-label="a[0]"' in html and 'aria-label="a[1]"' in html


def test_a_choice_not_yet_made_stays_open():
    template = '<select name="a" required><option value="" disabled selected>?</option>'
    template += "<option>x</option></select>"
    html = render(template + '<input name="b">', {}, [("b", "typed")]).html
    assert html.index("selected") < html.index("<option>x")


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "9" * 5000, "none"])
def test_an_input_that_is_not_a_number_stays_a_string(text):
    (slider,) = render('<crowd-slider name="much">', {}).fields
    assert parse([("much", text)], [slider]) == {"much": text}


def test_a_choice_of_many_values_is_fast():
    boxes = "".join(f'<input type="checkbox" name="a" value="{n}">' for n in range(8000))
    fields = render(boxes, {}).fields
    start = time.monotonic()
    content = parse([("a", str(n)) for n in range(7999, -1, -1)] * 20, fields)
    assert time.monotonic() - start < 2 and all(content["a"].values()) and len(content["a"]) == 8000
