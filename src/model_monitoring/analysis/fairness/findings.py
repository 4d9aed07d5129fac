"""One row and one plain sentence per group: its size, its favourable rate, and any bias."""

import numpy as np

from ..not_measured import NotMeasured
from ..proportions import exact
from ..wording import counted
from . import judging
from .groups import Feature, Groups

SMALL = 30
EQUALITY = 1.0  # the score of a model that treats both groups alike


def summarise(
    feature: Feature,
    groups: Groups,
    position: int,
    counts: np.ndarray,
    twins: np.ndarray | None,
) -> dict:
    """Summarise one group as a row of ``Fairness.groups``; ``judging.decide`` calls it biased.

    Args:
        counts: (2, 2): the majority groups (0) and this one (1), by unfavourable (0) and favourable
            (1) outcome.
        twins: the group's outcomes by live row, from ``perturbation.by_row``; None: the score is
            computed from ``counts``.
    """
    favourable, n = int(counts[1, 1]), int(counts[1].sum())
    rate, rate_low, rate_high = np.nan, None, None
    if n:
        rate, (rate_low, rate_high) = favourable / n, map(float, exact(favourable, n))
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
    row |= {"threshold": np.nan, "p_value": np.nan, "q_value": np.nan}
    row |= {"score_method": "", "biased": False, "finding": "", "warning": ""}
    if groups.roles[position] != "minority":
        if groups.roles[position] == "missing":
            row["warning"] = f"{feature.name} is missing in these rows; they are not compared"
        return row
    judge, seen = (judging.of_counts, counts) if twins is None else (judging.of_twins, twins)
    score, equal = judge(seen, feature.threshold), judge(seen, EQUALITY)
    if not counts.sum(axis=1).all():  # twins alone say nothing about an empty group
        score = judging.NO_SCORE
    row["warning"] = _warning(counts, score.value)
    if not n and groups.alike[position]:
        row["warning"] += f"; there is {groups.alike[position]!r}: is that what is meant?"
    row |= {
        "fairness_score": score.value,
        "score_low": score.low,
        "score_high": score.high,
        "score_method": score.method,
        "threshold": feature.threshold,
        "p_value": score.p_value,
        "reference_rate": counts[0, 1] / counts[0].sum() if counts[0].any() else np.nan,
    }
    # Of too few rows nothing can be said, neither way
    if score.value < feature.threshold and not row["warning"]:
        row["finding"] = _sentence(row, counts, groups, twins is not None, equal.p_value)
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
    return f"only {counted(few, 'row')} in {smaller}: too few to say"


def _sentence(
    row: dict, counts: np.ndarray, groups: Groups, perturbed: bool, by_chance: float
) -> str:
    """Write the sentence about a group below its threshold, as far as "below 0.8".

    ``by_chance`` is the probability of so low a score if both groups are treated alike. What
    follows "below 0.8" is about another model: one that is just at the threshold.
    """
    majority = ", ".join(groups.labels[at] for at in groups.positions("majority"))
    said = [f"equal treatment would give so low a score with probability {by_chance:.2g}"]
    if row["score_low"] is not None:
        said.insert(0, f"95% interval {row['score_low']:.3f} to {row['score_high']:.3f}")
    return (
        f"{row['feature']} {row['group']}: {row['favourable']} of {row['rows']} "
        f"({row['favourable_rate']:.1%}) have a "
        f"favourable outcome, against {counts[0, 1]} of {counts[0].sum()} "
        f"({row['reference_rate']:.1%}) "
        f"for {majority}: the fairness "
        f"score{', each row counted in the other group too,' if perturbed else ''} is "
        f"{row['fairness_score']:.3f} ({'; '.join(said)}), below {row['threshold']:g}"
    )
