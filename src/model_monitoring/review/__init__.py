"""A reviewer's task: worker templates with crowd elements, the page, and A2I's output.json.

Nothing is kept here: `create_site` serves the page over a store of four functions. The data mart
and the offline AWS each bring such a store.
"""

from .answers import by_row, labels, reasons
from .door import own_pages_only
from .output import key, output_json, worker_id
from .rendered import Rendered, TemplateError
from .sessions import invitation
from .site import create_site
from .tasks import (
    AlreadyAnswered,
    Answer,
    NoTask,
    Queue,
    Receipt,
    ReviewError,
    Store,
    Summary,
    Task,
    TaskGone,
    TaskTaken,
)
from .templates import check, default_template, render

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
    "worker_id",
]
