"""Explain predictions by attribution: how much each feature moved them, and whether that drifts.

Attributions are Shapley values. A feature that isn't in a coalition takes its value from the
background rows (the interventional game of Lundberg & Lee 2017). A prediction is explained in
log-odds, where effects add up: the base value plus the attributions is the log-odds of the
prediction. ``attribute`` needs only a callable, and samples coalitions (KernelSHAP, from the shap
package). ``linear`` and ``tree`` know the model and are exact for the same game, so they agree
with ``attribute``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import ndcg_score

from ..wording import counted
from .scoring import Score, call, coalitions, log_odds

SAMPLES = 250
DRIFT_THRESHOLD = 0.9


@dataclass(frozen=True)
class Attribution:
    """Hold the explanations of n rows.

    ``values`` (n, features), ``base`` and ``outputs`` (n,) share one unit: log-odds, or the
    model's own if the link is identity. ``base + values.sum(axis=1)`` is ``outputs``.
    ``scored_rows`` counts the rows that the model scored.
    """

    values: pd.DataFrame
    base: float
    outputs: np.ndarray
    scored_rows: int


def background(score: Score, rows: pd.DataFrame, size: int = 10) -> pd.DataFrame:
    """Pick ``size`` background rows from training rows, evenly from lowest to highest score.

    Their mean score is close to that of all rows, so an explanation compares with the average row.
    """
    order = np.argsort(call(score, rows), kind="stable")
    size = min(size, len(rows))
    places = ((np.arange(size) + 0.5) * len(rows) / size).astype(int)
    return rows.iloc[order[places]]


def attribute(
    score: Score,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    *,
    samples: int = SAMPLES,
    link: str = "logit",
    seed: int = 0,
    progress: bool = False,
) -> Attribution:
    """Explain rows by calling the model, which can be of any kind.

    Args:
        score: one number per row of a frame; for the logit link a probability. Called with at most
            5,000 rows.
        rows: n rows to explain, one column per feature; strings are fine.
        background: b rows that represent the average, with the same columns.
        samples: coalitions of features to try, at least twice as many as features. The model scores
            ``(samples + 2) * b`` rows per explanation: 2,520 with 10 background rows. All n
            explanations share the coalitions and the batches.
        link: "logit", or "identity" for regression and for models that return labels.
        seed: of the coalitions; the same seed gives the same explanation.
        progress: show a progress bar.

    Raises:
        ValueError: no rows, other columns in the background, too few samples, or scores that
            aren't probabilities with the logit link.
    """
    for name, frame in (("rows", rows), ("background", background)):
        if not len(frame):
            raise ValueError(f"{name} is empty: it needs at least one row.")
    if list(rows.columns) != list(background.columns):
        raise ValueError(
            "rows and background must have the same columns in the same order, not"
            f" {list(rows.columns)!r:.200} and {list(background.columns)!r:.200}."
        )
    if samples < 2 * len(rows.columns):
        raise ValueError(
            f"samples is {samples}; {counted(len(rows.columns), 'feature needs', 'features need')}"
            f" {2 * len(rows.columns)} or more."
        )
    import shap  # takes seconds to import, because it compiles: only explanations should wait

    scored = []

    def game(masks: np.ndarray) -> np.ndarray:
        """Average the scores of each coalition and row over the background; shape (m, n)."""
        scores = coalitions(score, rows, background, np.asarray(masks) > 0, progress)
        scored.append(scores)
        return (log_odds(scores) if link == "logit" else scores).mean(axis=2)

    # One game with n outputs: the players are the features, absent (0) or present (1). So shap
    # draws the coalitions once and solves its regression for all rows. It draws from numpy's global
    # generator, whose state is restored afterwards.
    state = np.random.get_state()
    try:
        np.random.seed(seed)
        explainer = shap.KernelExplainer(game, np.zeros((1, rows.shape[1])))
        values = explainer.shap_values(
            np.ones((1, rows.shape[1])), nsamples=samples, l1_reg=False, silent=True
        )
    finally:
        np.random.set_state(state)
    if link == "logit" and all(np.isin(scores, (0, 1)).all() for scores in scored):
        raise ValueError(
            "The model returns labels (only 0 and 1), not probabilities; explain it with "
            "link='identity'."
        )
    values = np.asarray(values)[0].reshape(rows.shape[::-1]).T
    base = float(np.ravel(explainer.expected_value)[0])
    return Attribution(
        values=pd.DataFrame(values, rows.index, rows.columns),
        base=base,
        outputs=base + values.sum(axis=1),
        scored_rows=sum(scores.size for scores in scored),
    )


def linear(
    coefficients: np.ndarray, intercept: float, rows: np.ndarray, background: np.ndarray, names
) -> Attribution:
    """Explain a linear (or logistic) model exactly, from its coefficients.

    Args:
        coefficients, intercept: shape (c,) and a number, as in a linear-learner model.
        rows, background: encoded as the model receives them, shapes (n, c) and (b, c).
        names: the feature behind each of the c columns; the columns of one feature (one-hot) are
            added up.
    """
    centre = np.asarray(background, float).mean(axis=0)
    values = (np.asarray(rows, float) - centre) * coefficients
    base = float(centre @ coefficients + intercept)
    return Attribution(_by_feature(values, names), base, base + values.sum(axis=1), 0)


def tree(model, rows: np.ndarray, background: np.ndarray, names) -> Attribution:
    """Explain a tree ensemble exactly, over the same background.

    This is interventional TreeSHAP (Lundberg et al. 2020). ``model`` is what shap.TreeExplainer
    takes, such as an XGBoost booster or a scikit-learn forest. The other arguments are those of
    ``linear``. If a feature has several columns, each of them is a player, and their sum is only
    close to the feature's attribution.
    """
    import shap

    explainer = shap.TreeExplainer(
        model, np.asarray(background, float), feature_perturbation="interventional"
    )
    values = explainer.shap_values(np.asarray(rows, float), check_additivity=False)
    base = float(np.ravel(explainer.expected_value)[0])
    return Attribution(_by_feature(values, names), base, base + values.sum(axis=1), 0)


def global_attributions(values: pd.DataFrame) -> pd.Series:
    """Average the absolute attributions of each feature (Clarify's mean_abs), largest first."""
    return values.abs().mean().sort_values(ascending=False, kind="stable")


def attribution_drift(baseline: pd.Series, current: pd.Series) -> float:
    """Compare two global attributions: nDCG of the current ranking, 1 for the baseline's order.

    Gains are the baseline's attributions (AWS, "Feature attribution drift"). Raises ValueError
    if the features differ.
    """
    if set(baseline.index) != set(current.index):
        odd = sorted(set(baseline.index) ^ set(current.index))
        raise ValueError(
            "baseline and current attributions differ in the features "
            f"{', '.join(map(str, odd[:5]))}."
        )
    if len(baseline) < 2 or not baseline.any():
        return 1.0
    return float(ndcg_score([baseline.to_numpy()], [current[baseline.index].to_numpy()]))


def drift_violations(ndcg: float, label: str = "label0") -> dict:
    """Return the attribution monitor's constraint_violations.json: one entry if nDCG is below 0.9.

    The format is that of AWS.
    """
    entry = {
        "label": label,
        "metric_name": "shap",
        "constraint_check_type": "feature_attribution_drift_check",
        "description": f"Feature attribution drift {ndcg} exceeds threshold {DRIFT_THRESHOLD}",
    }
    return {"version": "1.0", "violations": [entry] if ndcg < DRIFT_THRESHOLD else []}


def clarify_section(attribution: Attribution, label: str = "label0") -> dict:
    """Return the explanations of Clarify's analysis.json: global attributions, expected value."""
    values = {str(name): float(value) for name, value in attribution.values.abs().mean().items()}
    return {
        "kernel_shap": {label: {"global_shap_values": values, "expected_value": attribution.base}}
    }


def _by_feature(values: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Add up the columns that belong to one feature; features keep the order of their columns."""
    return pd.DataFrame(values, columns=list(names)).T.groupby(level=0, sort=False).sum().T
