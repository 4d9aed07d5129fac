"""Worker templates as Liquid: A2I's filters beside Liquid's own, escaping on, and errors that name a line."""

import json
import re
from bisect import bisect_left
from urllib.parse import urlsplit

import nh3
from liquid import Environment, Undefined
from liquid.exceptions import LiquidError
from liquid.filter import liquid_filter
from markupsafe import Markup

MARKUP = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
# Nothing of a template may make a server busy for long: rows of a loop, and bytes of its output.
LOOP_LIMIT = 200_000
OUTPUT_LIMIT = 8 << 20
FRAGMENT_ATTRIBUTES = {tag: {*allowed, "class"} for tag, allowed in nh3.ALLOWED_ATTRIBUTES.items()} | {"*": {"class"}}


class TemplateError(ValueError):
    """A worker template can't be used; the message names the line."""


class _Limited(Environment):
    loop_iteration_limit = LOOP_LIMIT
    output_stream_limit = OUTPUT_LIMIT


class Filled:
    """A template being filled in: what it lacked, and the hosts whose pictures it asked for."""

    def __init__(self):
        self.warnings: list[str] = []
        self.image_hosts: set[str] = set()
        self.environment = _environment(self)

    def note(self, warning: str) -> None:
        """Keep a warning, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)


def check(template: str) -> None:
    """Refuse a template that could never be rendered.

    Raises:
        TemplateError: a syntax error, an unknown tag or filter, or a partial template; the message names its line.
    """
    environment = Filled().environment
    try:
        used = environment.from_string(template).analyze()
    except LiquidError as error:
        raise _at_line(error, template, environment) from error
    for name, places in used.filters.items():
        if name not in environment.filters:
            line = places[0].line_col(template)[0]
            raise TemplateError(f"Line {line} of the template uses an unknown filter, {name!r}.")


def fill_in(template: str, task_input: dict, filled: Filled | None = None) -> str:
    """Fill a template in with its `task.input`: Liquid alone, crowd elements stay as they are.

    Raises:
        TemplateError: the template is wrong, or makes too much of this input.
    """
    filled = filled or Filled()
    try:
        return filled.environment.from_string(template).render(task={"input": task_input})
    except LiquidError as error:
        raise _at_line(error, template, filled.environment) from error


def _environment(filled: Filled) -> Environment:
    class Missing(Undefined):
        def __str__(self) -> str:
            filled.note(f"{self.hint}: its place in the template stays empty.")
            return ""

        def items(self) -> tuple:  # what a for loop asks for
            filled.note(f"{self.hint}: the template repeats nothing for it.")
            return ()

    @liquid_filter
    def grant_read_access(value: object) -> str:
        """Keep an address; A2I would sign an S3 one, which a browser can't open as it stands."""
        address = urlsplit(str(value))
        if address.scheme == "https":
            filled.image_hosts.add(f"https://{address.netloc}")
        elif address.scheme != "data":
            filled.note(f"A browser can't show {value}: only https: and data: addresses can be granted here.")
        return str(value)

    environment = _Limited(autoescape=True, undefined=Missing)
    for name in ("include", "render"):  # there are no files to read
        del environment.tags[name]
    environment.add_filter("grant_read_access", grant_read_access)
    environment.add_filter("to_json", liquid_filter(lambda value: json.dumps(value, default=str)))
    environment.add_filter("skip_autoescape", liquid_filter(_skip_autoescape))
    return environment


def _skip_autoescape(value: object) -> Markup:
    """Let HTML of the data through, but for what could act: scripts, forms, styles, foreign frames."""
    return Markup(nh3.clean(str(value), attributes=FRAGMENT_ATTRIBUTES))


def _at_line(error: LiquidError, template: str, environment: Environment) -> TemplateError:
    where = error.context()
    line = where[0] if where else _line_of(template, environment)
    return TemplateError(f"Line {line} of the template: {error.message}.")


def _line_of(template: str, environment: Environment) -> int:
    """Find the line of an error that names none: the shortest beginning of the template that shows it.

    A beginning that ends in an open block is fine so far, so an open block is reported at the template's end.
    """
    ends = [found.end() for found in MARKUP.finditer(template)]

    def is_wrong(end: int) -> bool:
        try:
            environment.from_string(template[:end])
        except LiquidError as error:
            return not str(error.message).startswith("expected tag end")
        return False

    first = bisect_left(ends, True, key=is_wrong)
    end = ends[first] if first < len(ends) else len(template)
    return template.count("\n", 0, end) + 1
