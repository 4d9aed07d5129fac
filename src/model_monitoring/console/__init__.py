"""The console: status pages over the data mart, and logging over REST from any language.

`url` is the URL of a PostgreSQL database with a data mart:

>>> from model_monitoring import console
>>> running = console.start(url, schema="examples")
>>> running.url
'http://127.0.0.1:...'
>>> running.stop()
"""

from importlib import import_module

_NAMES = {"Console": "server", "create_app": "app", "start": "server"}

__all__ = ["Console", "create_app", "start"]


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f".{_NAMES[name]}", __name__), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{__name__}.{name} needs {error.name}: install model-monitoring[console]."
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
