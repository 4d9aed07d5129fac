"""Fairness of a model: how often each group gets the favourable outcome, and Clarify's metrics.

The terms for groups and the fairness score are OpenScale's. Every interval covers 95% and is
computed from counts, so that a million rows take little more time than a thousand: see
intervals.py for Clarify's metrics and judging.py for the fairness score. A group is biased only if
its score is below the threshold by more than chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..not_measured import NotMeasured
from ..wording import counted
from .findings import not_measured, summarise
from .groups import Feature, assign, check_names, column, cross
from .judging import decide
from .measuring import NONE, Marks, flips, measure, metric_rows, pairs
from .outcomes import outcomes, unseen, written
from .perturbation import by_row

MAX_STRATA = 200


@dataclass(frozen=True)
class Fairness:
    """Hold what one fairness evaluation found.

    Attributes:
        features: names of the protected attributes, without intersections.
        favourable: the favourable outcomes as a string; open ranges are closed at the labels (or
            predictions) seen.
        rows: the number of rows counted.
        ignored: the number of rows whose outcome is neither favourable nor unfavourable.
        groups: a row per group and intersection: feature, group, role, rows, favourable,
            favourable_rate, rate_low, rate_high, reference_rate, fairness_score, score_low,
            score_high, threshold, p_value (of so low a score, if the true one is at the threshold),
            q_value (the same, corrected for all groups of this evaluation), score_method (of the
            interval, or why there is none), biased, finding (one plain sentence for a biased
            group), warning.
        metrics: a row per feature, minority group and metric: feature, group, stage, metric, value,
            ci_low, ci_high, method (of the interval, or why there is none), rows (of the group),
            note (why there is no value). ``metrics.METRICS``
            explains each metric.
        not_measured: groups that are too small to say or in no row (they aren't biased), rows
            without group or outcome, and outcomes that were named and that no row has.
    """

    features: tuple[str, ...]
    favourable: str
    rows: int
    ignored: int
    groups: pd.DataFrame
    metrics: pd.DataFrame
    not_measured: tuple[NotMeasured, ...] = ()


def evaluate(
    rows: pd.DataFrame,
    features: Sequence[Feature],
    *,
    favourable: Sequence,
    unfavourable: Sequence | None = None,
    predictions=None,
    labels=None,
    group_variable=None,
    intersections: Sequence[Sequence[str]] = (),
    perturbed: pd.DataFrame | None = None,
    flip: bool = True,
    seed: int = 0,
) -> Fairness:
    """Compare the outcomes of groups.

    Args:
        rows: the features of n transactions, one column each, including the protected attributes.
        features: the protected attributes and their groups.
        favourable: outcomes that favour a person: values, or ranges [low, high] for regression.
        unfavourable: the other outcomes that count; rows with any further outcome are left out.
            None: all others.
        predictions: the n predictions; None leaves out the metrics that need them.
        labels: the n true outcomes, missing if unknown; None leaves out the metrics that need them.
        group_variable: n strata (at most 200 distinct) for CDDL and CDDPL.
        intersections: names of features to cross, for example [("sex", "age")].
        perturbed: what ``perturbation.perturb`` returned for ``rows``; without it the fairness
            score compares live rows only.
        flip: compute FT, the only metric that needs more than counts (seconds on large windows).
        seed: of the draws for the intervals of GE, CDDL and CDDPL, and of FT's sample.

    Raises:
        ValueError: no rows, neither predictions nor labels, unequal lengths, a feature that isn't a
            column, groups or outcomes that overlap, or too many strata.
    """
    _check(rows, features, predictions, labels, group_variable)
    labels = None if labels is None or pd.isna(labels).all() else labels
    if predictions is None and labels is None:
        raise ValueError("Nothing to compare: give predictions, labels or both.")
    y = p = np.full(len(rows), 2)
    if labels is not None:
        y = outcomes(labels, favourable, unfavourable, "label")
    if predictions is not None:
        p = outcomes(predictions, favourable, unfavourable, "prediction")
    stratum = None if group_variable is None else _strata(group_variable)
    marks = Marks(y, p, y if predictions is None else p, stratum)
    rng = np.random.default_rng(seed)
    summary, metrics = [], []
    for feature, columns, groups in _assigned(rows, features, intersections):
        twins_of = {}
        if perturbed is not None and (perturbed["feature"] == feature.name).any():
            twins = perturbed[perturbed["feature"] == feature.name]
            predicted = outcomes(
                twins["prediction"], favourable, unfavourable, "prediction of a twin"
            )
            twins_of = by_row(groups, marks.outcome, twins, predicted)
        others = rows.drop(columns=columns) if flip and predictions is not None else None
        for position, pair in enumerate(pairs(groups, marks)):
            by_outcome = pair.sum(axis=1).sum(axis=2 if predictions is None else 1)[:, :2]
            summary.append(summarise(feature, groups, position, by_outcome, twins_of.get(position)))
            if groups.roles[position] == "minority":
                measured = measure(pair, stratum is not None, rng)
                if not flip:
                    measured["FT"] = np.nan, NONE, "Not asked for"
                elif others is not None:
                    measured["FT"] = flips(others, groups, position, marks, rng)
                metrics += metric_rows(feature.name, groups.labels[position], pair, measured)
    decide(summary)
    names = tuple(feature.name for feature in features)
    ignored = int((marks.outcome == 2).sum())
    left = not_measured(summary, ignored)
    seen = [values for values in (predictions, labels) if values is not None]
    for name, listed in (("favourable", favourable), ("unfavourable", unfavourable or ())):
        left += [NotMeasured("group", f"{name} outcome", said) for said in unseen(seen, listed)]
    favoured = written(predictions if labels is None else labels, favourable, "label")
    return Fairness(
        names,
        favoured,
        len(rows) - ignored,
        ignored,
        pd.DataFrame(summary),
        pd.DataFrame(metrics),
        tuple(left),
    )


def _check(
    rows: pd.DataFrame, features: Sequence[Feature], predictions, labels, group_variable
) -> None:
    """Refuse input that cannot be compared, and say why."""
    if not len(rows):
        raise ValueError("Nothing to compare: there are no rows. Give at least one row.")
    check_names([feature.name for feature in features])
    for name, values in (
        ("predictions", predictions),
        ("labels", labels),
        ("group_variable", group_variable),
    ):
        if values is not None and len(values) != len(rows):
            raise ValueError(
                f"{name}: {counted(len(values), 'value')} for {counted(len(rows), 'row')}; there"
                " must be one per row."
            )


def _strata(values) -> np.ndarray:
    """Number the strata of a group variable from 0; a missing value is a stratum of its own."""
    codes, seen = pd.factorize(pd.Series(values))
    if len(seen) > MAX_STRATA:
        raise ValueError(
            f"group_variable has {len(seen)} distinct values, but at most {MAX_STRATA} are "
            "allowed; pd.qcut can bin it."
        )
    return codes + 1


def _assigned(rows: pd.DataFrame, features: Sequence[Feature], intersections) -> list[tuple]:
    """List (feature, columns, groups) of each feature and each intersection.

    The threshold of an intersection is the highest of its features.
    """
    found = {f.name: (f, [f.name], assign(column(rows, f.name), f)) for f in features}
    crossed = []
    for names in intersections:
        if unknown := [name for name in names if name not in found]:
            raise ValueError(
                f"intersections name {unknown[0]!r}, which isn't one of the features "
                f"{', '.join(found)}."
            )
        groups = cross([found[name][2] for name in names])
        strictest = max(found[name][0].threshold for name in names)
        crossed.append((Feature(groups.name, threshold=strictest), list(names), groups))
    return [*found.values(), *crossed]
