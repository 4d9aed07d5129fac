"""Names of columns and views that PostgreSQL can hold."""

import hashlib
from collections.abc import Iterable

from model_monitoring.datamart.postgres.schema import LONGEST_NAME
from model_monitoring.datamart.postgres.texts import check_text

RESERVED = {
    "scoring_id",
    "scoring_timestamp",
    "deployment_id",
    "asset_revision",
    "record_timestamp",
} | {
    "record_id",
    "row_number",
    "scored_at",
    "deployment_key",
}


def column_names(names: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Turn names into distinct names of at most 63 bytes, unchanged if possible.

    `others` are already taken.

    Raises:
        ValueError: a name is empty, or isn't a string that PostgreSQL can hold.
    """
    taken = RESERVED | set(others)
    result = []
    for name in names:
        check_text(name, "a column's name")
        column = name
        while column in taken or len(column.encode()) > LONGEST_NAME:
            column = shortened(name, salt=len(taken))
        taken.add(column)
        result.append(column)
    return result


def shortened(name: str, salt: int = 0) -> str:
    """Return the beginning of a name with a digest of the whole, in 63 bytes."""
    digest = hashlib.sha256(f"{salt}:{name}".encode()).hexdigest()[:8]
    return name.encode()[: LONGEST_NAME - 9].decode(errors="ignore") + "~" + digest
