"""What a monitor measures against: learned once for each version of a model."""

from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.watched import WatchedModel


def keep(subscription: WatchedModel, monitor: str, content: dict) -> None:
    """Store what a monitor learned about the deployed version of the model.

    It replaces what was stored for this version before.
    """
    subscription.database.execute(
        "INSERT INTO baseline (subscription_id, monitor, asset_revision, content)"
        " VALUES (%s, %s, %s, %s) ON CONFLICT (subscription_id, monitor, asset_revision) DO UPDATE"
        " SET content = EXCLUDED.content, created_at = now()",
        [subscription.subscription_id, monitor, subscription.asset_revision(), as_json(content)],
    )


def find(subscription: WatchedModel, monitor: str) -> dict | None:
    """Return what a monitor learned about the deployed version of the model."""
    found = subscription.database.rows(
        "SELECT content FROM baseline"
        " WHERE (subscription_id, monitor, asset_revision) = (%s, %s, %s)",
        [subscription.subscription_id, monitor, subscription.asset_revision()],
    )
    return found[0]["content"] if found else None
