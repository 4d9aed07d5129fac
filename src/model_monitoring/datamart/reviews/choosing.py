"""Which scored rows a person must look at, and why."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ as REPEATABLE_READ

from model_monitoring.analysis.data_quality import consistency
from model_monitoring.datamart.companion.answers import PREDICTION as DEBIASED
from model_monitoring.datamart.postgres.columns import INTEGER
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, TIMESTAMP, copy_out
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.records.batches import utc
from model_monitoring.datamart.reviews.rules import Rule
from model_monitoring.datamart.watched import WatchedModel

PLACE = {"record_id": INTEGER, "row_number": SHORT_INTEGER, "scored_at": TIMESTAMP}


def choose(
    subscription: WatchedModel,
    rule: Rule,
    baseline: dict | None,
    start: datetime | None,
    end: datetime | None,
) -> tuple[pd.DataFrame, list[str]]:
    """Choose the rows of a window that a person must look at.

    Returns:
        One row per chosen one, oldest first, with columns scoring_id, record_id, row_number,
        scored_at, prediction, score and reasons (a list, of "score", "audit", "violation",
        "disagreement"); and what could not be asked, and why.

    Raises:
        ValueError: there is no payload yet.
    """
    asset, notes = subscription.asset, []
    judged = rule.violations and baseline is not None
    if rule.violations and not judged:
        notes.append(
            "violation: there is no baseline; drift_monitoring.enable() makes one from the training data"
        )
    has_companion = any(column.name == DEBIASED for column in subscription.table().columns)
    names = {
        asset["prediction_column"],
        asset["probability_column"],
        DEBIASED if has_companion else None,
    } - {None}
    names |= {each["name"] for each in baseline["constraints"]["features"]} if judged else set()
    about, rows = _read(subscription, names, start, end)
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


def _read(
    subscription: WatchedModel, names: Iterable[str], start: datetime | None, end: datetime | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read ids and times, and the columns named, of the rows scored from `start` until before
    `end`.
    """
    table = subscription.table()
    columns = {("about", name): (sql.Identifier(name), kind) for name, kind in PLACE.items()}
    for column in map(table.named, names):
        columns["row", column.name] = (sql.Identifier(column.column_name), column.type)
    limits = [(">=", start), ("<", end)]
    within = [f"scored_at {sign} '{utc(time)}Z'" for sign, time in limits if time is not None]
    source = sql.SQL(f"{{}} p WHERE {' AND '.join(within) or 'true'}").format(
        sql.Identifier(table.payload)
    )

    def work(cursor: Cursor) -> tuple[dict, list]:
        arrays = copy_out(cursor, source, columns)
        records = arrays["about", "record_id"]
        ends = (int(records.min()), int(records.max())) if len(records) else (0, 0)
        # Apart from the rows: joined to as many, ids took minutes before PostgreSQL had statistics
        # of new tables.
        cursor.execute(
            "SELECT record_id, scoring_id FROM scoring_key WHERE subscription_id = %s AND record_id BETWEEN %s AND %s",
            [subscription.subscription_id, *ends],
        )
        return arrays, cursor.fetchall()

    arrays, known = subscription.database.run(work, REPEATABLE_READ)
    frames: dict[str, dict] = {"about": {}, "row": {}}
    for (part, name), values in arrays.items():
        frames[part][name] = list(values) if values.ndim > 1 else values
    about, keys = pd.DataFrame(frames["about"]), dict(known)
    ids = [
        f"{keys[record]}-{n}"
        for record, n in zip(about["record_id"], about["row_number"], strict=True)
    ]
    return about.assign(scoring_id=pd.Series(ids, dtype=object)), pd.DataFrame(frames["row"])


def _scores(column: pd.Series) -> pd.Series:
    """Return a score per row: of a list of probabilities, one per class, the greatest."""
    return column.map(np.max).astype(float) if column.dtype == object else column


def drawn(scoring_id: str, seed: int, share: float) -> bool:
    """Tell whether a row is one of the audit's, which depends on nothing but its id and the
    seed.
    """
    digest = hashlib.blake2b(f"{seed} {scoring_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def violating(rows: pd.DataFrame, baseline: dict) -> np.ndarray:
    """Mark the rows that break a constraint learned from the training data, or are negative where
    it never was.

    `baseline` is what drift monitoring keeps. Its constraints are those of `consistency.learn`:
    ranges, known categories, missing cells, combinations.
    """
    marks = consistency.find_inconsistent(rows, baseline["consistency"]).rows.copy()
    for feature in baseline["constraints"]["features"]:
        if (feature.get("num_constraints") or {}).get("is_non_negative"):
            marks |= (pd.to_numeric(rows[feature["name"]], errors="coerce") < 0).to_numpy()
    return marks
