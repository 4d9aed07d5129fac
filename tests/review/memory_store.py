"""A review store in memory, with the rules that every store keeps."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from model_monitoring.review import (
    AlreadyAnswered,
    Answer,
    NoTask,
    Queue,
    Receipt,
    Summary,
    Task,
    TaskGone,
    TaskTaken,
)


@dataclass
class Held:
    task_id: str
    title: str
    template: str
    task_input: dict
    prediction: str = "first"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    holder: str | None = None
    expires: datetime | None = None
    accepted: dict = field(default_factory=dict)
    drafts: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    is_gone: bool = False


class MemoryStore:
    """Each task is answered by one reviewer."""

    def __init__(self, lock: timedelta = timedelta(minutes=15)):
        self.tasks: dict[str, Held] = {}
        self.lock = lock
        self.guard = threading.RLock()

    def add(self, task_id, template, task_input, title="Check a prediction", prediction="first"):
        self.tasks[task_id] = Held(task_id, title, template, task_input, prediction)
        return self.tasks[task_id]

    def queue(self, reviewer, limit):
        mine, waiting, done = [], [], []
        with self.guard:
            for held in self.tasks.values():
                state = self._state(reviewer, held)
                if state:
                    summary = Summary(held.task_id, held.title, held.created, state)
                    {"mine": mine, "open": waiting, "done": done}[state].append(summary)
        return Queue(
            [*mine, *waiting, *reversed(done)][:limit], len(mine) + len(waiting), len(done)
        )

    def _state(self, reviewer, held):
        if reviewer in held.answers:
            return "done"
        if held.is_gone or held.answers:
            return None
        if self._is_locked(held):
            return "mine" if held.holder == reviewer else None
        return "open"

    def _is_locked(self, held):
        return held.holder is not None and held.expires > datetime.now(UTC)

    def claim(self, reviewer, task_id):
        with self.guard:
            if task_id is None:
                found = [
                    held
                    for held in self.tasks.values()
                    if self._state(reviewer, held) in ("mine", "open")
                ]
                if not found:
                    raise NoTask("Nothing is waiting for you.")
                held = min(found, key=lambda held: self._state(reviewer, held) != "mine")
            else:
                held = self._mine(reviewer, task_id)
            held.holder, held.expires = reviewer, datetime.now(UTC) + self.lock
            held.accepted.setdefault(reviewer, datetime.now(UTC))
            return Task(
                held.task_id, held.title, held.template, held.task_input, held.drafts.get(reviewer),
                held.accepted[reviewer], held.expires, held.created, held.prediction,
            )  # fmt: skip

    def _mine(self, reviewer, task_id):
        held = self.tasks.get(task_id)
        if held and reviewer in held.answers:
            raise AlreadyAnswered("Your answer was kept.")
        if held is None or held.is_gone or held.answers:
            raise TaskGone("It was stopped, deleted or answered by others.")
        if held.holder != reviewer and self._is_locked(held):
            raise TaskTaken("Your time for it ran out, and somebody else took it.")
        return held

    def save_draft(self, reviewer, task_id, draft):
        with self.guard:
            held = self._mine(reviewer, task_id)
            held.drafts[reviewer] = draft
            held.expires = datetime.now(UTC) + self.lock

    def submit(self, reviewer, task_id, answer: Answer):
        with self.guard:
            held = self.tasks.get(task_id)
            kept = held and held.answers.get(reviewer)
            if not kept or kept.submission != answer.submission:
                held = self._mine(reviewer, task_id)
                held.answers[reviewer] = kept = answer
            return Receipt(task_id, kept.submitted)
