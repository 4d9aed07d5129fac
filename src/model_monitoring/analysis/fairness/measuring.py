"""Count the outcomes of groups and compute Clarify's bias metrics from the counts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..proportions import paired_difference
from . import metrics
from .flip import flip_test
from .groups import Groups
from .intervals import TOO_FEW, Bounds, bounds
from .metrics import EMPTY_GROUP_VARIABLE, METRICS, reason

PAIRED = "adjusted Wald, of paired proportions (Bonett & Price)"
NONE = Bounds(None, None, "")


@dataclass(frozen=True)
class Marks:
    """Hold the codes of each row.

    ``label`` and ``prediction`` are 0 (unfavourable), 1 (favourable) or 2 (neither or missing).
    ``outcome`` is the one of them that groups are compared by.
    """

    label: np.ndarray
    prediction: np.ndarray
    outcome: np.ndarray
    stratum: np.ndarray | None


def pairs(groups: Groups, marks: Marks) -> list[np.ndarray]:
    """Count the rows of the majority (0) and of each group (1).

    Each table counts by stratum, label and prediction; its shape is (2, strata, 3, 3).
    """
    counted = marks.outcome != 2
    stratum = 0 if marks.stratum is None else marks.stratum
    shape = (len(groups.labels), 1 if marks.stratum is None else marks.stratum.max() + 1, 3, 3)
    cells = ((groups.codes * shape[1] + stratum) * 3 + marks.label) * 3 + marks.prediction
    table = np.bincount(cells[counted], minlength=np.prod(shape)).reshape(shape)
    majority = table[groups.positions("majority")].sum(axis=0)
    return [np.stack([majority, group]) for group in table]


def flips(
    others: pd.DataFrame, groups: Groups, position: int, marks: Marks, rng: np.random.Generator
) -> tuple[float, Bounds, str]:
    """Run the flip test of one group against the majority; the neighbours are held fixed."""
    counted = marks.outcome != 2
    reference = np.isin(groups.codes, groups.positions("majority"))
    value, moved, note = flip_test(
        others,
        counted & (groups.codes == position),
        counted & reference,
        marks.prediction == 1,
        rng,
    )
    if np.isnan(value):
        return value, NONE, note
    low, high = (float(end) for end in paired_difference(*moved))
    return value, Bounds(low, high, PAIRED), note


def measure(
    pair: np.ndarray, has_strata: bool, rng: np.random.Generator
) -> dict[str, tuple[float, Bounds, str]]:
    """Compute all metrics except FT of one comparison, a table of shape (2, strata, 3, 3).

    Returns (value, bounds, note) by name.
    """
    values = metrics.compute(pair.sum(axis=1))
    if has_strata:
        by_stratum = np.swapaxes(pair, 0, 1)
        values["CDDL"] = metrics.conditional_disparity(by_stratum[..., :2, :].sum(axis=-1))
        values["CDDPL"] = metrics.conditional_disparity(by_stratum[..., :2].sum(axis=-2))
    found = bounds(pair, has_strata, rng)
    return {name: (float(value), found[name], "") for name, value in values.items()}


def metric_rows(
    feature: str, group: str, pair: np.ndarray, measured: dict[str, tuple[float, Bounds, str]]
) -> list[dict]:
    """Write the metrics of one group as rows of a frame, in alphabetical order in each stage."""
    rows = []
    for name, about in METRICS.items():
        unmeasured = np.nan, NONE, EMPTY_GROUP_VARIABLE if name.startswith("CDD") else ""
        value, (low, high, method), note = measured.get(name, unmeasured)
        if np.isnan(value):
            note = note or reason(name, pair.sum(axis=1))
        if not np.isfinite(value):
            low, high, method = None, None, "" if np.isnan(value) else TOO_FEW
        elif low is not None:
            # Clarify leaves out a label that one group lacks, and so may lie outside
            low, high = min(low, value), max(high, value)
        row = {
            "feature": feature,
            "group": group,
            "stage": about.stage,
            "metric": name,
            "value": value + 0.0,  # -0.0 becomes 0.0
            "ci_low": low,
            "ci_high": high,
            "method": method,
            "rows": int(pair[1].sum()),
            "note": note,
        }
        rows.append(row)
    return rows
