"""The groups that fairness monitoring compares, written in the types that features now have."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from psycopg2 import sql

from model_monitoring.analysis.fairness.groups import Feature, assign
from model_monitoring.datamart import contract
from model_monitoring.datamart.postgres.columns import BOOLEAN, NUMBER, read_as
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.jsonb import as_json

SIDES = ("minority", "majority")


def regroup(cursor: Cursor, subscription_id: int, before: Mapping, after: Mapping) -> None:
    """Convert the groups of features whose type differs between two contracts.

    Ranges stay as they are: they compare numbers, also those that are written as text.

    Raises:
        ValueError: a group isn't of the new type, or two of them are the same in it.
    """
    identity = [subscription_id, "fairness"]
    cursor.execute(
        "SELECT parameters FROM monitor WHERE (subscription_id, monitor) = (%s, %s)", identity
    )
    for (parameters,) in cursor.fetchall():
        features = [_converted(feature, before, after) for feature in parameters["features"]]
        for old, new in zip(parameters["features"], features, strict=True):
            _rename(cursor, identity, old, new)
        cursor.execute(
            "UPDATE monitor SET parameters = %s WHERE (subscription_id, monitor) = (%s, %s)",
            [as_json(parameters | {"features": features}), *identity],
        )


def _converted(feature: Mapping, before: Mapping, after: Mapping) -> dict:
    """Return a feature with its groups in its new type."""
    name = feature["name"]
    kinds = [contract.column_type(asset, name) for asset in (before, after)]
    if kinds[0] == kinds[1]:
        return dict(feature)
    try:
        groups = {side: _members(feature[side], *kinds) for side in SIDES}
        assign([], Feature(**(feature | groups)))
    except ValueError as error:
        raise ValueError(
            f"fairness_monitoring compares groups of {name!r}, which can't be"
            f" {contract.kind_of(after, name)}: {error}. Enable it with other"
            " groups of this feature, or without it, first. Nothing was changed."
        ) from None
    return feature | groups


def _members(members: Sequence | None, before: str, after: str) -> list | None:
    if members is None:
        return None
    return [one if isinstance(one, list) else _member(one, before, after) for one in members]


def _member(member: object, before: str, after: str) -> object:
    """Convert a group's value as a stored value is; a whole number stays written as one."""
    with suppress(ValueError):
        member = read_as(before, member)
    if before == BOOLEAN and isinstance(member, bool) and after == NUMBER:
        member = int(member)
    try:
        read = read_as(after, member)
    except ValueError as error:
        raise ValueError(f"{member!r} {str(error) or 'is none'}") from None
    return int(read) if isinstance(read, float) and read.is_integer() else read


def _rename(cursor: Cursor, identity: list, old: Mapping, new: Mapping) -> None:
    """Rename the slices of groups that are called something else now, so their alerts can close."""
    for side in SIDES:
        for one, other in zip(old[side] or (), new[side] or (), strict=True):
            if str(one) != str(other):
                names = [f"{old['name']}: {label}" for label in (other, one)]
                for table in ("alert", "measurement"):
                    statement = sql.SQL(
                        "UPDATE {} SET slice = %s"
                        " WHERE slice = %s AND (subscription_id, monitor) = (%s, %s)"
                    ).format(sql.Identifier(table))
                    cursor.execute(statement, [*names, *identity])
