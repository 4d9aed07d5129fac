"""Sentences about a run of the monitor: what a person has to know beside its tables."""

from typing import Any

from ..not_measured import NotMeasured
from ..wording import counted
from . import constraints
from .columns import Column
from .statistics import Profile

_LISTED = 5


def about_texts(profile: Profile) -> list[str]:
    """Say which columns of a baseline are text though they hold numbers, and what that means."""
    return [
        said for column in profile.columns.values() if (said := _about_text(column)) is not None
    ]


def _about_text(column: Column) -> str | None:
    amounts, texts = column.texts.amount, column.text
    some = list(column.texts.counts)[:3]
    if texts and 2 * amounts >= texts:
        read = counted(amounts, "cell is an amount", "cells are amounts")
        return (
            f"{column.name} is a String column: {read} such"
            f" as {some}. Amounts are read for drift (mode aws doesn't); everything else takes them"
            " for text, so write plain numbers, such as 1234.5."
        )
    if 0 < texts < column.numbers:
        return (
            f"{column.name} is a String column because of {counted(texts, 'cell')} such as {some}."
        )
    return None


def about_rules(rules: dict[str, Any]) -> list[str]:
    """Say which features the constraints switch checks off for, or leave a setting out of."""
    off = constraints.unchecked(rules)
    said = [f"constraints.json switches off checks of {_some(off)}."] if off else []
    bare = [feature["name"] for feature in rules["features"] if "completeness" not in feature]
    if bare:
        said.append(
            f"constraints.json has no completeness for {_some(bare)}: missing values aren't checked"
            " there."
        )
    return said


def about_defaults(rules: dict[str, Any]) -> list[str]:
    """Say which settings the constraints lack, and by which default the check went instead."""
    left = constraints.defaulted(rules)
    if not rules.get("monitoring_config") and left:
        named = ", ".join(f"{place.rpartition('.')[2]} {value}" for place, value in left.items())
        return [f"monitoring_config isn't in constraints.json: AWS's defaults are used ({named})."]
    return [
        f"{place} isn't in constraints.json: AWS's default, {value}, is used."
        for place, value in left.items()
    ]


def about_empty(profile: Profile) -> list[NotMeasured]:
    """Name the columns without any value, of which a baseline learns nothing."""
    reason = "no row has a value, so the baseline knows nothing of it"
    return [
        NotMeasured("column", column.name, reason, lasting=True)
        for column in profile.columns.values()
        if not column.completeness
    ]


def about_aws(found: list[dict[str, str]], as_aws: list[dict[str, str]]) -> list[str]:
    """Say in a sentence where Model Monitor's own rules come to other violations."""
    ours, theirs = (
        [(one["feature_name"], one["constraint_check_type"]) for one in side]
        for side in (found, as_aws)
    )
    more = [f"{kind} of {name}" for name, kind in theirs if (name, kind) not in ours]
    less = [f"{kind} of {name}" for name, kind in ours if (name, kind) not in theirs]
    parts = [f"would report {_some(more)}"] * bool(more)
    parts += [f"would not report {_some(less)}"] * bool(less)
    return [f"Model Monitor (mode aws) {' and '.join(parts)}."] if parts else []


def _some(names: list[str]) -> str:
    rest = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")
