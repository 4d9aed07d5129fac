"""What a reviewer sees: a row's values beside the training data, its prediction and explanation."""

from collections.abc import Mapping, Sequence

import numpy as np

from model_monitoring import review
from model_monitoring.analysis.data_quality import kll
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.rows import places
from model_monitoring.datamart.tables import tables

PERCENTILES = (0.05, 0.5, 0.95)
BARS = 12
WORDS = {
    "audit": "drawn at random",
    "violation": "breaks a constraint learned from the training data",
    "disagreement": "the de-biased companion predicts otherwise",
}


def distributions(statistics: Mapping | None, features: Sequence[str]) -> dict[str, dict]:
    """Summarise each feature's values in training, from the content of statistics.json.

    A number has low, median and high (5th, 50th and 95th percentile) and bars: its histogram from
    low to high, with the tallest bar as 1. A category has the shares of its categories. Features
    that the file lacks are left out.
    """
    found = {}
    for feature in (statistics or {}).get("features", ()):
        if feature["name"] not in features:
            continue
        if numbers := feature.get("numerical_statistics"):
            found[feature["name"]] = _of_numbers(numbers["distribution"]["kll"]["sketch"]["data"])
        elif (
            counted := feature["string_statistics"]
            .get("distribution", {})
            .get("categorical", {})
            .get("buckets")
        ):
            total = sum(each["count"] for each in counted)
            found[feature["name"]] = {
                "shares": {each["value"]: each["count"] / total for each in counted}
            }
    return found


def _of_numbers(levels: list) -> dict:
    values, weights = kll.weighted_values(levels)
    ranks = np.cumsum(weights) / weights.sum()
    low, median, high = (float(values[np.searchsorted(ranks, share)]) for share in PERCENTILES)
    shown = {
        name: float(f"{value:.4g}")
        for name, value in (("low", low), ("median", median), ("high", high))
    }
    if shown["low"] == shown["high"]:
        return shown
    counts, _ = np.histogram(values, BARS, (low, high), weights=weights)
    return shown | {"bars": (counts / counts.max()).round(3).tolist()}


def reasons(names: Sequence[str], low: float | None, high: float | None) -> list[str]:
    """Say in words why a row was sent."""
    words = WORDS | {"score": f"score between {low:g} and {high:g}" if low is not None else ""}
    return [words[name] for name in names]


def task_input(cursor: Cursor, subscription_id: int, task_id: str, form: Mapping) -> dict:
    """Compose a task's input from the current payload, in the form of `review.default_template`.

    Raises:
        TaskGone: a row was just erased.
    """
    cursor.execute(
        "SELECT scoring_id, record_id, row_number, scored_at, prediction, score, reasons"
        " FROM review_row WHERE task_id = %s ORDER BY position",
        [task_id],
    )
    names = [column.name for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    table = tables.read(cursor, subscription_id)
    columns = [table.named(name).column_name for name in form["features"]]
    values = places.find(cursor, table.payload, columns, rows)
    explained = _explanations(cursor, subscription_id, [row["scoring_id"] for row in rows])
    if len(values) < len(rows):
        raise review.TaskGone("Rows of this task were erased just now.")
    return {
        "instructions": form["instructions"],
        "labels": form["labels"],
        "rows": [
            {
                "id": row["scoring_id"],
                "features": [
                    _feature(name, value, form["distributions"].get(name, {}))
                    for name, value in zip(
                        form["features"], values[row["record_id"], row["row_number"]], strict=True
                    )
                ],
                "prediction": {"label": row["prediction"], "score": row["score"]},
                "reasons": reasons(row["reasons"], form["low"], form["high"]),
            }
            | explained.get(row["scoring_id"], {})
            for row in rows
        ],
    }


def _explanations(
    cursor: Cursor, subscription_id: int, scoring_ids: Sequence[str]
) -> dict[str, dict]:
    """Read the newest explanation of each row that has one.

    The features that moved the prediction most come first.
    """
    cursor.execute(
        "SELECT DISTINCT ON (scoring_id) scoring_id, content->'attributions' FROM explanation"
        " WHERE subscription_id = %s AND scoring_id = ANY (%s)"
        " ORDER BY scoring_id, created_at DESC",
        [subscription_id, list(scoring_ids)],
    )
    return {
        scoring_id: {
            "explanation": [
                {"name": part["feature"], "weight": part["attribution"]} for part in parts
            ]
        }
        for scoring_id, parts in cursor.fetchall()
    }


def _feature(name: str, value: object, distribution: Mapping) -> dict:
    feature = {"name": name, "value": value}
    if "shares" not in distribution:
        return feature | distribution
    return feature | (
        {} if value is None else {"share": distribution["shares"].get(_text(value), 0.0)}
    )


def _text(value: object) -> str:
    """Write a category as statistics.json does."""
    return str(value).lower() if isinstance(value, bool) else str(value)
