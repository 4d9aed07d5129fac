"""The queue behind the review page, for many reviewers at once.

It is `model_monitoring.review.Store` on PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from model_monitoring import review
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.postgres.texts import check_text, storable
from model_monitoring.datamart.reviews import deciding, describing

LOCK = timedelta(minutes=30)  # since the claim, or since a draft was last saved
NOT_OPENED = "Open the task first: it isn't locked for you."
TITLE = "s.name || ' #' || t.number"
# Claims are few and tasks are many, so the claims are read once, before the tasks.
MINE = """ARRAY(SELECT task_id FROM review_claim WHERE reviewer = %(me)s AND expires_at > now())"""
HELD = """ARRAY(SELECT c.task_id FROM review_claim c JOIN review_task o USING (task_id)
    WHERE c.expires_at > now() AND c.reviewer <> %(me)s GROUP BY c.task_id, o.wanted, o.answered_by
    HAVING count(*) >= o.wanted - cardinality(o.answered_by))"""
# Tasks (t) that a reviewer may be given: they may see them, haven't answered them, and not all
# answers are already claimed by others.
WAITING = f"""t.state = 'open' AND %(me)s <> ALL (t.answered_by) AND t.task_id <> ALL ({HELD})
    AND t.subscription_id = ANY (ARRAY(SELECT subscription_id FROM review_rule
        WHERE %(me)s = ANY (reviewers)))"""
IN_LINE = "ORDER BY t.created_at, t.number LIMIT"


class ReviewStore:
    """Review tasks of a data mart, in the form that `model_monitoring.review.create_site` needs."""

    def __init__(self, database: Database):
        self._database = database

    def queue(self, reviewer: str, limit: int) -> review.Queue:
        """List a reviewer's tasks: their own locked ones, then open ones, then the latest done.

        Open tasks are listed oldest first.
        """
        check_text(reviewer, "reviewer")

        def work(cursor: Cursor) -> review.Queue:
            parameters = {"me": reviewer, "limit": limit}
            cursor.execute(f"SELECT count(*) FROM review_task t WHERE {WAITING}", parameters)
            waiting = cursor.fetchone()[0]
            cursor.execute("SELECT count(*) FROM review_answer WHERE reviewer = %(me)s", parameters)
            done = cursor.fetchone()[0]
            cursor.execute(
                f"""SELECT t.task_id, {TITLE}, t.created_at, t.how
                    FROM (SELECT *, row_number() OVER () AS place FROM (
                    (SELECT t.*, 'mine' AS how FROM review_task t
                        WHERE {WAITING} AND t.task_id = ANY ({MINE}) {IN_LINE} %(limit)s)
                    UNION ALL (SELECT t.*, 'open' FROM review_task t
                        WHERE {WAITING} AND t.task_id <> ALL ({MINE}) {IN_LINE} %(limit)s)
                    UNION ALL (SELECT t.*, 'done' FROM review_answer a JOIN review_task t
                        USING (task_id)
                        WHERE a.reviewer = %(me)s ORDER BY a.submitted_at DESC LIMIT %(limit)s)
                    LIMIT %(limit)s) listed) t JOIN subscription s USING (subscription_id)
                        ORDER BY t.place""",
                parameters,
            )
            return review.Queue([review.Summary(*row) for row in cursor.fetchall()], waiting, done)

        return self._database.run(work)

    def claim(self, reviewer: str, task_id: str | None) -> review.Task:
        """Lock a task for a reviewer: the next in line if `task_id` is None. See `review.Store`."""
        check_text(reviewer, "reviewer")

        def work(cursor: Cursor) -> review.Task:
            if task_id is not None:
                return _claimed(cursor, reviewer, _locked(cursor, reviewer, storable(task_id)))
            for next_one in _line(cursor, reviewer):
                with suppress(review.ReviewError):  # taken, answered or deleted since it was found
                    return _claimed(cursor, reviewer, _locked(cursor, reviewer, next_one))
            raise review.NoTask("Nothing is waiting for you.")

        return self._database.run(work)

    def save_draft(self, reviewer: str, task_id: str, draft: dict) -> None:
        """Store a partly filled form and restart the lock's time; see `review.Store`."""
        check_text(reviewer, "reviewer")

        def work(cursor: Cursor) -> None:
            _locked(cursor, reviewer, storable(task_id))
            cursor.execute(
                "UPDATE review_claim SET draft = %s, expires_at = now() + %s"
                " WHERE (task_id, reviewer) = (%s, %s)",
                [as_json(storable(draft)), LOCK, task_id, reviewer],
            )
            if not cursor.rowcount:
                raise review.TaskTaken(NOT_OPENED)

        self._database.run(work)

    def submit(self, reviewer: str, task_id: str, answer: review.Answer) -> review.Receipt:
        """Store an answer exactly once, and decide the task if it was the last one needed.

        See `review.Store`.
        """
        check_text(reviewer, "reviewer")
        check_text(answer.submission, "submission")
        kept = replace(answer, content=storable(answer.content), first=storable(answer.first))
        return self._database.run(lambda cursor: _submit(cursor, reviewer, storable(task_id), kept))


def _line(cursor: Cursor, reviewer: str) -> Iterator[str]:
    """Yield tasks for a reviewer, locked for this transaction: first their own, then the oldest.

    Another transaction may have just claimed a task. Only a statement that begins after the lock
    was obtained sees that.
    """
    seen: list[str] = []
    for which in (f"t.task_id = ANY ({MINE})", "true"):
        while True:
            cursor.execute(
                f"SELECT t.task_id FROM review_task t WHERE {WAITING} AND {which}"
                f" AND t.task_id <> ALL (%(seen)s) {IN_LINE} 1 FOR UPDATE SKIP LOCKED",
                {"me": reviewer, "seen": seen},
            )
            if not (found := cursor.fetchone()):
                break
            seen.append(found[0])
            yield found[0]


def _locked(cursor: Cursor, reviewer: str, task_id: str) -> dict:
    """Lock a task until the transaction ends, and return it with its form.

    It raises if this reviewer may not work on the task.
    """
    cursor.execute("SELECT FROM review_task WHERE task_id = %s FOR UPDATE", [task_id])
    cursor.execute(
        f"""SELECT t.task_id, t.subscription_id, t.state, t.created_at, {TITLE} AS title, t.wanted,
            t.answered_by, f.content AS form, t.task_id = ANY ({HELD}) AS held
        FROM review_task t JOIN subscription s USING (subscription_id) JOIN review_form f
            USING (form_id)
        JOIN review_rule g ON g.subscription_id = t.subscription_id
        WHERE t.task_id = %(task)s AND %(me)s = ANY (g.reviewers)""",
        {"me": reviewer, "task": task_id},
    )
    found = cursor.fetchone()
    if not found:
        raise review.TaskGone(
            "There is no such task for you: it was deleted, or belongs to somebody else."
        )
    task = dict(zip([column.name for column in cursor.description], found, strict=True))
    if reviewer in task["answered_by"]:
        raise review.AlreadyAnswered(
            "You have answered this task already; your first answer counts."
        )
    if task["state"] == "stopped":
        raise review.TaskGone("This task was stopped: no answer is needed any more.")
    if task["state"] == "completed":
        raise review.TaskGone("This task is complete: others have answered it.")
    if task["held"]:
        raise review.TaskTaken("Somebody else is working on this task.")
    return task


def _claimed(cursor: Cursor, reviewer: str, task: dict) -> review.Task:
    """Lock a task for a reviewer, or renew the lock, and compose what they see."""
    cursor.execute(
        """INSERT INTO review_claim AS c VALUES (%s, %s, now(), now() + %s)
            ON CONFLICT (task_id, reviewer) DO UPDATE
        SET accepted_at = CASE WHEN c.expires_at > now() THEN c.accepted_at ELSE now() END,
            expires_at = EXCLUDED.expires_at RETURNING draft, accepted_at, expires_at""",
        [task["task_id"], reviewer, LOCK],
    )
    draft, accepted, expires = cursor.fetchone()
    form = task["form"]
    return review.Task(
        task_id=task["task_id"],
        title=task["title"],
        template=form["template"],
        task_input=describing.task_input(cursor, task["subscription_id"], task["task_id"], form),
        draft=draft,
        accepted=accepted,
        lock_expires=expires,
        created=task["created_at"],
        prediction=form["prediction"],
    )


def _submit(cursor: Cursor, reviewer: str, task_id: str, answer: review.Answer) -> review.Receipt:
    deciding.hold_rows(cursor, task_id)
    cursor.execute("SELECT FROM review_task WHERE task_id = %s FOR UPDATE", [task_id])
    cursor.execute(
        "SELECT task_id, submitted_at FROM review_answer WHERE (reviewer, submission) = (%s, %s)",
        [reviewer, answer.submission],
    )
    if kept := cursor.fetchone():
        return review.Receipt(*kept)
    task = _locked(cursor, reviewer, task_id)
    cursor.execute(
        "DELETE FROM review_claim WHERE (task_id, reviewer) = (%s, %s)", [task_id, reviewer]
    )
    if not cursor.rowcount:
        raise review.TaskTaken(NOT_OPENED)
    labels = deciding.read_labels(cursor, task, answer)
    cursor.execute(
        "INSERT INTO review_answer (reviewer, submission, task_id, accepted_at, submitted_at,"
        " content, first) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            *(
                reviewer,
                answer.submission,
                task_id,
                answer.accepted,
                answer.submitted,
                as_json(answer.content),
            ),
            None if answer.first is None else as_json(answer.first),
        ],
    )
    for position, *said in labels:
        cursor.execute(
            "INSERT INTO review_label (task_id, position, reviewer, label, first_label, reason)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [task_id, position, reviewer, *said],
        )
    answered_by = [*task["answered_by"], reviewer]
    cursor.execute(
        "UPDATE review_task SET answered_by = %s WHERE task_id = %s", [answered_by, task_id]
    )
    if len(answered_by) == task["wanted"]:
        deciding.decide(cursor, task)
    return review.Receipt(task_id, answer.submitted)
