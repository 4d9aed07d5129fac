"""Worker templates as Liquid: A2I's filters besides Liquid's own, and errors that name a line."""

import json
import re
from bisect import bisect_left
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from liquid import BoundTemplate, Environment, Undefined
from liquid.exceptions import LiquidError
from liquid.filter import liquid_filter
from markupsafe import Markup

from .rendered import TemplateError

# An open mark is closed at the end of the text: without that, the search would take quadratic time.
MARKUP = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", re.S)
# The most rows of loops and bytes of output; more are refused, with the line. Whatever these two
# miss, such as repeated filters, meets the limits of `worker.py`.
LOOP_LIMIT = 200_000
OUTPUT_LIMIT = 8 << 20
FRAGMENT_ATTRIBUTES = {
    tag: {*allowed, "class"} for tag, allowed in nh3.ALLOWED_ATTRIBUTES.items()
} | {"*": {"class"}}


class _Limited(Environment):
    loop_iteration_limit = LOOP_LIMIT
    output_stream_limit = OUTPUT_LIMIT


@dataclass
class Filled:
    """A filled-in template: its text, missing variables, and the hosts of its pictures."""

    text: str = ""
    notes: dict[str, None] = field(default_factory=dict)
    image_hosts: set[str] = field(default_factory=set)

    @property
    def warnings(self) -> list[str]:
        """List the notes, in the order of the template."""
        return list(self.notes)

    def note(self, warning: str) -> None:
        """Keep a warning, once."""
        self.notes[warning] = None


_current: ContextVar[Filled] = ContextVar("what is being filled in, for the filters below")


def check(template: str) -> None:
    """Refuse a template that could never be rendered.

    Raises:
        TemplateError: a syntax error, an unknown tag or filter, or a partial template; the message
            names its line.
    """
    for name, places in _parsed(template).analyze().filters.items():
        if name not in ENVIRONMENT.filters:
            line = places[0].line_col(template)[0]
            raise TemplateError(f"Line {line} of the template uses an unknown filter, {name!r}.")


def fill_in(template: str, task_input: dict) -> Filled:
    """Fill in a template with its `task.input`; crowd elements stay as they are.

    Raises:
        TemplateError: the template is wrong, or makes too much of this input.
    """
    filled = Filled()
    before = _current.set(filled)
    try:
        filled.text = _parsed(template).render(task={"input": task_input})
    except LiquidError as error:
        raise _at_line(error, template) from error
    except UnicodeError as error:
        raise TemplateError(
            "The template or the task has half a character (a lone surrogate): send valid Unicode."
        ) from error
    finally:
        _current.reset(before)
    return filled


@lru_cache(maxsize=64)
def _parsed(template: str) -> BoundTemplate:
    try:
        return ENVIRONMENT.from_string(template)
    except LiquidError as error:
        raise _at_line(error, template) from error


class _Missing(Undefined):
    """A variable that the input doesn't have: it is empty, as in A2I, and a note says so."""

    def __str__(self) -> str:
        _current.get().note(f"{self.hint}: its place in the template stays empty.")
        return ""

    def items(self) -> tuple:
        """Return nothing to loop over."""
        _current.get().note(f"{self.hint}: the template's loop over it shows nothing.")
        return ()


@liquid_filter
def _grant_read_access(value: object) -> str:
    """Keep an address; A2I would sign an S3 address, which a browser can't open otherwise."""
    address = urlsplit(str(value))
    if address.scheme == "https":
        _current.get().image_hosts.add(f"https://{address.netloc}")
    elif address.scheme != "data":
        _current.get().note(
            f"A browser can't show {value}: only https: and data: addresses can be granted here."
        )
    return str(value)


@liquid_filter
def _to_json(value: object) -> str:
    return json.dumps(value, default=str)


@liquid_filter
def _skip_autoescape(value: object) -> Markup:
    """Keep HTML in the data, except for active content: scripts, forms, styles, frames."""
    return Markup(nh3.clean(str(value), attributes=FRAGMENT_ATTRIBUTES))


def _environment() -> Environment:
    environment = _Limited(autoescape=True, undefined=_Missing)
    for name in ("include", "render"):  # there are no files to read
        del environment.tags[name]
    environment.add_filter("grant_read_access", _grant_read_access)
    environment.add_filter("to_json", _to_json)
    environment.add_filter("skip_autoescape", _skip_autoescape)
    return environment


ENVIRONMENT = _environment()


def _at_line(error: LiquidError, template: str) -> TemplateError:
    where = error.context()
    line = where[0] if where else _line_of(template)
    return TemplateError(f"Line {line} of the template: {error.message}.")


def _line_of(template: str) -> int:
    """Find the line of an error that names none: the end of the shortest wrong beginning.

    A beginning that ends in an open block still counts as right, so an open block is reported at
    the end of the template.
    """
    ends = [found.end() for found in MARKUP.finditer(template)]

    def is_wrong(end: int) -> bool:
        try:
            ENVIRONMENT.from_string(template[:end])
        except LiquidError as error:
            return not str(error.message).startswith("expected tag end")
        return False

    first = bisect_left(ends, True, key=is_wrong)
    end = ends[first] if first < len(ends) else len(template)
    return template.count("\n", 0, end) + 1
