"""A reviewer's task: worker templates with crowd elements, the page, and A2I's output.json.

This package stores nothing. `create_site` serves the page over a store of four functions; the data
mart and the offline AWS each have one. Each name is imported when it is first used, so the data
mart needs the packages of the page only if somebody opens it.

>>> from datetime import UTC, datetime
>>> from model_monitoring import review
>>> review.key("reviews", "low-confidence", datetime(2026, 3, 1, 10, tzinfo=UTC), "loop-1")
'reviews/low-confidence/2026/03/01/10/00/00/loop-1/output.json'
"""

from importlib import import_module

_NAMES = {
    "AlreadyAnswered": "tasks",
    "Answer": "tasks",
    "NoTask": "tasks",
    "Queue": "tasks",
    "Receipt": "tasks",
    "Rendered": "rendered",
    "ReviewError": "tasks",
    "Store": "tasks",
    "Summary": "tasks",
    "Task": "tasks",
    "TaskGone": "tasks",
    "TaskTaken": "tasks",
    "TemplateError": "rendered",
    "by_row": "answers",
    "check": "templates",
    "create_site": "site",
    "default_template": "templates",
    "invitation": "sessions",
    "key": "output",
    "labels": "answers",
    "output_json": "output",
    "own_pages_only": "door",
    "reasons": "answers",
    "render": "templates",
    "review_all": "scripted",
    "worker_id": "output",
}

__all__ = [
    "AlreadyAnswered",
    "Answer",
    "NoTask",
    "Queue",
    "Receipt",
    "Rendered",
    "ReviewError",
    "Store",
    "Summary",
    "Task",
    "TaskGone",
    "TaskTaken",
    "TemplateError",
    "by_row",
    "check",
    "create_site",
    "default_template",
    "invitation",
    "key",
    "labels",
    "output_json",
    "own_pages_only",
    "reasons",
    "render",
    "review_all",
    "worker_id",
]


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f".{_NAMES[name]}", __name__), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{__name__}.{name} needs {error.name}: install model-monitoring[review]."
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
