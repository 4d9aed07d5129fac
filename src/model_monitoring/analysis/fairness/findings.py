"""One row and one plain sentence per group: its size, its favourable rate, and any bias."""

import numpy as np

from .. import resampling
from ..not_measured import NotMeasured
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
    row["warning"] = _warning(counts, value)
    if not n and groups.alike[position]:
        row["warning"] += f"; there is {groups.alike[position]!r}: is that what is meant?"
    row |= {
        "fairness_score": value,
        "threshold": feature.threshold,
        # Of too few rows nothing can be said, neither way
        "biased": bool(value < feature.threshold) and not row["warning"],
    }
    row["reference_rate"] = counts[0, 1] / counts[0].sum() if counts[0].any() else np.nan
    row["finding"] = _finding(row, counts, groups, perturbed) if row["biased"] else ""
    return row


def not_measured(rows: list[dict], ignored: int) -> list[NotMeasured]:
    """List the groups of ``summarise`` that nothing can be said of, and the rows that are in none.

    ``ignored`` rows had no outcome that counts.
    """
    found = []
    for row in rows:
        if row["role"] == "minority" and row["warning"]:
            found.append(NotMeasured("group", f"{row['feature']}: {row['group']}", row["warning"]))
        elif row["role"] == "missing" and row["rows"]:
            reason = f"{row['feature']} is unknown, so they are compared with nobody"
            found.append(NotMeasured("rows", row["feature"], reason, row["rows"]))
    if ignored:
        reason = "missing, or neither favourable nor unfavourable"
        found.append(NotMeasured("rows", "outcome", reason, ignored))
    return found


def _score(counts: np.ndarray, rng: np.random.Generator) -> tuple[float, np.ndarray]:
    """Divide the group's favourable rate by the majority's.

    The score is NaN if either group is empty, or if the majority has no favourable outcome.
    """
    drawn = resampling.resample_counts(counts, rng) if counts.any() else np.zeros((1, 2, 2))
    (n_a, good_a), (n, good) = (
        (side.sum(axis=-1), side[:, 1]) for side in np.moveaxis(np.stack([counts, *drawn]), 1, 0)
    )
    # Divided once: 60 of 100 against 75 of 100 is 0.8, not a hair less
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = good * n_a / np.where(good_a > 0, n * good_a, np.nan)
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
    few = min(n, reference)
    if few >= SMALL:
        return ""
    smaller = "this group" if n <= reference else "the majority"
    return f"only {few} {'row' if few == 1 else 'rows'} in {smaller}: too few to say"


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
