"""The controls of a form: which of them answer together, and the name that each is sent under."""

import re
from collections import Counter
from collections.abc import Iterable

from lxml.html import HtmlElement

from .fields import Field

CHOICES = ("radio", "checkbox")
TYPES = {
    "text",
    "number",
    "date",
    "time",
    "email",
    "url",
    "tel",
    "search",
    "range",
    "hidden",
    "month",
    "week",
    *CHOICES,
}
# Characters that a document must not contain
UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
RESERVED = "review:"  # prefix of the names of the page's own hidden inputs


def find(root: HtmlElement) -> list[Field]:
    """Find a form's fields in document order; rename controls that share a name.

    Radio buttons of one name are one group in HTML, so table rows that repeat the name would
    overwrite each other's answers. If a value occurs twice under a name, each table row (or each
    repetition of the value) becomes a group of its own, named `name[0]`, `name[1]` in the page.
    Other controls that share a name are numbered in the same way.
    """
    groups = _groups(root)
    repeated = Counter(group[0].get("name") for group in groups)
    taken, number, fields = set(repeated), Counter(), []
    for group in groups:
        name = wire = group[0].get("name")
        if repeated[name] > 1 or name.startswith(RESERVED):
            wire = f"{name.removeprefix(RESERVED)}[{number[name]}]"
            number[name] += 1
            while wire in taken:
                wire += "'"
            taken.add(wire)
        fields += _fields(group, wire)
    _name_unlabelled(root, fields)
    return fields


def _name_unlabelled(root: HtmlElement, fields: list[Field]) -> None:
    """Label controls without a label, as in AWS's own table templates, for screen readers."""
    labelled = {label.get("for") for label in root.iter("label")} - {None}
    # Kept for each label, because a label may hold thousands of controls.
    has_text: dict[HtmlElement | None, bool] = {None: False}
    for found in fields:
        for control in found.controls:
            around = next(control.iterancestors("label"), None)
            if around not in has_text:
                has_text[around] = bool(around.text_content().strip())
            has_label = control.get("id") in labelled or has_text[around]
            if not has_label and "aria-label" not in control.attrib:
                name = control.get("placeholder", found.wire)
                if option := found.options.get(_value(control)):
                    name = f"{found.wire}: {option}"
                control.set("aria-label", name)


def _groups(root: HtmlElement) -> list[list[HtmlElement]]:
    """Put the buttons of a choice into one list; every other control is alone in its list."""
    controls = [control for control in root.iter("input", "textarea", "select") if _counts(control)]
    occurrences = Counter((*_choice(control), _value(control)) for control in controls)
    repeating = {same[:2] for same, times in occurrences.items() if times > 1}
    groups, latest = [], {}
    for control in controls:
        choice, row = _choice(control), next(control.iterancestors("tr"), None)
        group, values, group_row = latest.get(choice, ([], set(), None))
        # A new row, or a value for the second time, begins the next group of the name.
        is_next = choice in repeating and (row is not group_row or _value(control) in values)
        if not group or is_next or choice[1] not in CHOICES:
            groups.append(group := [])
            values = set()
            latest[choice] = group, values, row
        group.append(control)
        values.add(_value(control))
    return groups


def _choice(control: HtmlElement) -> tuple[str, str]:
    return control.get("name"), control.get("type", "text")


def _value(control: HtmlElement) -> str:
    return control.get("value", "on")


def _counts(control: HtmlElement) -> bool:
    """Say whether a control takes an answer; an unknown type becomes text, as in browsers."""
    if control.tag == "input":
        type_ = control.get("type", "text").lower()
        control.set("type", type_ if type_ in TYPES else "text")
    return bool(control.get("name")) and control.get("disabled") is None


def _fields(group: list[HtmlElement], wire: str) -> list[Field]:
    """Make the fields of a group; a crowd-radio-group has one for each name of its buttons."""
    fields = {}
    for control in group:
        key = control.attrib.pop("data-key", control.get("name"))
        type_ = control.get("type") if control.get("type") in CHOICES else "text"
        usual = "texts" if control.get("multiple") is not None else type_
        kind = control.attrib.pop("data-kind", usual)
        found = fields.setdefault(key, Field(key, wire, kind))
        found.required |= control.get("required") is not None
        if type_ in CHOICES:
            found.options[_value(control)] = control.attrib.pop("data-option", _value(control))
        found.controls.append(control)
    for control in group:
        control.set("name", wire)
    return list(fields.values())


def fill(fields: Iterable[Field], pairs: Iterable[tuple[str, str]]) -> None:
    """Put values typed before back into the controls, in place."""
    given: dict[str, dict[str, None]] = {}
    for name, value in pairs:
        given.setdefault(name, {})[UNPRINTABLE.sub("\ufffd", value)] = None
    for found in fields:
        values = given.get(found.wire, {})
        for control in found.controls:
            if control.get("type") in CHOICES:
                _switch(control, "checked", _value(control) in values)
            elif control.tag == "select" and values:
                for option in control.iter("option"):
                    value = option.get("value", option.text_content())
                    _switch(option, "selected", value in values)
            elif control.tag == "textarea" and values:
                control.text = next(iter(values))
            elif values:
                control.set("value", next(iter(values)))


def _switch(element: HtmlElement, name: str, on: bool) -> None:
    element.attrib.pop(name, None)
    if on:
        element.set(name, "")
