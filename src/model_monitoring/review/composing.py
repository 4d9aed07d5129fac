"""A worker template as part of a page: filled in, cleaned, with controls and their fields.

This runs only in the forks of `renderer.py`, because a template may make it take any amount of time
and memory.
"""

import re
from collections.abc import Iterable

import nh3
import tinycss2
from lxml.etree import ErrorTypes
from lxml.html import HtmlElement, HTMLParser, fragment_fromstring, tostring

from . import controls, elements
from .liquid import Filled, fill_in
from .rendered import Rendered, TemplateError

PAGE_LIMIT = 4 << 20  # bytes of a filled-in template; browsers are slow long before that
FIELD_LIMIT = 10_000  # a form with more fields couldn't be sent
# Comments and scripts. If one isn't closed, it ends with the text, as in a browser.
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
# Removed without a note, because the page doesn't need them.
WRAPPERS = frozenset({"html", "head", "body", "title", "meta", "link", "script", "form"})
ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {
    "a": nh3.ALLOWED_ATTRIBUTES["a"] | {"target"},
    "*": {
        # HTML's own
        "class", "id", "style", "title", "lang", "dir", "role", "hidden", "align", "border",
        "width", "height", "open", "tabindex",
        # of HTML's controls
        "name", "value", "type", "checked", "selected", "disabled", "required", "readonly",
        "multiple", "placeholder", "min", "max", "step", "rows", "cols", "size", "maxlength",
        "minlength", "pattern", "for", "list",
        # of crowd elements
        "label", "header", "heading", "image", "categories", "exclusion-category", "link-text",
        "link-type", "form-action", "dismissible", "max-rows", "char-counter", "allowed-pattern",
        "error-message", "max-length", "min-length",
    }
}  # fmt: skip


def compose(template: str, task_input: dict, given: Iterable[tuple[str, str]]) -> Rendered:
    """Do the work of `templates.render` (see there), without limits of time and memory."""
    filled = fill_in(template, task_input)
    if len(filled.text) > PAGE_LIMIT:
        size = f"{len(filled.text):,} characters"
        raise TemplateError(
            f"The template makes a page of {size} from its task; {PAGE_LIMIT:,} are allowed. Let"
            " it show less."
        )
    _note_undrawn(filled)
    root = _tree(_clean(filled.text))
    for warning in elements.expand(root):
        filled.note(warning)
    # A template that doesn't use the page's colours was written for a light page.
    root.set("class", "worker-template" if "var(--" in template else "worker-template light")
    for picture in root.iterfind(".//img[@src]"):
        picture.set("alt", picture.get("alt", ""))
    for style in root.iter("style"):
        style.text = _scoped(style.text or "")
    submit = _take_buttons(root)
    found = controls.find(root)
    if len(found) > FIELD_LIMIT:
        raise TemplateError(
            f"The template asks for {len(found):,} answers; {FIELD_LIMIT:,} are allowed."
        )
    given = list(given)
    if given:
        controls.fill(found, given)
    return Rendered(
        tostring(root, encoding="unicode"), filled.warnings, found, filled.image_hosts, submit
    )


def _note_undrawn(filled: Filled) -> None:
    """Note what doesn't work here: scripts, and unknown elements, which only show their content."""
    unseen = [found["attributes"] for found in UNSEEN.finditer(filled.text)]
    scripts = [attributes for attributes in unseen if attributes is not None]  # not comments
    if any("crowd-html-elements" not in attributes for attributes in scripts):
        filled.note(
            "The template has a script of its own: it doesn't run here,"
            " so the page lacks what it would do."
        )
    for tag in dict.fromkeys(TAG.findall(UNSEEN.sub("", filled.text).lower())):
        if tag not in TAGS and tag not in WRAPPERS:
            filled.note(
                f"<{tag}> isn't among the elements drawn here; its content is shown as it is."
            )


def _clean(text: str) -> str:
    cleaned = nh3.clean(
        controls.UNPRINTABLE.sub("\ufffd", text),
        tags=TAGS,
        clean_content_tags={"script", "title"},
        attributes=ATTRIBUTES,
        generic_attribute_prefixes={"aria-"},
        url_schemes={"https", "http", "mailto", "data"},
    )
    # Check again, because a reference such as &#1; is a character by now.
    return controls.UNPRINTABLE.sub("\ufffd", cleaned)


def _scoped(css: str) -> str:
    """Limit styles to the template.

    An extra brace would end the scope, and anything that looks like a tag would end the element.
    """
    tokens = [token for token in tinycss2.parse_component_value_list(css) if token.type != "error"]
    inside = re.sub("<(?=[a-z/])", r"\\3c ", tinycss2.serialize(tokens), flags=re.I)
    return f"@scope (.worker-template) {{\n{inside}\n}}"


def _tree(text: str) -> HtmlElement:
    parser = HTMLParser(huge_tree=True)
    root = fragment_fromstring(text, create_parent="div", parser=parser)
    # After a fatal error the rest would be missing from the page.
    if fatal := parser.error_log.filter_from_fatals():
        if fatal[0].type == ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError
        raise TemplateError(
            "The template makes a page of more than 2,000 elements inside one another: close them"
            " sooner."
        )
    return root


def _take_buttons(root: HtmlElement) -> str:
    """Remove all buttons, because the page has its own; return the text of the submit button."""
    submit = ""
    for button in list(root.iter("crowd-button", "button", "input")):
        kind = button.get("type", "text").lower()
        if button.tag == "crowd-button":
            kind = button.get("form-action")
        if button.tag == "input" and kind not in ("submit", "image", "button", "reset", "file"):
            continue
        if kind == "submit" or (button.tag == "button" and kind == "text"):
            submit = (button.text_content() or button.get("value", "")).strip() or submit
        button.drop_tree()
    return submit
