"""Explain a model's answers: how much each feature moved one answer, or all of them, and whether
that drifts.

Attributions are Shapley values: a feature that isn't known takes its value from background rows
    (the interventional
game of Lundberg & Lee 2017). The answer is explained in log-odds, where effects add up: base value
plus attributions is the log-odds of the answer. ``attribute`` needs only a callable and samples
coalitions (KernelSHAP, from the shap package); ``linear`` and ``tree`` know the model and are exact
for the same game, so the two agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import ndcg_score
from tqdm.auto import tqdm

Score = Callable[[pd.DataFrame], Sequence[float]]
BATCH = 5_000
SAMPLES = 250
DRIFT_THRESHOLD = 0.9


@dataclass(frozen=True)
class Attribution:
    """Hold the explanations of n rows: ``values`` (n, features), ``base`` and ``outputs`` (n,) with
    the same unit.

    The unit is log-odds, or what the model answers where the link is identity. ``base +
    values.sum(axis=1)`` is ``outputs``. ``scored_rows`` counts the rows that the model was asked
    for.
    """

    values: pd.DataFrame
    base: float
    outputs: np.ndarray
    scored_rows: int


def background(score: Score, rows: pd.DataFrame, size: int = 10) -> pd.DataFrame:
    """Pick the background from training rows: ``size`` rows at even steps from the lowest answer to
    the highest.

    Their mean answer is close to that of all rows, which is what "compared with the average" should
    mean.
    """
    order = np.argsort(_ask(score, rows), kind="stable")
    places = ((np.arange(min(size, len(rows))) + 0.5) * len(rows) / min(size, len(rows))).astype(
        int
    )
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
    """Explain rows by asking the model, whatever it is.

    Args:
        score: one number per row of a frame; for the logit link a probability. Called with at most
            5,000 rows.
        rows: n rows to explain, one column a feature; text is fine.
        background: b rows that stand for the average, same columns.
        samples: coalitions of features tried, at least twice as many as features. The model is
            asked for ``(samples + 2) * b`` rows per explanation: 2,520 with 10 background rows. All
            n explanations share coalitions, and batches.
        link: "logit", or "identity" for regression and for models that answer labels.
        seed: of the coalitions; the same seed gives the same explanation.
        progress: show a bar.

    Raises:
        ValueError: no rows, other columns in the background, too few samples, or answers that are
            no probabilities with the logit link.
    """
    if not len(rows) or not len(background) or list(rows.columns) != list(background.columns):
        raise ValueError(
            "rows and background must both have rows, and the same columns in the same order."
        )
    if samples < 2 * len(rows.columns):
        raise ValueError(
            f"samples is {samples}; {len(rows.columns)} features need {2 * len(rows.columns)} or "
            "more."
        )
    import shap  # compiles on import, for seconds: only those who explain should wait

    asked = []

    def game(masks: np.ndarray) -> np.ndarray:
        """Answer for every coalition (m, features) and row, averaged over the background: (m,
        n).
        """
        answers = _coalitions(score, rows, background, np.asarray(masks) > 0, progress)
        asked.append(answers)
        return (_log_odds(answers) if link == "logit" else answers).mean(axis=2)

    # One game with n outputs: players are features, absent (0) or present (1). So shap draws the
    # coalitions once, and solves its regression for all rows. It draws from numpy's global
    # generator, which is put back afterwards.
    state = np.random.get_state()
    try:
        np.random.seed(seed)
        explainer = shap.KernelExplainer(game, np.zeros((1, rows.shape[1])))
        values = explainer.shap_values(
            np.ones((1, rows.shape[1])), nsamples=samples, l1_reg=False, silent=True
        )
    finally:
        np.random.set_state(state)
    if link == "logit" and all(np.isin(answers, (0, 1)).all() for answers in asked):
        raise ValueError(
            "The model answers labels (only 0 and 1), no probabilities; explain it with "
            "link='identity'."
        )
    values = np.asarray(values)[0].reshape(rows.shape[::-1]).T
    base, scored = (
        float(np.ravel(explainer.expected_value)[0]),
        sum(answers.size for answers in asked),
    )
    return Attribution(
        pd.DataFrame(values, rows.index, rows.columns), base, base + values.sum(axis=1), scored
    )


def _coalitions(
    score: Score, rows: pd.DataFrame, background: pd.DataFrame, masks: np.ndarray, progress
) -> np.ndarray:
    """Ask for every coalition (m, features), row and background row: the row's values where the
    mask is true.
    """
    together = pd.concat([rows, background], ignore_index=True)
    columns = {name: together[name].array for name in together}
    shape = (len(masks), len(rows), len(background))
    answers = np.empty(np.prod(shape))
    for start in tqdm(
        range(0, answers.size, BATCH),
        disable=not progress or answers.size <= BATCH,
        desc="explaining",
    ):
        cells = np.arange(start, min(start + BATCH, answers.size))
        mask, row, other = np.unravel_index(cells, shape)
        picks = [np.where(masks[mask, at], row, len(rows) + other) for at in range(len(columns))]
        mixed = {
            name: column.take(pick)
            for (name, column), pick in zip(columns.items(), picks, strict=True)
        }
        answers[cells] = _ask(score, pd.DataFrame(mixed))
    return answers.reshape(shape)


def linear(
    coefficients: np.ndarray, intercept: float, rows: np.ndarray, background: np.ndarray, names
) -> Attribution:
    """Explain a linear (or logistic) model exactly, from its coefficients.

    Args:
        coefficients, intercept: shape (c,) and a number, as a linear-learner model holds them.
        rows, background: encoded as the model gets them, shapes (n, c) and (b, c).
        names: the feature behind each of the c columns; columns of one feature (one-hot) are added
            up.
    """
    centre = np.asarray(background, float).mean(axis=0)
    values = (np.asarray(rows, float) - centre) * coefficients
    base = float(centre @ coefficients + intercept)
    return Attribution(_by_feature(values, names), base, base + values.sum(axis=1), 0)


def tree(model, rows: np.ndarray, background: np.ndarray, names) -> Attribution:
    """Explain a tree ensemble exactly, over the same background (interventional TreeSHAP, Lundberg
    et al. 2020).

    ``model`` is what shap.TreeExplainer takes: an XGBoost booster, a scikit-learn forest. Arguments
    as in ``linear``. Where a feature has several columns each is a player of its own and their sum
    only comes close to the feature's.
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
    """Compare two global attributions: nDCG of the current ranking, 1 where the order is the
    baseline's.

    Gains are the baseline's attributions (AWS, "Feature attribution drift"). Raises ValueError
    where the features differ.
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
    """Write constraint_violations.json of AWS's attribution monitor: one entry where nDCG is below
    0.9.
    """
    entry = {
        "label": label,
        "metric_name": "shap",
        "constraint_check_type": "feature_attribution_drift_check",
        "description": f"Feature attribution drift {ndcg} exceeds threshold {DRIFT_THRESHOLD}",
    }
    return {"version": "1.0", "violations": [entry] if ndcg < DRIFT_THRESHOLD else []}


def clarify_section(attribution: Attribution, label: str = "label0") -> dict:
    """Write the explanations of Clarify's analysis.json: global attributions and expected value."""
    values = {str(name): float(value) for name, value in attribution.values.abs().mean().items()}
    return {
        "kernel_shap": {label: {"global_shap_values": values, "expected_value": attribution.base}}
    }


def _by_feature(values: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Add up the columns that belong to one feature, in order of first appearance."""
    return pd.DataFrame(values, columns=list(names)).T.groupby(level=0, sort=False).sum().T


def _ask(score: Score, rows: pd.DataFrame) -> np.ndarray:
    """Ask the model for rows and check that it answers each."""
    answers = np.asarray(score(rows), float)
    if answers.shape != (len(rows),):
        raise ValueError(
            f"score gave an answer of shape {answers.shape} for {len(rows)} rows; one number a "
            "row is needed."
        )
    return answers


def _log_odds(answers: np.ndarray) -> np.ndarray:
    """Turn probabilities into log-odds, kept within a millionth of 0 and 1."""
    if not ((answers >= 0) & (answers <= 1)).all():
        raise ValueError("The model answers no probabilities; explain it with link='identity'.")
    kept = np.clip(answers, 1e-6, 1 - 1e-6)
    return np.log(kept / (1 - kept))
