"""The groups that fairness monitoring compares, written in the types that features now have."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from psycopg2 import extras, sql

from model_monitoring.analysis.fairness.groups import EVERYONE_ELSE, Feature, assign
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
        _rename(cursor, identity, parameters, features)
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


def _rename(cursor: Cursor, identity: list, parameters: Mapping, features: Sequence) -> None:
    """Rename the slices of groups that are called something else now, alone or crossed.

    So their history continues, and their alerts can close.
    """
    alone = [[feature["name"]] for feature in features]
    spelled = {
        new["name"]: _spelled(old, new)
        for old, new in zip(parameters["features"], features, strict=True)
    }
    patterns = {
        tuple(names): _pattern(names, spelled)
        for names in [*alone, *parameters["intersections"]]
        if any(spelled[name] for name in names)
    }
    for table in ("alert", "measurement"):
        target = sql.Identifier(table)
        query = "SELECT DISTINCT slice FROM {} WHERE (subscription_id, monitor) = (%s, %s)"
        cursor.execute(sql.SQL(query).format(target), identity)
        slices = [slice for (slice,) in cursor.fetchall()]
        pairs = [
            (slice, _respelled(found, names, spelled))
            for slice in slices
            for names, pattern in patterns.items()
            if (found := pattern.fullmatch(slice))
        ]
        statement = (
            "UPDATE {} t SET slice = v.new FROM (VALUES %s) v (old, new)"
            " WHERE t.slice = v.old AND (t.subscription_id, t.monitor) = ({}, {})"
        )
        owner = map(sql.Literal, identity)
        extras.execute_values(cursor, sql.SQL(statement).format(target, *owner), pairs)


def _spelled(old: Mapping, new: Mapping) -> dict[str, str]:
    """Return the new label of each of a feature's labels, or nothing if all stay.

    Labels of ranges stay, also that of a single number among them.
    """
    sides = [list(zip(old[side] or (), new[side] or (), strict=True)) for side in SIDES]
    members = [pair for side in sides for pair in side]
    if any(isinstance(one, list) for one, _ in members):
        return {}
    found = {str(one): str(other) for one, other in members}
    if all(one == other for one, other in found.items()):
        return {}
    # What crossed groups are compared with: the majorities of each feature
    joined = [", ".join(map(str, side)) for side in zip(*sides[1], strict=True)]
    return found | {EVERYONE_ELSE: EVERYONE_ELSE} | (dict([joined]) if joined else {})


def _pattern(names: Sequence[str], spelled: Mapping) -> re.Pattern:
    """Match the slices of these features' groups; each part is a group of the pattern."""
    parts = [
        f"({'|'.join(map(re.escape, spelled[name]))})" if spelled[name] else "(.*)"
        for name in names
    ]
    return re.compile(f"{re.escape(' & '.join(names))}: {' & '.join(parts)}", re.DOTALL)


def _respelled(found: re.Match, names: Sequence[str], spelled: Mapping) -> str:
    labels = [
        spelled[name].get(label, label) for name, label in zip(names, found.groups(), strict=True)
    ]
    return f"{' & '.join(names)}: {' & '.join(labels)}"
