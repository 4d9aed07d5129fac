"""SageMaker Clarify's bias metrics, computed from counts: the question and formula of each.

One comparison is a table of counts, shape (..., 2, 3, 3): the reference group (0) and the group in
question (1), by label and by prediction, where 0 is unfavourable, 1 favourable and 2 missing.
Leading axes hold further tables, so a thousand of them take one pass. The formulas are those
of the AWS developer guide ("Pre-training bias metrics" and "Post-training data and model bias
metrics"). Corner cases are computed as Clarify's jobs do: 0/0 counts as 0, x/0 as infinity, and
distances ignore values that only one group has. In formulas, ``a`` is the reference group and ``d``
the other.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BiasMetric:
    """Describe a metric: its name in Clarify, its question in one sentence, and its direction.

    ``needs`` says which rows count: all, labelled, predicted, or both.
    """

    stage: str
    description: str
    needs: str
    meaning: str
    direction: str
    fair: float = 0.0


_PRE, _POST = "pre_training", "post_training"
_DISTANCE = "0 is equal, larger is further apart; it has no sign"
METRICS: dict[str, BiasMetric] = {
    name: BiasMetric(*rest)
    for name, *rest in (
        ("CDDL", _PRE, "Conditional Demographic Disparity in Labels (CDDL)", "labelled",
         "Within strata of the group variable, is the group a larger part of the bad labels than "
         "of the good ones?",
         "above 0: the group is a larger part of the unfavourable labels"),
        ("CI", _PRE, "Class Imbalance (CI)", "all", "Does the group have fewer rows than its "
                                                    "reference?",
         "above 0: the group has fewer rows"),
        ("DPL", _PRE, "Difference in Positive Proportions in Labels (DPL)", "labelled",
         "How much rarer is the favourable label in the group?",
         "above 0: the group has it less often"),
        ("JS", _PRE, "Jensen-Shannon Divergence (JS)", "labelled",
         "How far apart are the label distributions, each measured from their middle (in nats)?",
         _DISTANCE),
        ("KL", _PRE, "Kullback-Liebler Divergence (KL)", "labelled",
         "How surprising are the reference's labels to one who expects the group's (in nats)?",
         _DISTANCE),
        ("KS", _PRE, "Kolmogorov-Smirnov Distance (KS)", "labelled",
         "What is the largest difference in the share of any label?", _DISTANCE),
        ("LP", _PRE, "L-p Norm (LP)", "labelled",
         "How long is the straight line between the label distributions (p = 2)?",
         _DISTANCE),
        ("TVD", _PRE, "Total Variation Distance (TVD)", "labelled",
         "What share of the labels would have to change to make the distributions equal?",
         _DISTANCE),
        ("AD", _POST, "Accuracy Difference (AD)", "both",
         "How much less often is the model right about the group?",
         "above 0: the model is less accurate for the group"),
        ("CDDPL", _POST, "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
         "predicted",
         "Within strata of the group variable, is the group a larger part of the rejected than of "
         "the accepted?",
         "above 0: the group is a larger part of the rejected"),
        ("DAR", _POST, "Difference in Acceptance Rates (DAR)", "both",
         "Of those accepted, how many fewer deserved it in the group?",
         "above 0: acceptances of the group are wrong more often"),
        ("DCA", _POST, "Difference in Conditional Acceptance (DCA)", "both",
         "Deserved acceptances per acceptance given: does the model give the group more than the "
         "reference?",
         "below 0: the model accepts fewer of the group than deserve it, by the reference's "
         "measure"),
        ("DCR", _POST, "Difference in Conditional Rejection (DCR)", "both",
         "Deserved rejections per rejection given: does the model reject more of the group?",
         "below 0: the model rejects more of the group than deserve it, by the reference's "
         "measure"),
        ("DI", _POST, "Disparate Impact (DI)", "predicted",
         "For each favourable prediction in the reference group, how many has an equally large "
         "part of the group?",
         "below 1: the group gets fewer; below 0.8 breaks the four-fifths rule", 1.0),
        ("DPPL", _POST, "Difference in Positive Proportions in Predicted Labels (DPPL)",
         "predicted",
         "How much rarer is the favourable prediction in the group?",
         "above 0: the group gets it less often"),
        ("DRR", _POST, "Difference in Rejection Rates (DRR)", "both",
         "Of those rejected, how many more deserved it in the group?",
         "below 0: rejections of the group are wrong more often"),
        ("FT", _POST, "Flip Test (FT)", "predicted",
         "Do people of the group get what their nearest neighbours in the reference group get?",
         "below 0: neighbours in the reference group fare better"),
        ("GE", _POST, "Generalized Entropy (GE)", "both",
         "How unevenly are undeserved gains and losses spread over the people of both groups?",
         "0 is even, larger is less even; it has no sign"),
        ("RD", _POST, "Recall Difference (RD)", "both",
         "How many fewer of those who deserve acceptance get it in the group?",
         "above 0: the deserving of the group are accepted less often"),
        ("SD", _POST, "Specificity Difference (SD)", "both",
         "How many more of those who deserve rejection get it in the group?",
         "above 0: the undeserving of the group are rejected more often"),
        ("TE", _POST, "Treatment Equality (TE)", "both",
         "Wrong rejections per wrong acceptance: is the ratio higher for the group?",
         "above 0: errors about the group are more often wrong rejections"),
    )
}  # fmt: skip
EMPTY_GROUP_VARIABLE = "Group variable is empty or not provided"


def compute(table: np.ndarray) -> dict[str, np.ndarray]:
    """Compute every metric except CDDL, CDDPL and FT from counts (..., 2, 3, 3).

    Each has the shape (...); an undefined value is NaN.
    """
    table = np.asarray(table, float)
    rows = table.sum(axis=(-1, -2))
    labels, predictions, both = (
        table[..., :2, :].sum(-1),
        table[..., :2].sum(-2),
        table[..., :2, :2],
    )
    actual, given = both.sum(-1), both.sum(-2)
    tn, fp, fn, tp = (both[..., i, j] for i in (0, 1) for j in (0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        label_rate = labels[..., 1] / labels.sum(-1)
        rate = predictions[..., 1] / predictions.sum(-1)
        values = {
            "CI": np.where((rows > 0).all(-1), -_gap(rows) / rows.sum(-1), np.nan),
            "DPL": -_gap(label_rate),
            "DPPL": -_gap(rate),
            "DI": rate[..., 1] / rate[..., 0],
            "GE": entropy(both.sum(-3)),  # over both groups together, so one may be empty
            **_distances(labels / labels.sum(-1, keepdims=True)),
        }
        defined = (both.sum(axis=(-1, -2)) > 0).all(-1)
        for name, value in {
            "AD": -_gap(_ratio(tn + tp, both.sum(axis=(-1, -2)))),
            "DAR": -_gap(_ratio(tp, given[..., 1])),
            "DCA": -_gap(_ratio(actual[..., 1], given[..., 1])),
            "DCR": _gap(_ratio(actual[..., 0], given[..., 0])),
            "DRR": _gap(_ratio(tn, given[..., 0])),
            "RD": -_gap(_ratio(tp, actual[..., 1])),
            "SD": _gap(_ratio(tn, actual[..., 0])),
            "TE": _gap(_ratio(fn, fp)),
        }.items():
            values[name] = np.where(defined, value, np.nan)
    return values


def conditional_disparity(counts: np.ndarray) -> np.ndarray:
    """Compute CDDL or CDDPL from counts (..., strata, 2, 2) by group and outcome.

    It is the group's share of the rejected minus its share of the accepted, averaged over strata by
    their size (Wachter, Mittelstadt & Russell 2021). It is NaN if there is only one outcome.
    """
    counts = np.asarray(counts, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = _zero(counts[..., 1, :] / counts.sum(-2))
        weight = counts.sum(axis=(-1, -2))
        value = (weight * (share[..., 0] - share[..., 1])).sum(-1) / weight.sum(-1)
    both_groups, both_outcomes = counts.sum(axis=(-3, -1)) > 0, counts.sum(axis=(-3, -2)) > 0
    return np.where(both_groups.all(-1) & both_outcomes.all(-1), value, np.nan)


def reason(name: str, table: np.ndarray) -> str:
    """Say why a metric of one comparison (2, 3, 3) has no value, if possible in Clarify's words."""
    needs = METRICS[name].needs
    table = table[
        :, : 2 if needs in ("labelled", "both") else 3, : 2 if needs in ("predicted", "both") else 3
    ]
    reference, group = table.sum(axis=(1, 2))
    if not reference + group:
        wanted = {
            "labelled": "a label",
            "predicted": "a prediction",
            "both": "label and prediction",
        }
        return f"No row with {wanted.get(needs, 'a value')} in either group"
    if not group:
        return "Facet set is empty"
    if not reference:
        return "Negated facet set is empty"
    if name in ("CDDL", "CDDPL"):
        outcomes = table.sum(axis=(0, 2) if name == "CDDL" else (0, 1))
        return "No negative labels in set" if outcomes[1] else "No positive labels in set"
    return {
        "DI": "No favourable prediction in either group",
        "GE": "All predicted labels are false negatives",
    }.get(name, "No instance of common facet found, dataset may be too small")


def _gap(pair: np.ndarray) -> np.ndarray:
    """Subtract the reference's value from the group's; equal infinities differ by 0."""
    return np.where(pair[..., 0] == pair[..., 1], 0.0, pair[..., 1] - pair[..., 0])


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; 0/0 is 0."""
    return np.where((part == 0) & (whole == 0), 0.0, part / whole)


def _zero(values: np.ndarray) -> np.ndarray:
    """Replace undefined values by 0."""
    return np.where(np.isnan(values), 0.0, values)


def _distances(shares: np.ndarray) -> dict[str, np.ndarray]:
    """Compare label shares (..., 2, 2) over the labels that both groups have."""
    common = (shares > 0).all(-2)
    a, d = np.where(common, shares[..., 0, :], np.nan), np.where(common, shares[..., 1, :], np.nan)
    middle, apart = (a + d) / 2, np.abs(a - d)
    values = {
        "KL": _zero(a * np.log(a / d)).sum(-1),
        "JS": _zero(a * np.log(a / middle) + d * np.log(d / middle)).sum(-1) / 2,
        "LP": np.sqrt(_zero(apart**2).sum(-1)),
        "TVD": _zero(apart).sum(-1) / 2,
        "KS": _zero(apart).max(-1),
    }
    return {name: np.where(common.any(-1), value, np.nan) for name, value in values.items()}


def entropy(both: np.ndarray) -> np.ndarray:
    """Compute GE of counts (..., 2, 2): how uneven benefits are, alpha 2 (Speicher et al. 2018).

    A benefit is prediction - label + 1: 0, 1 or 2.
    """
    n = both.sum(axis=(-1, -2))
    fair = both[..., 0, 0] + both[..., 1, 1]
    mean = (fair + 2 * both[..., 0, 1]) / n
    return np.where(mean > 0, ((fair + 4 * both[..., 0, 1]) / n / mean**2 - 1) / 2, np.nan)
