"""Rendering with the seconds it takes, and renderers with other limits."""

import sys
import time

from model_monitoring.review import TemplateError, default_template, render, sandbox

from .samples import scored


def hurried(less):
    """The command of a renderer after a statement that gives it other limits."""
    code = f"from {sandbox.__package__} import renderer, worker; {less}; renderer.main()"
    return sys.executable, "-P", "-c", code


def took(act, *arguments):
    """Return the result of a call, or the message of its refusal, and the seconds it took."""
    start = time.monotonic()
    try:
        given = act(*arguments)
    except TemplateError as error:
        given = str(error)
    return given, time.monotonic() - start


def ordinary():
    return took(render, default_template(), scored("s-1"))
