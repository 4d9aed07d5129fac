"""A reviewer's task: worker templates with crowd elements, the page to answer them on, and A2I's output.json.

Nothing is kept here: `create_site` serves the page over a store of four functions, which the data mart and the offline
AWS each bring.
"""

from .output import key, output_json, worker_id
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

__all__ = [
    "AlreadyAnswered",
    "Answer",
    "NoTask",
    "Queue",
    "Receipt",
    "ReviewError",
    "Store",
    "Summary",
    "Task",
    "TaskGone",
    "TaskTaken",
    "key",
    "output_json",
    "worker_id",
]
