"""A de-biased companion: a rule beside a model that makes favourable predictions fairer.

It gives about as many favourable predictions as the model does: the majority's rate of them (for
``blind``, the rate of all rows) changes by at most 5 percentage points.

There are two kinds, both plain JSON for ``companion_rule.debias``. Both are searched on labelled
validation rows and always predict the same for the same row. (fairlearn's ThresholdOptimizer finds
the same trade-off with randomised predictions.)

* ``per_group``: a threshold for each group (Hardt, Price & Srebro 2016), the best that a rule on
the score can do. It needs the protected attribute to decide, so it treats people differently by it.
* ``blind``: the model's scores averaged over the attribute's groups, so that a person's own value
never matters (Pope & Sydnor 2011), and one threshold for all. If the model were trained without the
attribute, correlated features would carry its effect; with the average they keep only their own
effect. It is less fair than ``per_group``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import pandas as pd

from ...wording import counted
from ..groups import Feature, Groups, assign, column
from .search import TARGETS, affordable, frontier_of, grid, measure, most_accurate

Score = Callable[[pd.DataFrame], Sequence[float]]


@dataclass(frozen=True)
class Companion:
    """Hold a companion and its effect on the validation rows.

    Attributes:
        rule: plain JSON for ``companion_rule.debias``.
        original: fairness, accuracy and favourable_rate of the model itself, to compare with the
            frontier.
        frontier: the points that no other point beats in both fairness and accuracy. Columns:
            fairness (the smallest ratio of favourable rates between a minority group and the
            majority, in either direction), accuracy, favourable_rate, a ``threshold …`` column for
            each group, and chosen (the rule's point).
        costs: a row per group, counting rows, gained and lost (whose prediction changes), and
            before and after: favourable, right, wrongly_favoured, wrongly_refused.
    """

    rule: dict
    original: dict
    frontier: pd.DataFrame
    costs: pd.DataFrame


def per_group(
    rows: pd.DataFrame,
    feature: Feature,
    score: Score,
    labels,
    *,
    favourable="good",
    unfavourable="bad",
    original: float = 0.5,
    target: float | None = None,
) -> Companion:
    """Search a threshold for each group: the most accurate ones that meet the target.

    If none meet the target, the fairest are chosen: look at ``frontier`` before you deploy them.

    Args:
        rows: n validation rows, one column per feature, including the protected one.
        feature: the attribute and its groups; the majority groups share a threshold.
        score: returns the probabilities of the favourable outcome for a frame of rows.
        labels: the n true outcomes.
        favourable, unfavourable: the two outcomes.
        original: the model's own threshold.
        target: the lowest ratio of favourable rates; None: the feature's threshold.

    Raises:
        ValueError: a group without rows, scores that aren't probabilities, labels with other
            values, or an attribute that isn't a column.
    """
    groups, truth = _checked(rows, feature, labels, favourable, unfavourable)
    target = feature.threshold if target is None else target
    scores = _probabilities(score, rows)
    sides = _sides(groups)
    names = ["majority", *(groups.labels[position] for position in groups.positions("minority"))]
    grids = [grid(scores[side], truth[side], original) for side in sides]
    points = [most_accurate(grids, wanted, original) for wanted in (*TARGETS, target)]
    frontier = frontier_of(
        [measure(scores, truth, sides, cuts, names) for cuts in points if cuts], target
    )
    cuts = (
        frontier.loc[frontier["chosen"], [f"threshold {name}" for name in names]].iloc[0].tolist()
    )
    default = cuts[0] if feature.majority is None else original
    by_position = {"minority": iter(cuts[1:]), "majority": repeat(cuts[0])}
    cuts = [next(by_position[role]) if role in by_position else default for role in groups.roles]
    rule = _rule("thresholds", feature, favourable, unfavourable) | {"default": default}
    rule["groups"] = [
        _describe(member) | {"group": label, "threshold": cut}
        for member, label, cut in zip(groups.members, groups.labels, cuts, strict=True)
        if member is not None
    ]
    before = measure(scores, truth, sides, [original] * len(sides), [])
    after = scores >= np.array(cuts)[groups.codes]
    return Companion(rule, before, frontier, _costs(groups, truth, scores >= original, after))


def blind(
    rows: pd.DataFrame,
    feature: Feature,
    score: Score,
    labels,
    *,
    favourable="good",
    unfavourable="bad",
    original: float = 0.5,
    target: float | None = None,
) -> Companion:
    """Average the model over the attribute and search one threshold for all rows.

    Arguments are those of ``per_group``. If no threshold meets the target, the fairest is chosen:
    look at ``frontier`` before you deploy it.
    """
    groups, truth = _checked(rows, feature, labels, favourable, unfavourable)
    target = feature.threshold if target is None else target
    values = _representatives(rows[feature.name], groups)
    asked = [_probabilities(score, rows.assign(**{feature.name: one["value"]})) for one in values]
    scores = np.sum(
        [one["share"] * answers for one, answers in zip(values, asked, strict=True)], axis=0
    )
    sides = _sides(groups)
    live = _probabilities(score, rows)
    before = measure(live, truth, sides, [original] * len(sides), [])
    cuts, rates, _ = grid(scores, truth, original)
    near = affordable(rates, before["favourable_rate"])
    cuts = cuts[near] if near.any() else [original]
    frontier = frontier_of(
        [measure(scores, truth, sides, [cut] * len(sides), ["everybody"]) for cut in cuts], target
    )
    cut = float(frontier.loc[frontier["chosen"], "threshold everybody"].iloc[0])
    rule = _rule("average", feature, favourable, unfavourable) | {
        "values": values,
        "threshold": cut,
    }
    return Companion(rule, before, frontier, _costs(groups, truth, live >= original, scores >= cut))


def _checked(rows, feature: Feature, labels, favourable, unfavourable) -> tuple[Groups, np.ndarray]:
    """Return the groups and which labels are favourable; raises ValueError for bad input."""
    groups = assign(column(rows, feature.name), feature)
    labels = np.asarray(labels, dtype=object)
    if len(labels) != len(rows):
        raise ValueError(
            f"{counted(len(rows), 'row')} but {counted(len(labels), 'label')}: there must be one of"
            " each per row."
        )
    if odd := set(labels) - {favourable, unfavourable}:
        raise ValueError(
            f"labels hold {sorted(map(str, odd))[:3]} besides"
            f" {favourable!r} and {unfavourable!r}: leave those rows out."
        )
    for name, side in zip(["the majority", *groups.labels], _sides(groups), strict=False):
        if not side.any():
            raise ValueError(
                f"{feature.name}: no validation row is in {name}; a threshold needs rows of every "
                "group."
            )
    return groups, labels == favourable


def _sides(groups: Groups) -> list[np.ndarray]:
    """Tell which rows are in the majority, then which are in each minority group."""
    minorities = [groups.codes == position for position in groups.positions("minority")]
    return [np.isin(groups.codes, groups.positions("majority")), *minorities]


def _probabilities(score: Score, rows: pd.DataFrame) -> np.ndarray:
    """Call the model, and refuse scores that aren't probabilities."""
    scores = np.asarray(score(rows), float)
    if scores.shape != (len(rows),) or not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(
            "score must return one probability between 0 and 1 per row; a companion needs them."
        )
    if np.isin(scores, (0, 1)).all():
        raise ValueError(
            "score returns labels (only 0 and 1), not probabilities; thresholds cannot change them."
        )
    return scores


def _representatives(values: pd.Series, groups: Groups) -> list[dict]:
    """List the values to average over, with their shares.

    They are all categories, or the median of each group of numbers.
    """
    known = values[np.isin(groups.codes, groups.positions("missing"), invert=True)]
    if pd.api.types.is_numeric_dtype(values):
        middles = [
            values[groups.codes == at]
            for at in range(len(groups.labels))
            if groups.roles[at] != "missing"
        ]
        kind = int if pd.api.types.is_integer_dtype(values) else float
        return [
            {"value": kind(one.median()), "share": len(one) / len(known)}
            for one in middles
            if len(one)
        ]
    shares = known.value_counts(normalize=True).sort_index()
    return [{"value": value, "share": float(share)} for value, share in shares.items()]


def _rule(kind: str, feature: Feature, favourable, unfavourable) -> dict:
    """Return the parts that both kinds of rule have."""
    return {
        "kind": kind,
        "feature": feature.name,
        "favourable": favourable,
        "unfavourable": unfavourable,
    }


def _describe(member) -> dict:
    """Write a category or range as JSON; an open end is null."""
    if not isinstance(member, pd.Interval):
        return {"value": member}
    low, high = (float(end) if np.isfinite(end) else None for end in (member.left, member.right))
    return {"low": low, "high": high, "closed": member.closed}


def _costs(
    groups: Groups, truth: np.ndarray, before: np.ndarray, after: np.ndarray
) -> pd.DataFrame:
    """Count by group what the companion changes."""
    rows = pd.DataFrame({"group": np.array(groups.labels, dtype=object)[groups.codes], "rows": 1})
    rows["gained"], rows["lost"] = after & ~before, before & ~after
    for name, answer in (("before", before), ("after", after)):
        rows[f"favourable_{name}"] = answer
        rows[f"right_{name}"] = answer == truth
        rows[f"wrongly_favoured_{name}"] = answer & ~truth
        rows[f"wrongly_refused_{name}"] = ~answer & truth
    return rows.groupby("group", sort=False).sum().reset_index()
