"""The human loops of a region as a queue of review tasks: the four functions of a Store.

Each change is on disk before a function returns, so a worker is never told that something is kept
that may be lost.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain

from local_aws.a2i import loops
from local_aws.a2i.workers import teams_of
from local_aws.sagemaker.models import Backend, Record
from model_monitoring import review

# A worker's time, if the flow definition has no TaskTimeLimitInSeconds (CreateFlowDefinition)
_LIMIT_SECONDS = 3600


class Store:
    """The tasks of one region (a `model_monitoring.review.Store`).

    Its functions raise the errors of that module.
    """

    def __init__(self, backend: Backend):
        self._backend = backend

    def queue(self, reviewer: str, limit: int) -> review.Queue:
        """List a worker's tasks: those begun, then open ones, oldest first, then answered ones."""
        now, begun, free, done = _now(), [], [], []
        with self._backend.lock:
            for loop in self._assigned(reviewer):
                if given := _answer_of(loop, reviewer):
                    done.append((given["submitted"], loop))
                elif _can_have(loop, reviewer, now):
                    (begun if reviewer in loops.at_work(loop, now) else free).append(loop)
        done.sort(key=lambda pair: pair[0], reverse=True)
        lines = [_summary(loop, "mine") for loop in begun] + [
            _summary(loop, "open") for loop in free[:limit]
        ]
        lines += [_summary(loop, "done") for _, loop in done[:limit]]
        return review.Queue(tasks=lines[:limit], waiting=len(begun) + len(free), done=len(done))

    def claim(self, reviewer: str, task_id: str | None) -> review.Task:
        """Lock a task for a worker, the next in line if `task_id` is None."""
        with self._backend.lock:
            loop = self._find(reviewer, task_id) if task_id else self._next(reviewer)
            self._hold(loop, reviewer)
            claim, draft = loop["_claims"][reviewer], loop["_drafts"].get(reviewer)
        return review.Task(
            task_id=_task_id(loop),
            title=loop["_config"]["TaskTitle"],
            template=loop["_template"],
            task_input=json.loads(loop["_input"]),
            draft=json.loads(draft) if draft else None,
            accepted=claim["accepted"],
            lock_expires=claim["expires"],
            created=loops.started(loop),
        )

    def save_draft(self, reviewer: str, task_id: str, draft: dict) -> None:
        """Keep a half-filled form and start the lock's time anew."""
        with self._backend.lock:
            loop = self._find(reviewer, task_id)
            self._hold(loop, reviewer, draft)

    def submit(self, reviewer: str, task_id: str, answer: review.Answer) -> review.Receipt:
        """Keep an answer exactly once, and end the loop if it was the last."""
        with self._backend.lock:
            loop = self._find(reviewer, task_id)
            given = _answer_of(loop, reviewer)
            if given is None:
                _check(loop, reviewer, _now())
                given = {
                    "reviewer": reviewer,
                    "content": json.dumps(answer.content),
                    "accepted": answer.accepted,
                    "submitted": _to_milliseconds(answer.submitted),
                    "submission": answer.submission,
                }
                claims, drafts = (
                    _without(reviewer, loop[member]) for member in ("_claims", "_drafts")
                )
                self._backend.change(
                    loop, _answers=[*loop["_answers"], given], _claims=claims, _drafts=drafts
                )
            elif given["submission"] != answer.submission:
                raise review.AlreadyAnswered(
                    "You have answered this task already; your first answer counts."
                )
            loops.settle(self._backend, loop)
        return review.Receipt(task_id=task_id, submitted=given["submitted"])

    def _assigned(self, reviewer: str) -> Iterator[Record]:
        """Find the loops of a worker's teams, oldest first, which is the order of the records."""
        teams = teams_of(self._backend, reviewer)
        for loop in self._backend.records["HumanLoop"].values():
            if loop["_config"]["WorkteamArn"] in teams:
                yield loop

    def _find(self, reviewer: str, task_id: str) -> Record:
        """Find the loop of a task; a new loop with an old name is another loop."""
        loop = self._backend.records["HumanLoop"].get(task_id.partition(".")[0])
        if not loop or _task_id(loop) != task_id:
            raise review.TaskGone("This task was withdrawn.")
        if loop["_config"]["WorkteamArn"] not in teams_of(self._backend, reviewer):
            raise review.TaskGone("This task is another work team's.")
        return loop

    def _next(self, reviewer: str) -> Record:
        """Find the next task: one that the worker has begun, else the oldest."""
        now = _now()
        begun = (loop for loop in self._assigned(reviewer) if reviewer in loop["_claims"])
        for loop in chain(begun, self._assigned(reviewer)):
            if not _answer_of(loop, reviewer) and _can_have(loop, reviewer, now):
                return loop
        raise review.NoTask("No task is waiting for you.")

    def _hold(self, loop: Record, reviewer: str, draft: dict | None = None) -> None:
        """Lock a task for a worker, or keep it locked, with their draft."""
        now = _now()
        if _answer_of(loop, reviewer):
            raise review.AlreadyAnswered("You have answered this task already.")
        _check(loop, reviewer, now)
        seconds = loop["_config"].get("TaskTimeLimitInSeconds", _LIMIT_SECONDS)
        accepted = loop["_claims"].get(reviewer, {}).get("accepted", now)
        claim = {"accepted": accepted, "expires": now + timedelta(seconds=seconds)}
        drafts = loop["_drafts"] | ({reviewer: json.dumps(draft)} if draft is not None else {})
        self._backend.change(loop, _claims=loop["_claims"] | {reviewer: claim}, _drafts=drafts)


def _check(loop: Record, reviewer: str, now: datetime) -> None:
    """Refuse a task that a worker can't have, or no longer has; raises TaskGone or TaskTaken."""
    if loop["HumanLoopStatus"] not in loops.OPEN:
        words = {
            "Completed": "has all its answers",
            "Stopped": "was stopped",
            "Failed": "has run out of time",
        }
        raise review.TaskGone(f"This task {words[loop['HumanLoopStatus']]}.")
    if _can_have(loop, reviewer, now):
        return
    if loop["HumanLoopStatus"] == "Stopping":
        raise review.TaskGone("This task was stopped.")
    if now > loop["_closes"]:
        raise review.TaskGone("This task has run out of time.")
    raise review.TaskTaken("Others are working on this task now.")


def _can_have(loop: Record, reviewer: str, now: datetime) -> bool:
    """Say whether a worker may begin or continue a loop's task."""
    if loop["HumanLoopStatus"] not in loops.OPEN:
        return False
    busy = loops.at_work(loop, now)
    if reviewer in busy:
        return True
    free = loop["_config"]["TaskCount"] - len(loop["_answers"]) - len(busy) > 0
    return free and loop["HumanLoopStatus"] == "InProgress" and now <= loop["_closes"]


def _answer_of(loop: Record, reviewer: str) -> Record | None:
    """Return a worker's answer."""
    return next((given for given in loop["_answers"] if given["reviewer"] == reviewer), None)


def _without(reviewer: str, held: Record) -> Record:
    """Copy the locks on a loop, without one worker's."""
    return {worker: value for worker, value in held.items() if worker != reviewer}


def _summary(loop: Record, state: str) -> review.Summary:
    """Return a line of the queue."""
    return review.Summary(_task_id(loop), loop["_config"]["TaskTitle"], loops.started(loop), state)


def _task_id(loop: Record) -> str:
    """Name a loop's task by the loop's name and start, because a name can be used again."""
    return f"{loop['HumanLoopName']}.{loops.started(loop).timestamp() * 1e6:.0f}"


def _now() -> datetime:
    """Return the present time."""
    return _to_milliseconds(datetime.now(UTC))


def _to_milliseconds(time: datetime) -> datetime:
    """Cut a time to milliseconds, as in output.json, so that differences of times agree with it."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
