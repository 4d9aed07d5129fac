"""Explanations: from the analysis, as they are stored, and as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from model_monitoring.analysis.explain.attribution import Attribution
from model_monitoring.analysis.explain.contrast import Contrast
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.rows.chosen import ScoredRows
from model_monitoring.datamart.tables import traces

COLUMNS = {"flip": ["feature", "now", "changed"], "keep": ["feature", "now", "could_be", "needed"]}


@dataclass(frozen=True)
class Explanation:
    """Why a row was scored as it was, by the model version deployed when it was explained.

    Attributes:
        scoring_id: the row's, `<scoring id>-<row number>`.
        attributions: feature, value and attribution, the largest first. `base` plus their sum is
            `output`.
        base, output: the average prediction and the row's, on the scale of `link`: log-odds
            (logit), or unchanged (identity).
        score: the model's output, a probability or a number.
        link: "logit" or "identity".
        contrast: the smallest change that flips the prediction, and what could change without
            flipping it; None for a regression.
        asset_revision: the version of the model that was called.
        scored_rows: the number of rows that the endpoint scored.
        created_at: when it was stored.
    """

    scoring_id: str
    attributions: pd.DataFrame
    base: float
    output: float
    score: float
    link: str
    contrast: Contrast | None
    asset_revision: str
    scored_rows: int
    created_at: datetime


def content(
    row: pd.DataFrame, score: float, link: str, found: Attribution, contrast: Contrast | None
) -> dict:
    """Write an explanation as plain JSON; missing values are null."""
    values = found.values.iloc[0]
    order = values.abs().sort_values(ascending=False, kind="stable").index
    now = row.iloc[0].astype(object).where(row.iloc[0].notna(), None)
    listed = [
        {"feature": name, "value": now[name], "attribution": float(values[name])} for name in order
    ]
    about = {
        "attributions": listed,
        "base": found.base,
        "output": float(found.outputs[0]),
        "score": score,
    }
    asked = found.scored_rows + (contrast.scored_rows if contrast else 0)
    return about | {"link": link, "contrast": contrast and _plain(contrast), "scored_rows": asked}


def _plain(contrast: Contrast) -> dict:
    frames = {name: getattr(contrast, name).astype(object) for name in COLUMNS}
    tables = {
        name: frame.where(frame.notna(), None).to_dict("records") for name, frame in frames.items()
    }
    return {field: tables.get(field, value) for field, value in vars(contrast).items()}


def store(
    database: Database,
    subscription_id: int,
    row: ScoredRows,
    revision: str,
    written: Mapping,
    erasures: int,
) -> bool:
    """Store an explanation, unless the row already has one by this version of the model.

    Returns:
        False if nothing was stored because something was erased after the row was read
            (`traces.erasures`).
    """
    about = row.about.iloc[0]
    place = (about["scoring_id"], int(about["record_id"]), int(about["row_number"]))

    def work(cursor: Cursor) -> bool:
        if traces.erasures(cursor, subscription_id) != erasures:
            return False
        cursor.execute(
            "INSERT INTO explanation (subscription_id, scoring_id, record_id, row_number,"
            " asset_revision, content) VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [subscription_id, *place, revision, as_json(written)],
        )
        return True

    return database.run(work)


def find(
    database: Database, subscription_id: int, scoring_id: str, revision: str | None = None
) -> Explanation | None:
    """Return a row's explanation: the newest, or that by a model version; None if there is none."""
    rows = database.rows(
        "SELECT * FROM explanation WHERE subscription_id = %s AND scoring_id = %s"
        " AND (%s IS NULL OR asset_revision = %s) ORDER BY created_at DESC LIMIT 1",
        [subscription_id, scoring_id.replace("\0", "?"), revision, revision],
    )
    if not rows:
        return None
    held = rows[0].pop("content")
    tables = {
        name: pd.DataFrame(held["contrast"][name], columns=COLUMNS[name])
        for name in COLUMNS
        if held["contrast"]
    }
    held["contrast"] = held["contrast"] and Contrast(**held["contrast"] | tables)
    held["attributions"] = pd.DataFrame(
        held["attributions"], columns=["feature", "value", "attribution"]
    )
    return Explanation(
        **held, **{name: rows[0][name] for name in ("scoring_id", "asset_revision", "created_at")}
    )
