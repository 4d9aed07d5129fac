"""The interface between the review page and the queue behind it: tasks, answers, a store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol


class ReviewError(RuntimeError):
    """A reviewer can't have, or can't answer, a task; the reviewer sees the message."""


class NoTask(ReviewError):
    """Nothing is waiting for this reviewer."""


class TaskGone(ReviewError):
    """The task was deleted, stopped or has expired, never existed, or isn't this reviewer's."""


class TaskTaken(ReviewError):
    """Another reviewer has the task: this reviewer's lock expired, or there was none."""


class AlreadyAnswered(ReviewError):
    """This reviewer has answered the task before, in another form."""


@dataclass(frozen=True)
class Summary:
    """A line of the queue; `mine`: this reviewer has locked it; `done`: they have answered it."""

    task_id: str
    title: str
    created: datetime
    state: Literal["open", "mine", "done"]


@dataclass(frozen=True)
class Queue:
    """The tasks for one reviewer: the first ones, and how many there are in all."""

    tasks: list[Summary]
    waiting: int  # open to this reviewer or locked by them; may be longer than the list
    done: int  # answered by this reviewer


@dataclass(frozen=True)
class Task:
    """What a reviewer works on, locked for them. All times are aware.

    `task_input` is the template's `task.input`. `prediction` says when the reviewer sees its keys
    `prediction`, `explanation` and `reasons`, at any depth: at first, last (only after a first
    answer), or never.
    """

    task_id: str
    title: str
    template: str
    task_input: dict
    draft: dict | None  # what save_draft kept last for this reviewer
    # When this reviewer first claimed it; a reload or a longer lock doesn't change it.
    accepted: datetime
    lock_expires: datetime
    created: datetime
    prediction: Literal["first", "last", "never"] = "first"


@dataclass(frozen=True)
class Answer:
    """What a reviewer submits.

    `content` is A2I's answerContent. `first` is the answer before the prediction was shown, for
    tasks whose prediction comes last, else None. `submission` is random and new for each form
    shown: if it is the same, the same answer was sent twice.
    """

    content: dict
    first: dict | None
    accepted: datetime
    submitted: datetime
    submission: str

    @property
    def seconds(self) -> float:
        """Measure the time from claim to submission, to the millisecond as A2I does."""
        return round((self.submitted - self.accepted).total_seconds(), 3)


@dataclass(frozen=True)
class Receipt:
    """Proof that an answer is stored durably: a store returns it only after its commit."""

    task_id: str
    submitted: datetime


class Store(Protocol):
    """A queue of review tasks.

    Each function is called with a reviewer who has signed in. Ids are strings without a slash.
    """

    def queue(self, reviewer: str, limit: int) -> Queue:
        """List this reviewer's tasks: locked ones, then open ones, then answered ones.

        Open tasks are listed oldest first, answered ones latest first.
        """
        ...

    def claim(self, reviewer: str, task_id: str | None) -> Task:
        """Lock a task for a reviewer, the next in line if `task_id` is None.

        If reviewers claim their own task again, `accepted` and the draft stay and the lock's time
        starts anew.

        Raises:
            NoTask: nothing is in line.
            TaskGone, TaskTaken, AlreadyAnswered: this task isn't available; TaskGone and
                AlreadyAnswered are final.
        """
        ...

    def save_draft(self, reviewer: str, task_id: str, draft: dict) -> None:
        """Keep a half-filled form (JSON, opaque to the store) and start the lock's time anew.

        Raises:
            TaskGone, TaskTaken, AlreadyAnswered: the task isn't this reviewer's to work on.
        """
        ...

    def submit(self, reviewer: str, task_id: str, answer: Answer) -> Receipt:
        """Keep an answer exactly once.

        The same `submission` again returns the first receipt, whatever has happened since. An
        answer after the lock expired counts if no other reviewer has taken the task.

        Raises:
            TaskGone, TaskTaken, AlreadyAnswered: the answer can't count; nothing is kept.
        """
        ...
