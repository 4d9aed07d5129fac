"""Everything of a subscription, deleted."""

from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.tables import changing, partitions, tables

# In the order of their foreign keys; what hangs on a review's task goes with it
OWNED = (
    *("alert", "profile", "measurement", "run", "threshold", "monitor", "baseline"),
    *("capture_file", "companion", "explanation", "label_change", "payload_error"),
    *("review_task", "review_form", "review_rule", "schema_change"),
    *("scoring_key", "deployment", "feature", "subscription"),
)


def drop(cursor: Cursor, subscription_id: int) -> None:
    """Delete a subscription with its payload, feedback, runs, alerts and reviews.

    Raises:
        ValueError: it is the companion of another.
    """
    cursor.execute(changing.locking(exclusive=True), {"id": subscription_id})
    cursor.execute(
        "SELECT o.name FROM companion c JOIN subscription s ON s.subscription_uid = c.companion_uid"
        " JOIN subscription o ON o.subscription_id = c.subscription_id"
        " WHERE s.subscription_id = %s",
        [subscription_id],
    )
    if found := cursor.fetchone():
        raise ValueError(f"It is the companion of {found[0]!r}: delete that one first.")
    cursor.execute("SELECT name FROM subscription WHERE subscription_id = %s", [subscription_id])
    [name] = cursor.fetchone()
    if table := tables.read(cursor, subscription_id):
        tables.drop_views(cursor, name)
        parts = partitions.detached(cursor, table.payload)
        for target in (table.payload, *parts, table.feedback):
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(target)))
    cursor.execute(
        "DELETE FROM review_answer WHERE task_id IN"
        " (SELECT task_id FROM review_task WHERE subscription_id = %s)",
        [subscription_id],
    )
    for owned in OWNED:
        statement = sql.SQL("DELETE FROM {} WHERE subscription_id = %s")
        cursor.execute(statement.format(sql.Identifier(owned)), [subscription_id])
