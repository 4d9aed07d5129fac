"""Which scored rows a person must look at, and why."""

import hashlib
from datetime import datetime

import numpy as np
import pandas as pd

from model_monitoring.analysis.data_quality import consistency
from model_monitoring.datamart.companion.answers import PREDICTION as DEBIASED
from model_monitoring.datamart.reviews.rules import Rule
from model_monitoring.datamart.rows import windows
from model_monitoring.datamart.watched import WatchedModel


def choose(
    subscription: WatchedModel,
    rule: Rule,
    baseline: dict | None,
    start: datetime | None,
    end: datetime | None,
) -> tuple[pd.DataFrame, list[str]]:
    """Choose the rows of a window that a person must look at.

    Returns:
        One row per chosen row, oldest first, with columns scoring_id, record_id, row_number,
            scored_at, prediction, score and reasons (a list of "score", "audit", "violation",
            "disagreement"); and notes on what couldn't be checked, and why.

    Raises:
        ValueError: there is no payload yet.
    """
    asset, notes = subscription.asset, []
    judged = rule.violations and baseline is not None
    if rule.violations and not judged:
        notes.append(
            "violation: there is no baseline; drift_monitoring.enable() makes one from the"
            " training data"
        )
    has_companion = any(column.name == DEBIASED for column in subscription.table().columns)
    names = {
        asset["prediction_column"],
        asset["probability_column"],
        DEBIASED if has_companion else None,
    } - {None}
    names |= {each["name"] for each in baseline["constraints"]["features"]} if judged else set()
    about, rows = windows.identified(subscription, names, start, end)
    marks = {
        "audit": np.array(
            [drawn(name, rule.seed, rule.audit_share) for name in about["scoring_id"]], dtype=bool
        )
    }
    predictions, scores = rows[asset["prediction_column"]], np.full(len(rows), np.nan)
    if asset["probability_column"]:
        scores = _scores(rows[asset["probability_column"]])
    if rule.low is not None:
        marks["score"] = scores.between(rule.low, rule.high)
    if judged and len(rows):
        marks["violation"] = violating(rows, baseline)
    if rule.disagreements and has_companion:
        marks["disagreement"] = (
            (rows[DEBIASED] != predictions) & rows[DEBIASED].notna() & predictions.notna()
        )
    marks = pd.DataFrame(marks, index=rows.index, dtype=bool)
    marks = marks[marks.any(axis=1).astype(bool)]
    reasons = [[name for name, marked in row.items() if marked] for row in marks.to_dict("records")]
    chosen = about.assign(prediction=predictions, score=scores).loc[marks.index]
    chosen["reasons"] = pd.Series(reasons, marks.index, dtype=object)
    return chosen.sort_values(["scored_at", "scoring_id"], ignore_index=True), notes


def _scores(column: pd.Series) -> pd.Series:
    """Return a score per row: the highest, if a row has a probability for each class."""
    return column.map(np.max).astype(float) if column.dtype == object else column


def drawn(scoring_id: str, seed: int, share: float) -> bool:
    """Tell whether a row is in the audit sample, which depends only on its id and the seed."""
    digest = hashlib.blake2b(f"{seed} {scoring_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def violating(rows: pd.DataFrame, baseline: dict) -> np.ndarray:
    """Mark the rows that break a constraint learned from the training data.

    This includes negative values of a column that had none. `baseline` is what drift monitoring
    keeps. Its constraints are those of `consistency.learn`: ranges, known categories, missing
    cells, combinations.
    """
    marks = consistency.find_inconsistent(rows, baseline["consistency"]).rows.copy()
    for feature in baseline["constraints"]["features"]:
        if (feature.get("num_constraints") or {}).get("is_non_negative"):
            marks |= (pd.to_numeric(rows[feature["name"]], errors="coerce") < 0).to_numpy()
    return marks
