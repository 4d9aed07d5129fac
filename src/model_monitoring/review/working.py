"""Work on one task: show it, keep a half-filled form, take the answer."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from werkzeug.wrappers import Response

from . import answers, templates
from .rendered import Rendered, TemplateError
from .sessions import Ticket
from .tasks import AlreadyAnswered, Answer, NoTask, ReviewError, Task, TaskGone, TaskTaken
from .visits import Visit

STATUS = {TaskGone: 410, TaskTaken: 409, AlreadyAnswered: 409, NoTask: 404}
HEADING = {
    TaskGone: "This task is no longer there",
    TaskTaken: "Somebody else has this task now",
    AlreadyAnswered: "You have answered this task already",
    NoTask: "Nothing is waiting",
}


def next_task(visit: Visit, query: str = "") -> Response:
    """Claim the next task and send the reviewer there.

    Raises:
        NoTask: nothing is waiting.
    """
    task = visit.store.claim(visit.session.reviewer, None)
    return visit.go(f"tasks/{quote(task.task_id, safe='')}{query}")


def show(visit: Visit, task_id: str) -> Response:
    """Claim a task and show it, with what was typed before."""
    try:
        return _form(visit, visit.store.claim(visit.session.reviewer, task_id))
    except ReviewError as error:
        kind = type(error)
        return visit.page(
            "message.html",
            STATUS.get(kind, 409),
            heading=HEADING.get(kind, "Sorry"),
            message=str(error),
        )


def _form(visit: Visit, task: Task, status: int = 200, lacking: Iterable[str] = ()) -> Response:
    stage = _stage(task)
    try:
        rendered = _render(task, stage)
    except TemplateError as error:
        return visit.page(
            "message.html", 500, heading="This task can't be shown", message=str(error)
        )
    ticket = Ticket(
        visit.session.reviewer, task.task_id, secrets.token_urlsafe(12), task.accepted, stage
    )
    return visit.page(
        "task.html",
        status,
        image_hosts=rendered.image_hosts,
        task=task,
        is_blind=stage == "blind",
        compares=stage == "final" and task.prediction == "last",
        rendered=rendered,
        ticket=visit.signer.write_ticket(ticket),
        lacking=list(lacking),
        saved="saved" in visit.request.args,
    )


def _stage(task: Task) -> str:
    return "blind" if task.prediction == "last" and "first" not in (task.draft or {}) else "final"


def _render(task: Task, stage: str) -> Rendered:
    hides = stage == "blind" or task.prediction == "never"
    shown = templates.without_prediction(task.task_input) if hides else task.task_input
    return templates.render(task.template, shown, (task.draft or {}).get("pairs", ()))


def draft(visit: Visit, task_id: str) -> Response:
    """Keep a half-filled form; respond with a sentence for the page's bottom line."""
    ticket = _ticket(visit, task_id)
    if ticket is None:
        return Response("This form isn't yours any more: reload the page.", 403)
    try:
        task = visit.store.claim(ticket.reviewer, task_id)
        # A late save of the blind form must not undo its first answer.
        if ticket.stage != _stage(task):
            return Response("This form is out of date: reload the page.", 409)
        kept = {**(task.draft or {}), "pairs": visit.pairs()}
        visit.store.save_draft(ticket.reviewer, task_id, kept)
    except ReviewError as error:
        return Response(str(error), STATUS.get(type(error), 409))
    return Response(f"Draft kept at {datetime.now(UTC):%H:%M:%S} UTC")


def submit(visit: Visit, task_id: str) -> Response:
    """Take an answer, and go on: a blind task's first answer leads to the prediction.

    Any other answer leads to the next task.
    """
    ticket = _ticket(visit, task_id)
    if ticket is None:
        said = "This form isn't yours, or has no ticket. Open the task again."
        return visit.kept(said, 403, can_retry=False)
    try:
        return _take(visit, ticket)
    except ReviewError as error:
        kind = type(error)
        said = f"{HEADING.get(kind, 'Sorry')}. {error}"
        can_retry = kind not in (TaskGone, AlreadyAnswered)
        return visit.kept(said, STATUS.get(kind, 409), can_retry)


def _ticket(visit: Visit, task_id: str) -> Ticket | None:
    """Read the form's ticket; None if it isn't this reviewer's, for this task."""
    ticket = visit.signer.read_ticket(visit.request.form.get("review:ticket", ""))
    if ticket and (ticket.reviewer, ticket.task_id) == (visit.session.reviewer, task_id):
        return ticket
    return None


def _take(visit: Visit, ticket: Ticket) -> Response:
    try:
        task = visit.store.claim(ticket.reviewer, ticket.task_id)
    except (AlreadyAnswered, TaskGone):
        # This form may have been received before and its acknowledgement lost: the store knows the
        # form by its submission.
        return _submit(visit, ticket, {}, None)
    draft = {**(task.draft or {}), "pairs": visit.pairs()}
    fields = _render(task, ticket.stage).fields
    lacking = answers.missing(visit.pairs(), fields)
    if lacking:
        visit.store.save_draft(ticket.reviewer, ticket.task_id, draft)
        return _form(visit, replace(task, draft=draft), 422, lacking)
    content = answers.parse(visit.pairs(), fields)
    if ticket.stage == "final":
        return _submit(visit, ticket, content, draft.get("first"))
    # If the blind form is sent twice, the answer given before the prediction was shown counts.
    if "first" not in draft:
        visit.store.save_draft(ticket.reviewer, ticket.task_id, {**draft, "first": content})
    return visit.go(f"tasks/{quote(ticket.task_id, safe='')}")


def _submit(visit: Visit, ticket: Ticket, content: dict, first: dict | None) -> Response:
    answer = Answer(content, first, ticket.accepted, datetime.now(UTC), ticket.submission)
    visit.store.submit(ticket.reviewer, ticket.task_id, answer)
    try:
        return next_task(visit, "?saved")
    except NoTask:
        return visit.go("?saved")
