"""A worker template as part of a page: filled in, cleaned, its crowd elements drawn, its fields
found.

This runs in the forks of `renderer.py` only: what comes from outside may make it take any time and
memory.
"""

import re
from collections.abc import Iterable

import nh3
import tinycss2
from lxml.etree import ErrorTypes
from lxml.html import HtmlElement, HTMLParser, fragment_fromstring, tostring

from . import elements, fields
from .liquid import Filled, fill_in
from .rendered import Rendered, TemplateError

PAGE_LIMIT = 4 << 20  # bytes of a filled-in template; a browser crawls long before
FIELD_LIMIT = 10_000  # a form of more could not be sent
# Comments and scripts; the text's end closes what is left open, as in a browser.
UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<script\b(?P<attributes>[^>]*).*?(?:</script|\Z)", re.I | re.S
)
TAG = re.compile(r"<([a-z][a-z0-9-]*)", re.I)
EXAMPLES = {"short-summary", "detailed-instructions", "positive-example", "negative-example"}
TAGS = (
    nh3.ALLOWED_TAGS
    | elements.KNOWN
    | {"short-instructions", "classification-target", *EXAMPLES}
    | {
        "input",
        "textarea",
        "select",
        "optgroup",
        "option",
        "button",
        "label",
        "fieldset",
        "legend",
        "datalist",
    }
    | {"output", "progress", "meter", "section", "main", "style", "font"}
) - {"script"}
# Nobody would miss them
WRAPPERS = frozenset({"html", "head", "body", "title", "meta", "link", "script", "form"})
ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {
    "a": nh3.ALLOWED_ATTRIBUTES["a"] | {"target"},
    "*": {
        "class", "id", "style", "title", "lang", "dir", "role", "hidden", "align", "border", "width", "height",
        "name", "value", "type", "checked", "selected", "disabled", "required", "readonly", "multiple", "placeholder",
        "min", "max", "step", "rows", "cols", "size", "maxlength", "minlength", "pattern", "for", "list",
        "open", "tabindex",
        "label", "header", "heading", "image", "categories", "exclusion-category", "link-text", "link-type",
        "form-action", "dismissible", "max-rows", "char-counter", "allowed-pattern", "error-message",
        "max-length", "min-length",
    }
}  # fmt: skip


def compose(template: str, task_input: dict, given: Iterable[tuple[str, str]]) -> Rendered:
    """Do the work of `templates.render`, without limits of time and memory; see there."""
    filled = fill_in(template, task_input)
    if len(filled.text) > PAGE_LIMIT:
        size = f"{len(filled.text):,} characters"
        raise TemplateError(
            f"The template makes a page of {size} of its task; {PAGE_LIMIT:,} are allowed."
        )
    _note_undrawn(filled)
    root = _tree(_clean(filled.text))
    for warning in elements.expand(root):
        filled.note(warning)
    # Who wrote a template without the page's colours saw it on a light page only.
    root.set("class", "worker-template" if "var(--" in template else "worker-template light")
    for picture in root.iterfind(".//img[@src]"):
        picture.set("alt", picture.get("alt", ""))
    for style in root.iter("style"):
        style.text = _scoped(style.text or "")
    submit = _take_buttons(root)
    found = fields.find(root)
    if len(found) > FIELD_LIMIT:
        raise TemplateError(
            f"The template asks for {len(found):,} answers; {FIELD_LIMIT:,} are allowed."
        )
    given = list(given)
    if given:
        fields.fill(found, given)
    return Rendered(
        tostring(root, encoding="unicode"), filled.warnings, found, filled.image_hosts, submit
    )


def _note_undrawn(filled: Filled) -> None:
    """Note what of a template doesn't work here: scripts, and elements of which only the content is
    shown.
    """
    scripts = [
        found["attributes"]
        for found in UNSEEN.finditer(filled.text)
        if found["attributes"] is not None
    ]
    if any("crowd-html-elements" not in attributes for attributes in scripts):
        filled.note(
            "The template has a script of its own: it doesn't run here, and what it would do isn't done."
        )
    for tag in dict.fromkeys(TAG.findall(UNSEEN.sub("", filled.text).lower())):
        if tag not in TAGS and tag not in WRAPPERS:
            filled.note(
                f"<{tag}> isn't among the elements drawn here; its content is shown as it stands."
            )


def _clean(text: str) -> str:
    cleaned = nh3.clean(
        fields.UNPRINTABLE.sub("\ufffd", text),
        tags=TAGS,
        clean_content_tags={"script", "title"},
        attributes=ATTRIBUTES,
        generic_attribute_prefixes={"aria-"},
        url_schemes={"https", "http", "mailto", "data"},
    )
    # Once more: a reference such as &#1; is a character now
    return fields.UNPRINTABLE.sub("\ufffd", cleaned)


def _scoped(css: str) -> str:
    """Let styles hold inside the template: a brace too many would end the scope, what looks like a
    tag the element.
    """
    tokens = [token for token in tinycss2.parse_component_value_list(css) if token.type != "error"]
    inside = re.sub("<(?=[a-z/])", r"\\3c ", tinycss2.serialize(tokens), flags=re.I)
    return f"@scope (.worker-template) {{\n{inside}\n}}"


def _tree(text: str) -> HtmlElement:
    parser = HTMLParser(huge_tree=True)
    root = fragment_fromstring(text, create_parent="div", parser=parser)
    # What follows would be missing from the page
    if fatal := parser.error_log.filter_from_fatals():
        if fatal[0].type == ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError
        raise TemplateError(
            "The template makes a page of more than 2,000 elements inside one another."
        )
    return root


def _take_buttons(root: HtmlElement) -> str:
    """Take out every button, the page has its own; return the text of the one that submits."""
    submit = ""
    for button in list(root.iter("crowd-button", "button", "input")):
        kind = (
            button.get("form-action")
            if button.tag == "crowd-button"
            else button.get("type", "text").lower()
        )
        if button.tag == "input" and kind not in ("submit", "image", "button", "reset", "file"):
            continue
        if kind == "submit" or (button.tag == "button" and kind == "text"):
            submit = (button.text_content() or button.get("value", "")).strip() or submit
        button.drop_tree()
    return submit
