"""One row and one plain sentence per group: its size, its favourable rate, and any bias."""

import numpy as np

from .. import resampling
from .groups import Feature, Groups

SMALL = 30


def summarise(
    feature: Feature,
    groups: Groups,
    position: int,
    counts: np.ndarray,
    score: tuple | None,
    rng: np.random.Generator,
) -> dict:
    """Summarise one group as a row of ``Fairness.groups``.

    Args:
        counts: (2, 2): the majority groups (0) and this one (1), by unfavourable (0) and favourable
            (1) outcome.
        score: the fairness score with perturbation and its replicates; None: computed from
            ``counts``.
    """
    favourable, n = int(counts[1, 1]), int(counts[1].sum())
    rate, rate_low, rate_high = resampling.wilson(favourable, n) or (np.nan, None, None)
    row = {
        "feature": feature.name,
        "group": groups.labels[position],
        "role": groups.roles[position],
        "rows": n,
    }
    row |= {
        "favourable": favourable,
        "favourable_rate": rate,
        "rate_low": rate_low,
        "rate_high": rate_high,
    }
    row |= {
        "reference_rate": np.nan,
        "fairness_score": np.nan,
        "score_low": None,
        "score_high": None,
    }
    row |= {"threshold": np.nan, "biased": False, "finding": "", "warning": ""}
    if groups.roles[position] != "minority":
        if groups.roles[position] == "missing":
            row["warning"] = f"{feature.name} is missing in these rows; they are not compared"
        return row
    perturbed = score is not None
    value, replicates = score or _score(counts, rng)
    if not counts.sum(axis=1).all():  # twins alone say nothing about an empty group
        value = np.nan
    row["score_low"], row["score_high"] = resampling.interval(value, replicates)
    row |= {
        "fairness_score": value,
        "threshold": feature.threshold,
        "biased": bool(value < feature.threshold),
    }
    row["reference_rate"] = counts[0, 1] / counts[0].sum() if counts[0].any() else np.nan
    row["warning"] = _warning(counts, value)
    row["finding"] = _finding(row, counts, groups, perturbed) if row["biased"] else ""
    return row


def _score(counts: np.ndarray, rng: np.random.Generator) -> tuple[float, np.ndarray]:
    """Divide the group's favourable rate by the majority's.

    The score is NaN if either group is empty, or if the majority has no favourable outcome.
    """
    drawn = resampling.resample_counts(counts, rng) if counts.any() else np.zeros((1, 2, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.stack([counts, *drawn])[..., 1] / np.stack([counts, *drawn]).sum(axis=-1)
        ratio = rates[:, 1] / np.where(rates[:, 0] > 0, rates[:, 0], np.nan)
    return float(ratio[0]), ratio[1:]


def _warning(counts: np.ndarray, score: float) -> str:
    """Say why the score has little meaning, if it has."""
    reference, n = counts.sum(axis=1)
    if not n:
        return "no row of this group in the window"
    if not reference:
        return "no row of the majority in the window"
    if np.isnan(score):
        return (
            "no row of the majority has a favourable outcome, so there is nothing to compare with"
        )
    if min(n, reference) >= SMALL:
        return ""
    smaller = "this group" if n <= reference else "the majority"
    return f"only {min(n, reference)} rows in {smaller}: too few to say"


def _finding(row: dict, counts: np.ndarray, groups: Groups, perturbed: bool) -> str:
    """Write the sentence about a biased group."""
    majority = ", ".join(groups.labels[at] for at in groups.positions("majority"))
    text = (
        f"{row['feature']} {row['group']}: {row['favourable']} of {row['rows']} "
        f"({row['favourable_rate']:.1%}) have a "
        f"favourable outcome, against {counts[0, 1]} of {counts[0].sum()} "
        f"({row['reference_rate']:.1%}) "
        f"for {majority}: the fairness "
        f"score{', each row counted in the other group too,' if perturbed else ''} is "
        f"{row['fairness_score']:.3f}"
    )
    if row["score_low"] is None:
        return f"{text}, below {row['threshold']:g}."
    text += (
        f" (95% interval {row['score_low']:.3f} to {row['score_high']:.3f}), below "
        f"{row['threshold']:g}"
    )
    return text + (
        ", though chance alone could put it there."
        if row["score_high"] >= row["threshold"]
        else "."
    )
