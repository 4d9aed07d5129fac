"""From answers to labels: what each reviewer said, the decision, and its way into the feedback."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from psycopg2 import sql

from model_monitoring import review
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.records import labelling
from model_monitoring.datamart.rows import places
from model_monitoring.datamart.tables import tables
from model_monitoring.review import answers

REASON = "reason"  # the field of a template for a reviewer's reason


class RowLabel(NamedTuple):
    """A reviewer's answer for a row: a label, the one before the prediction was shown, a reason."""

    position: int
    label: str | None
    first_label: str | None
    reason: str | None


def hold_rows(cursor: Cursor, task_id: str) -> None:
    """Keep a task's scored rows from being erased until the transaction ends.

    Erasing begins with the payload. So a label can't be stored for a row while its other traces are
    being erased.
    """
    query = (
        "SELECT subscription_id, record_id, row_number, scored_at FROM review_row"
        " WHERE task_id = %s"
    )
    cursor.execute(query, [task_id])
    names = [column.name for column in cursor.description]
    if rows := [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]:
        table = tables.Table(rows[0]["subscription_id"], ())
        places.find(cursor, table.payload, (), rows, lock="FOR KEY SHARE")


def read_labels(cursor: Cursor, task: dict, answer: review.Answer) -> list[RowLabel]:
    """Read what an answer says about each row of its task.

    Raises:
        ReviewError: a label isn't one of the subscription's, or there isn't one label per row.
    """
    query = "SELECT position, scoring_id FROM review_row WHERE task_id = %s ORDER BY position"
    cursor.execute(query, [task["task_id"]])
    rows, form = cursor.fetchall(), task["form"]
    task_input = {"rows": [{"id": scoring_id} for _, scoring_id in rows]}
    try:
        said = answers.by_row(answer.content, form["label_field"], task_input)
        first = (
            answers.by_row(answer.first, form["label_field"], task_input) if answer.first else {}
        )
        reasons = (
            answers.by_row(answer.content, REASON, task_input) if REASON in answer.content else {}
        )
    except ValueError as error:
        raise review.ReviewError(str(error)) from None
    known = {str(value): text for text, value in form["values"].items()} | {
        text: text for text in form["values"]
    }
    if wrong := [
        label
        for label in (*said.values(), *first.values())
        if label is not None and label not in known
    ]:
        raise review.ReviewError(
            f"{wrong[0]!r} is not a label: choose one of {', '.join(form['values'])}."
        )
    return [
        RowLabel(position, known.get(said[row]), known.get(first.get(row)), reasons.get(row))
        for position, row in rows
    ]


def decide(cursor: Cursor, task: dict) -> None:
    """Complete a task that has all its answers, or ask one more reviewer if they differ."""
    cursor.execute(
        "SELECT l.position, array_agg(l.label ORDER BY a.submitted_at, a.reviewer)"
        " FROM review_label l JOIN review_answer a USING (task_id, reviewer) WHERE l.task_id = %s"
        " GROUP BY 1 ORDER BY 1",
        [task["task_id"]],
    )
    said = dict(cursor.fetchall())
    several = task["form"]["task_count"] > 1
    if (
        several
        and task["wanted"] == task["form"]["task_count"]
        and any(len(set(each)) > 1 for each in said.values())
    ):
        cursor.execute(
            "UPDATE review_task SET wanted = wanted + 1 WHERE task_id = %s", [task["task_id"]]
        )
        return
    for position, each in said.items():
        _settle(cursor, task, position, *resolved(each))
    cursor.execute(
        "UPDATE review_task SET state = 'completed', finished_at = now() WHERE task_id = %s",
        [task["task_id"]],
    )
    cursor.execute("DELETE FROM review_claim WHERE task_id = %s", [task["task_id"]])


def resolved(labels: Sequence[str | None]) -> tuple[str | None, str]:
    """Return the label that follows from the reviewers' answers, in the given order, and how.

    It is the label of more than half of them, if there is one. Otherwise it is that of the last
    reviewer, who was asked because the others differ.
    """
    if len(labels) == 1:
        return labels[0], "single"
    (label, votes), *others = Counter(labels).most_common()
    if not others:
        return label, "unanimous"
    return (label, "majority") if votes > len(labels) / 2 else (labels[-1], "adjudicator")


def _settle(cursor: Cursor, task: dict, position: int, label: str | None, how: str) -> None:
    """Store a row's decided label, and add it to the feedback unless the row already has one."""
    cursor.execute(
        "UPDATE review_row SET label = %s, decided_by = %s WHERE (task_id, position) = (%s, %s)"
        " RETURNING scoring_id, record_id, row_number",
        [label, how, task["task_id"], position],
    )
    place = cursor.fetchone()
    if label is None:
        return
    table = tables.read(cursor, task["subscription_id"])
    value = task["form"]["values"][label]
    arriving = sql.SQL(
        "(SELECT {}::text AS scoring_id, {}::bigint AS record_id, {}::integer AS row_number,"
        " {}::{} AS label) AS arriving"
    ).format(*map(sql.Literal, (*place, value)), sql.SQL(table.of("label")[0].type))
    cursor.execute(
        "UPDATE review_row SET feedback = %s WHERE (task_id, position) = (%s, %s)",
        [_written(cursor, table, arriving), task["task_id"], position],
    )


def _written(cursor: Cursor, table: tables.Table, arriving: sql.Composable) -> str:
    """Store a label and return what became of it."""
    if labelling.keep(cursor, table, arriving):
        return "stored"
    return "conflict" if labelling.conflicts(cursor, table, arriving, 1) else "there"
