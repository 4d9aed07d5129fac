"""Worker templates of any author: checked and rendered under limits of time and memory."""

from collections.abc import Iterable
from importlib.resources import files

from . import sandbox
from .rendered import Rendered, TemplateError

WITHHELD = frozenset({"prediction", "explanation", "reasons"})


def check(template: str) -> None:
    """Refuse a template that could never be rendered.

    Raises:
        TemplateError: a syntax error, an unknown tag or filter, or a partial template (the message
            names its line). Or the check took too much time or memory (the message names the
            limit).
    """
    sandbox.run("check", template=template)


def render(template: str, task_input: dict, given: Iterable[tuple[str, str]] = ()) -> Rendered:
    """Fill in a worker template and make it safe to show in a page of ours.

    Scripts, event handlers, frames and other active content are removed, also A2I's own script for
    crowd elements. Styles apply only inside the template. Another process does the work, under the
    limits of `renderer.py`.

    Args:
        template: Liquid and HTML, as given to A2I.
        task_input: the template's `task.input`; values that JSON doesn't have become strings.
        given: pairs of names and values, typed before, to put back into the form.

    Raises:
        TemplateError: the template is wrong (the message names the line), the result is too large
            for a page, or the work took too much time or memory (the message names the limit).
        RuntimeError: the process that renders doesn't start.
    """
    return Rendered.of_json(
        sandbox.run("render", template=template, task_input=task_input, given=list(given))
    )


def without_prediction(task_input: dict) -> dict:
    """Copy a task's input without the model's output: the keys of WITHHELD, at any depth.

    Raises:
        TemplateError: the input is nested too deeply.
    """
    try:
        return _without(task_input)
    except RecursionError:
        raise TemplateError("The task's input is nested too deeply.") from None


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if key not in WITHHELD}
    return [_without(item) for item in value] if isinstance(value, list) else value


def default_template() -> str:
    """Return the template for scored rows; doc/review-templates.md describes its `task.input`."""
    return files(__package__).joinpath("default.liquid.html").read_text("utf-8")
