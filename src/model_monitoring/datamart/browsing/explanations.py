"""Stored explanations, as REST lists them."""

from model_monitoring.datamart.postgres.database import Database


def newest(
    database: Database, subscription_id: int, scoring_id: str | None, limit: int, offset: int
) -> list[dict]:
    """Return explanations, newest first: of all rows, or of one."""
    if scoring_id is not None and "\0" in scoring_id:
        return []
    return database.rows(
        "SELECT scoring_id, created_at, asset_revision, content AS explanation FROM explanation"
        " WHERE subscription_id = %s AND (%s IS NULL OR scoring_id = %s)"
        " ORDER BY created_at DESC, scoring_id LIMIT %s OFFSET %s",
        [subscription_id, scoring_id, scoring_id, limit, offset],
    )
