"""The settings of fairness monitoring, checked before they are stored."""

from collections.abc import Mapping, Sequence

import pandas as pd

from model_monitoring.analysis.fairness.groups import Feature, assign, check_names
from model_monitoring.analysis.fairness.outcomes import outcomes, unseen
from model_monitoring.datamart.rows import chosen
from model_monitoring.datamart.watched import WatchedModel

SEEN = 1000  # rows that groups are looked for in


def check_logged(
    subscription: WatchedModel,
    asset: Mapping,
    features: Sequence[Feature],
    group_variable: str | None,
) -> None:
    """Raise ValueError if an attribute or the strata isn't a feature, or is never stored."""
    logged = asset["feature_columns"]
    named = [feature.name for feature in features]
    check_names(named)
    wanted = [*named, *filter(None, [group_variable])]
    if unknown := [name for name in wanted if name not in logged]:
        raise ValueError(
            f"{unknown[0]!r} is not a feature of {subscription.name!r}, so it isn't logged, and"
            f" groups can't be compared by it. The features are {', '.join(logged)}. Log it as a"
            " feature, even if the model ignores it, or join it to"
            " payload_logging.get_table_content() yourself and pass the frame to"
            " model_monitoring.analysis.fairness.evaluation.evaluate."
        )
    never_store = subscription.get_details()["never_store"]
    if dropped := [name for name in named if name in never_store]:
        raise ValueError(f"{dropped[0]!r} is in never_store, so groups can't be compared by it.")


def check_groups(features: Sequence[Feature], intersections: Sequence[Sequence[str]]) -> None:
    """Raise ValueError if unknown attributes are crossed, or groups can't be stored."""
    named = [feature.name for feature in features]
    if unknown := [name for names in intersections for name in names if name not in named]:
        raise ValueError(
            f"intersections contains {unknown[0]!r}, which isn't one of {', '.join(named)}."
        )
    for feature in features:
        members = (*feature.minority, *(feature.majority or ()))
        if any(isinstance(member, pd.Interval) for member in members):
            raise ValueError(
                f"{feature.name}: write ranges as [low, high], with None for an open end, because"
                " they are stored as JSON."
            )
        assign([], feature)


def check_spelled(
    subscription: WatchedModel, features: Sequence[Feature], favourable: Sequence
) -> None:
    """Raise ValueError if no row has a group or an outcome, but for how it is written: 'F' for 'f'.

    Before the first payload there is nothing to compare with. A group that nobody is in yet is
    fine; runs say that it isn't measured.
    """
    try:
        rows = chosen.newest(subscription, SEEN)
    except ValueError:
        return
    for feature in features:
        groups = assign(rows.features[feature.name], feature)
        for label, other in zip(groups.labels, groups.alike, strict=True):
            if other is not None:
                raise ValueError(f"{feature.name}: no row has {label!r}; there is {other!r}.")
    answers = rows.answers[subscription.asset["prediction_column"]]
    outcomes(answers, favourable, None, "prediction")
    for said in unseen([answers, rows.labels], favourable):
        if "there is" in said:
            raise ValueError(f"favourable_classes: {said}.")
