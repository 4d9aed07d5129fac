"""Crowd elements as plain HTML controls inside their own tags.

Names and attributes are those of the AWS documentation ("Crowd HTML Elements Reference" in the
SageMaker Developer Guide). A control works without scripts; `static/elements.js` adds the features
that need one.
"""

import ast
import json
import re
from contextlib import suppress

from lxml.html import HtmlElement
from lxml.html import builder as html

# Attributes with the same meaning on a crowd element and on the HTML control inside it.
SHARED = (
    "name",
    "value",
    "placeholder",
    "min",
    "max",
    "step",
    "rows",
    "max-length",
    "min-length",
    "maxlength",
)
SWITCHES = ("required", "disabled", "checked", "readonly")
LONGEST_LIST = 100_000  # characters; Python takes much time and memory to read nested brackets
# The AWS samples write this attribute as JavaScript: { text: 'None of the above' }
EXCLUSION = re.compile(r"""text["']?\s*:\s*(["'])(.*?)\1""")


def expand(root: HtmlElement) -> list[str]:
    """Put HTML controls into all crowd elements below `root`, in place; return warnings.

    The controls are marked for `controls.find`: data-kind says how the answer is written, data-key
    its name in the answer if that isn't the control's name, and data-option the same for the value.
    """
    warnings = []
    for element in list(root.iter()):
        if element.tag in DRAWN:
            try:
                DRAWN[element.tag](element)
            except ValueError as error:
                warnings.append(str(error))
    return warnings


def is_on(element: HtmlElement, switch: str) -> bool:
    """Say whether a switch such as `required` is set; an unset one may also be written "false"."""
    return element.get(switch, "false").lower() != "false"


def _control(element: HtmlElement, tag: str, **attributes: str) -> HtmlElement:
    control = getattr(html, tag.upper())()
    for name in SHARED:
        if element.get(name) is not None:
            control.set(name.replace("-", ""), element.get(name))
    for switch in SWITCHES:
        if is_on(element, switch):
            control.set(switch, "")
    for name, value in attributes.items():
        control.set(name.rstrip("_").replace("_", "-"), value)
    return control


def _labelled(element: HtmlElement, control: HtmlElement) -> None:
    """Put a control first in its element, under a label that is visible or for screen readers."""
    if element.get("label"):
        element.insert(0, html.LABEL(html.SPAN(element.get("label")), control))
        return
    control.set("aria-label", element.get("placeholder") or element.get("name") or "answer")
    element.insert(0, control)


def _move(source: HtmlElement, target: HtmlElement) -> HtmlElement:
    """Move all content of one element to the end of another."""
    target.text, source.text = (target.text or "") + (source.text or ""), None
    for child in list(source):
        target.append(child)
    return target


def _input(element: HtmlElement) -> None:
    control = _control(element, "input", type=element.get("type", "text"))
    if element.get("allowed-pattern"):
        control.set("pattern", f"{element.get('allowed-pattern')}*")
    _labelled(element, control)


def _text_area(element: HtmlElement) -> None:
    control = _control(element, "textarea")
    control.text = control.attrib.pop("value", None)
    _labelled(element, control)


def _select(element: HtmlElement) -> None:
    """Draw a list to choose one from: A2I has no such element, but some templates use it."""
    control = _control(element, "select")
    value = control.attrib.pop("value", None)
    control.extend(element.findall(".//option"))
    if not len(control):
        raise ValueError("<crowd-select> has no <option> inside: write one for each answer.")
    for option in control:
        if value is not None and value == option.get("value", option.text_content()):
            option.set("selected", "")
    _labelled(element, control)


def _slider(element: HtmlElement) -> None:
    value = element.get("value") or element.get("min") or "0"
    _labelled(element, _control(element, "input", type="range", value=value, data_kind="number"))
    element.insert(1, html.OUTPUT(value))


def _checkbox(element: HtmlElement) -> None:
    control = _control(element, "input", type="checkbox", value=element.get("value") or "on")
    _beside(element, control)


def _radio_button(element: HtmlElement) -> None:
    """Draw a radio button.

    In a crowd-radio-group each button has a name of its own. Their controls share one name, which
    makes them one group in HTML.
    """
    value = element.get("value") or "on"
    control = _control(element, "input", type="radio", value=value)
    group = next(element.iterancestors("crowd-radio-group"), None)
    if group is not None:
        key = element.get("name", "")
        first = next(group.iter("crowd-radio-button"))
        control.set("name", first.get("name", ""))
        control.set("value", f"{key}={value}")
        control.set("data-key", key)
        control.set("data-option", value)
    _beside(element, control)


def _beside(element: HtmlElement, control: HtmlElement) -> None:
    """Make an element's content the label of a control."""
    element.append(html.LABEL(control, _move(element, html.SPAN())))


def _classifier(element: HtmlElement) -> None:
    _categories(element, "radio", "label")


def _classifier_multi(element: HtmlElement) -> None:
    _categories(element, "checkbox", "labels")


def _categories(element: HtmlElement, kind: str, answer: str) -> None:
    # AWS names an answer after the element if the template doesn't name it.
    name = element.get("name") or element.tag
    categories = _list(element, "categories")
    exclusion = EXCLUSION.search(element.get("exclusion-category", ""))
    if exclusion:
        categories.append(exclusion[2])
    choices = html.DIV(html.CLASS("choices"))
    for category in categories:
        control = html.INPUT(type=kind, name=name, value=str(category))
        control.set("data-kind", answer)
        if kind == "radio":
            control.set("required", "")
        choices.append(html.LABEL(control, html.SPAN(str(category))))
    element.append(html.FIELDSET(html.LEGEND(element.get("header") or name), choices))


def _list(element: HtmlElement, attribute: str) -> list:
    """Read an attribute's list: as JSON, or with single quotes as in AWS's own samples."""
    text = element.get(attribute, "")
    if len(text) > LONGEST_LIST:
        size = f"more than {LONGEST_LIST:,} characters"
        raise ValueError(f"<{element.tag}> has {size} in its attribute {attribute}.")
    for read in (json.loads, ast.literal_eval):
        with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            found = read(text)
            if isinstance(found, list):
                return found
    raise ValueError(f"<{element.tag}> has no list in its attribute {attribute}: {text[:80]!r}.")


def _folded(element: HtmlElement) -> None:
    """Fold instructions under a line that opens them."""
    title = element.get("link-text") or element.get("header") or "Instructions"
    body = _move(element, html.DIV())
    element.append(html.DETAILS(html.SUMMARY(title), body))


def _card(element: HtmlElement) -> None:
    if element.get("heading"):
        element.insert(0, html.H2(element.get("heading")))
    if element.get("image"):
        element.insert(0, html.IMG(src=element.get("image"), alt=""))


def _alert(element: HtmlElement) -> None:
    element.set("role", "note")


DRAWN = {
    "crowd-input": _input,
    "crowd-text-area": _text_area,
    "crowd-select": _select,
    "crowd-slider": _slider,
    "crowd-checkbox": _checkbox,
    "crowd-toggle-button": _checkbox,
    "crowd-radio-button": _radio_button,
    "crowd-classifier": _classifier,
    "crowd-classifier-multi-select": _classifier_multi,
    "crowd-instructions": _folded,
    "full-instructions": _folded,
    "crowd-card": _card,
    "crowd-alert": _alert,
}
KNOWN = frozenset(DRAWN) | {"crowd-form", "crowd-radio-group", "crowd-button"}
