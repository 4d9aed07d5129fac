"""Tasks as their owner sees them: made of chosen rows, listed, inspected, stopped, deleted."""

import hashlib
import json
import uuid
from datetime import UTC

import numpy as np
import pandas as pd
from psycopg2 import extras, sql

from model_monitoring import review
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.postgres.jsonb import as_json, plain
from model_monitoring.datamart.postgres.texts import check_text, check_texts
from model_monitoring.datamart.reviews import describing
from model_monitoring.datamart.rows import places
from model_monitoring.datamart.watched import WatchedModel


def insert(
    cursor: Cursor,
    subscription: WatchedModel,
    form: dict,
    chosen: pd.DataFrame,
    rows_per_task: int,
) -> tuple[pd.DataFrame, list[str]]:
    """Make tasks of the chosen rows that weren't sent before.

    Returns:
        Those rows, and warnings about what in the template can't be shown as intended.

    Raises:
        ValueError: the template, filled in with the first task, has an error or doesn't have one
            label for each row.
    """
    identifier = subscription.subscription_id
    # One at a time: otherwise, two calls could both find the same rows unsent.
    cursor.execute("SELECT FROM review_rule WHERE subscription_id = %s FOR UPDATE", [identifier])
    cursor.execute("SELECT scoring_id FROM review_row WHERE subscription_id = %s", [identifier])
    new = chosen[~chosen["scoring_id"].isin([name for (name,) in cursor.fetchall()])].reset_index(
        drop=True
    )
    new = new[_hold(cursor, subscription, new)]
    if new.empty:
        return new, []
    form_id = _form_id(cursor, identifier, form)
    task_ids = [str(uuid.uuid4()) for _ in range(0, len(new), rows_per_task)]
    extras.execute_values(
        cursor,
        "INSERT INTO review_task (task_id, subscription_id, form_id, wanted) VALUES %s",
        [(task_id, identifier, form_id, form["task_count"]) for task_id in task_ids],
    )
    rows = []
    for i, row in enumerate(new.itertuples()):
        score = None if pd.isna(row.score) else row.score
        place = (
            row.scoring_id,
            row.record_id,
            row.row_number,
            row.scored_at.to_pydatetime().replace(tzinfo=UTC),
        )
        task = (task_ids[i // rows_per_task], i % rows_per_task + 1, identifier)
        rows.append((*task, *place, row.reasons, row.prediction, score))
    extras.execute_values(
        cursor,
        "INSERT INTO review_row (task_id, position, subscription_id, scoring_id, record_id,"
        " row_number, scored_at, reasons, prediction, score) VALUES %s",
        rows,
    )
    places.prepare(cursor, subscription.table().payload)
    warnings = _check_template(cursor, identifier, task_ids[0], form)
    # Otherwise, finding a reviewer's next task would read all of them
    cursor.execute("ANALYZE review_task, review_row")
    return new, warnings


def _check_template(cursor: Cursor, subscription_id: int, task_id: str, form: dict) -> list[str]:
    """Fill the template in with a first task, so that errors show before reviewers get it."""
    task_input = describing.task_input(cursor, subscription_id, task_id, form)
    rendered = review.render(form["template"], task_input)
    found = [field.key for field in rendered.fields].count(form["label_field"])
    if found != len(task_input["rows"]):
        raise ValueError(
            f"The template asks {counted(found, 'time')} for {form['label_field']!r}, but a task"
            f" has {counted(len(task_input['rows']), 'row')}: put that field (label_field) into a"
            " loop over task.input.rows. No task was made."
        )
    return rendered.warnings


def _hold(cursor: Cursor, subscription: WatchedModel, chosen: pd.DataFrame) -> np.ndarray:
    """Keep chosen rows from being erased until the transaction ends; mark those that exist."""
    if chosen.empty:
        return np.empty(0, dtype=bool)
    query = """SELECT p.record_id, p.row_number FROM {payload} p
        JOIN unnest({records}::bigint[], {numbers}::integer[]) u (record_id, row_number)
            USING (record_id, row_number)
        WHERE p.record_id BETWEEN {first} AND {last} AND p.scored_at BETWEEN {start}
            AND {end} FOR KEY SHARE OF p"""
    records, numbers = chosen["record_id"].tolist(), chosen["row_number"].tolist()
    parts = {"records": records, "numbers": numbers, "first": min(records), "last": max(records)}
    parts |= {"start": f"{chosen['scored_at'].min()}Z", "end": f"{chosen['scored_at'].max()}Z"}
    # The payload's index covers stretches of rows: a lookup for each row would read all of them.
    cursor.execute("SET LOCAL enable_nestloop = off")
    literals = {name: sql.Literal(value) for name, value in parts.items()}
    cursor.execute(
        sql.SQL(query).format(payload=sql.Identifier(subscription.table().payload), **literals)
    )
    there = set(cursor.fetchall())
    return np.array([place in there for place in zip(records, numbers, strict=True)])


def _form_id(cursor: Cursor, subscription_id: int, form: dict) -> int:
    """Return the number of a form; store the form if it is new."""
    digest = hashlib.sha256(json.dumps(plain(form), sort_keys=True).encode()).hexdigest()
    cursor.execute(
        "INSERT INTO review_form (subscription_id, digest, content) VALUES (%s, %s, %s)"
        " ON CONFLICT (subscription_id, digest) DO UPDATE SET digest = EXCLUDED.digest"
        " RETURNING form_id",
        [subscription_id, digest, as_json(form)],
    )
    return cursor.fetchone()[0]


def listing(database: Database, state: str | None, limit: int) -> pd.DataFrame:
    """List tasks, newest first, with the number of their rows and all their reasons."""
    check_texts(state, "state")
    return database.frame(
        """SELECT t.task_id, s.name AS subscription, t.state, r.rows, r.reasons,
            cardinality(t.answered_by) AS answers, t.wanted,
            ARRAY(SELECT reviewer FROM review_claim c WHERE c.task_id = t.task_id
                AND c.expires_at > now()) AS held_by,
            t.created_at, t.finished_at
        FROM (SELECT * FROM review_task WHERE %(state)s IS NULL OR state = %(state)s
            ORDER BY created_at DESC, number DESC LIMIT %(limit)s) t
        JOIN subscription s USING (subscription_id) CROSS JOIN LATERAL (
            SELECT count(DISTINCT position) AS rows, array_agg(DISTINCT reason) AS reasons
            FROM review_row r CROSS JOIN unnest(r.reasons) reason WHERE r.task_id = t.task_id) r
        ORDER BY t.created_at DESC, t.number DESC""",
        {"state": state, "limit": limit},
    )


def details(database: Database, task_id: str) -> dict:
    """Return a task, its rows and its answers; raise ValueError if there is no such task."""
    check_text(task_id, "task_id")
    found = database.rows(
        "SELECT t.task_id, s.name AS subscription, t.state, t.wanted, t.created_at, t.finished_at"
        " FROM review_task t"
        " JOIN subscription s USING (subscription_id) WHERE task_id = %s",
        [task_id],
    )
    if not found:
        raise ValueError(f"There is no review task {task_id!r}: see reviews.list().")
    rows = database.rows(
        "SELECT scoring_id, reasons, prediction, score, label, decided_by, feedback FROM review_row"
        " WHERE task_id = %s ORDER BY position",
        [task_id],
    )
    answers = database.rows(
        "SELECT reviewer, accepted_at, submitted_at, content, first FROM review_answer"
        " WHERE task_id = %s ORDER BY submitted_at, reviewer",
        [task_id],
    )
    return found[0] | {"rows": rows, "answers": answers}


def stop(database: Database, task_id: str) -> None:
    """Stop asking for answers; raise ValueError if there is no such task, or it isn't open."""
    check_text(task_id, "task_id")

    def work(cursor: Cursor) -> bool:
        cursor.execute(
            "UPDATE review_task SET state = 'stopped', finished_at = now() WHERE task_id = %s"
            " AND state = 'open'",
            [task_id],
        )
        stopped = bool(cursor.rowcount)
        cursor.execute("DELETE FROM review_claim WHERE task_id = %s", [task_id])
        return stopped

    if not database.run(work, once=True):
        raise ValueError(
            f"Review task {task_id!r} can't be stopped: it is"
            f" {details(database, task_id)['state']}."
        )


def delete(database: Database, task_id: str) -> None:
    """Delete a task with its answers; raise ValueError if there is no such task."""
    check_text(task_id, "task_id")
    if not database.rows(
        "DELETE FROM review_task WHERE task_id = %s RETURNING task_id", [task_id], once=True
    ):
        raise ValueError(f"There is no review task {task_id!r}: see reviews.list().")
