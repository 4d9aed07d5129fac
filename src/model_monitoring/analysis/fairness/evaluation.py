"""Fairness of a model's answers: who gets the favourable outcome how often, and all of Clarify's
bias metrics.

Group words and the fairness score are OpenScale's. Every interval covers 95%: rates have Wilson's,
the rest a seeded bootstrap from group counts (one multinomial, see resampling.py; 1,000 replicates
for Clarify's metrics, 400 for the fairness score), so that a million rows cost little more than a
thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import resampling
from ..not_measured import NotMeasured
from . import metrics
from .findings import not_measured, summarise
from .flip import flip_test
from .groups import (
    Feature,
    Groups,
    assign,
    check_names,
    column,
    cross,
    outcomes,
    unseen,
    written,
)
from .metrics import EMPTY_GROUP_VARIABLE, METRICS, reason
from .perturbation import scores

REPLICATES = 1000
MAX_STRATA = 200


@dataclass(frozen=True)
class _Marks:
    """Hold the codes of every row: label, prediction (0, 1, 2 missing), the one that is compared,
    and stratum.
    """

    label: np.ndarray
    prediction: np.ndarray
    outcome: np.ndarray
    stratum: np.ndarray | None


@dataclass(frozen=True)
class Fairness:
    """Hold what one fairness evaluation found.

    Attributes:
        features: names of the protected attributes, without intersections.
        favourable: the favourable outcomes in words, ranges closed at the labels (or predictions)
            seen.
        rows: rows counted; ``ignored`` had an outcome that is neither favourable nor unfavourable.
        groups: a row per group and intersection: feature, group, role, rows, favourable,
            favourable_rate, rate_low, rate_high, reference_rate, fairness_score, score_low,
            score_high, threshold, biased, finding (one plain sentence for a biased group), warning.
        metrics: a row per feature, minority group and metric: feature, group, stage, metric, value,
            ci_low, ci_high, rows (of the group), note (why there is no value). ``metrics.METRICS``
            explains each.
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
        rows: the features of n transactions, one column each; the protected attributes among them.
        features: the protected attributes and their groups.
        favourable: outcomes that favour a person: values, or ranges [low, high] for regression.
        unfavourable: the others that count; rows with neither are left out. None: all others.
        predictions: the n answers of the model; None leaves out whatever needs them.
        labels: the n true outcomes, missing where unknown; None leaves out whatever needs them.
        group_variable: n strata (at most 200 distinct) for CDDL and CDDPL.
        intersections: names of features to cross, for example [("sex", "age")].
        perturbed: what ``fairness_perturbation.perturb`` returned for ``rows``; without it the
            fairness score compares live rows only.
        flip: compute FT, the one metric that needs more than counts (seconds on large windows).
        seed: of the bootstrap and of FT's sample.

    Raises:
        ValueError: no rows, neither predictions nor labels, unequal lengths, a feature that is no
            column, groups or outcomes that overlap, too many strata.
    """
    _check(rows, features, predictions, labels, group_variable)
    labels = None if labels is None or pd.isna(labels).all() else labels
    if predictions is None and labels is None:
        raise ValueError("Nothing to compare: give predictions, labels or both.")
    unknown = np.full(len(rows), 2)
    y = unknown if labels is None else outcomes(labels, favourable, unfavourable, "label")
    p = (
        unknown
        if predictions is None
        else outcomes(predictions, favourable, unfavourable, "prediction")
    )
    stratum = None if group_variable is None else _strata(group_variable)
    marks = _Marks(y, p, y if predictions is None else p, stratum)
    rng = np.random.default_rng(seed)
    summary, metrics = [], []
    for feature, columns, groups in _assigned(rows, features, intersections):
        scored = {}
        if perturbed is not None and (perturbed["feature"] == feature.name).any():
            twins = perturbed[perturbed["feature"] == feature.name]
            answers = outcomes(
                twins["prediction"], favourable, unfavourable, "prediction of a twin"
            )
            scored = scores(groups, marks.outcome, twins, answers, rng)
        others = rows.drop(columns=columns) if flip and predictions is not None else None
        for position, pair in enumerate(_pairs(groups, marks)):
            by_outcome = pair.sum(axis=1).sum(axis=2 if predictions is None else 1)[:, :2]
            summary.append(
                summarise(feature, groups, position, by_outcome, scored.get(position), rng)
            )
            if groups.roles[position] == "minority":
                measured = _measure(pair, stratum is not None, rng)
                if not flip:
                    measured["FT"] = np.nan, np.empty(0), "Not asked for"
                elif others is not None:
                    measured["FT"] = _flips(others, groups, position, marks, rng)
                metrics += _rows(feature.name, groups.labels[position], pair, measured)
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
    """Refuse input that has no answer, saying which and why."""
    if not len(rows):
        raise ValueError("Nothing to compare: there are no rows.")
    check_names([feature.name for feature in features])
    for name, values in (
        ("predictions", predictions),
        ("labels", labels),
        ("group_variable", group_variable),
    ):
        if values is not None and len(values) != len(rows):
            raise ValueError(
                f"{len(rows)} rows but {len(values)} {name}: there must be one of each per row."
            )


def _strata(values) -> np.ndarray:
    """Number the strata of a group variable from 0; a missing value is a stratum of its own."""
    codes, seen = pd.factorize(pd.Series(values))
    if len(seen) > MAX_STRATA:
        raise ValueError(
            f"group_variable has {len(seen)} distinct values, at most {MAX_STRATA}: pd.qcut can "
            "bin it."
        )
    return codes + 1


def _assigned(rows: pd.DataFrame, features: Sequence[Feature], intersections) -> list[tuple]:
    """List feature, columns and groups of every feature and every intersection (held to its
    strictest threshold).
    """
    found = {f.name: (f, [f.name], assign(column(rows, f.name), f)) for f in features}
    crossed = []
    for names in intersections:
        if unknown := [name for name in names if name not in found]:
            raise ValueError(
                f"intersections name {unknown[0]!r}, which is none of the features "
                f"{', '.join(found)}."
            )
        groups = cross([found[name][2] for name in names])
        strictest = max(found[name][0].threshold for name in names)
        crossed.append((Feature(groups.name, threshold=strictest), list(names), groups))
    return [*found.values(), *crossed]


def _pairs(groups: Groups, marks: _Marks) -> list[np.ndarray]:
    """Count rows of the majority (0) and of each group (1) by stratum, label and prediction: (2,
    strata, 3, 3).
    """
    counted = marks.outcome != 2
    stratum = 0 if marks.stratum is None else marks.stratum
    shape = (len(groups.labels), 1 if marks.stratum is None else marks.stratum.max() + 1, 3, 3)
    cells = ((groups.codes * shape[1] + stratum) * 3 + marks.label) * 3 + marks.prediction
    table = np.bincount(cells[counted], minlength=np.prod(shape)).reshape(shape)
    majority = table[groups.positions("majority")].sum(axis=0)
    return [np.stack([majority, group]) for group in table]


def _flips(
    others: pd.DataFrame, groups: Groups, position: int, marks: _Marks, rng: np.random.Generator
) -> tuple:
    """Run the flip test of one group against the majority."""
    counted = marks.outcome != 2
    reference = np.isin(groups.codes, groups.positions("majority"))
    return flip_test(
        others,
        counted & (groups.codes == position),
        counted & reference,
        marks.prediction == 1,
        rng,
        REPLICATES,
    )


def _measure(pair: np.ndarray, has_strata: bool, rng: np.random.Generator) -> dict[str, tuple]:
    """Compute all metrics but FT of one comparison (2, strata, 3, 3): name to (value, replicates,
    note).
    """
    cells = pair.ravel()
    stack = np.zeros((REPLICATES + 1, len(cells)))
    stack[0] = cells
    used = np.flatnonzero(cells)
    if len(used):
        stack[1:, used] = rng.multinomial(cells.sum(), cells[used] / cells.sum(), size=REPLICATES)
    stack = stack.reshape(-1, *pair.shape)
    values = metrics.compute(stack.sum(axis=2))
    if has_strata:
        by_stratum = np.swapaxes(stack, 1, 2)
        values["CDDL"] = metrics.conditional_disparity(by_stratum[..., :2, :].sum(axis=-1))
        values["CDDPL"] = metrics.conditional_disparity(by_stratum[..., :2].sum(axis=-2))
    return {name: (float(value[0]), value[1:], "") for name, value in values.items()}


def _rows(feature: str, group: str, pair: np.ndarray, measured: dict[str, tuple]) -> list[dict]:
    """Write the metrics of one group as rows of a frame, in alphabetical order within each
    stage.
    """
    rows = []
    for name, about in METRICS.items():
        value, replicates, note = measured.get(
            name, (np.nan, np.empty(0), EMPTY_GROUP_VARIABLE * name.startswith("CDD"))
        )
        low, high = resampling.interval(value, replicates) if len(replicates) else (None, None)
        if np.isnan(value):
            note = note or reason(name, pair.sum(axis=1))
        row = {
            "feature": feature,
            "group": group,
            "stage": about.stage,
            "metric": name,
            "value": value + 0.0,
        }
        rows.append(
            row | {"ci_low": low, "ci_high": high, "rows": int(pair[1].sum()), "note": note}
        )
    return rows
