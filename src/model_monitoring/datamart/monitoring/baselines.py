"""What a monitor measures against: learned once for each version of a model."""

from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.tables.retyping import RETYPED
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
    content = _stored(subscription, monitor)
    return None if content is None or RETYPED in content else content


def retyped(subscription: WatchedModel, monitor: str) -> str | None:
    """Say that a retype took the deployed version's baseline, and what to do; None if none did."""
    content = _stored(subscription, monitor)
    if content is None or RETYPED not in content:
        return None
    names = list(dict.fromkeys(content[RETYPED]))
    return (
        f"retype() gave {some(names)} another type, and what enable() had learned was of the old"
        " one: call enable() with the training data again"
    )


def _stored(subscription: WatchedModel, monitor: str) -> dict | None:
    found = subscription.database.rows(
        "SELECT content FROM baseline"
        " WHERE (subscription_id, monitor, asset_revision) = (%s, %s, %s)",
        [subscription.subscription_id, monitor, subscription.asset_revision()],
    )
    return found[0]["content"] if found else None
