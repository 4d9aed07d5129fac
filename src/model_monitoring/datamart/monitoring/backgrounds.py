"""The training rows that explanations start from."""

from collections.abc import Collection, Sequence

import pandas as pd

from model_monitoring.datamart.postgres.texts import check_frame

TRAINING_ROWS = 1000  # kept, of the training data
FEW = 5  # background rows of each explanation of many, and the least there may be
SINGLE = 200  # coalitions tried for one explanation


def check(
    rows: pd.DataFrame,
    features: Sequence[str],
    changeable: Sequence[str],
    protected: Sequence[str],
) -> None:
    """Raise ValueError if rows lack a feature or are too few, or advice can't be as it is meant."""
    if absent := [name for name in features if name not in rows]:
        raise ValueError(f"The background lacks the feature columns {', '.join(map(str, absent))}.")
    check_frame(rows[features], "background")
    if unknown := [name for name in (*changeable, *protected) if name not in features]:
        raise ValueError(f"{unknown[0]!r} is no feature; features are {', '.join(features)}.")
    if touched := [name for name in changeable if name in protected]:
        raise ValueError(
            f"{touched[0]!r} is protected, so never advice: take it out of changeable."
        )
    if len(rows) < FEW:
        raise ValueError(
            f"The background has {len(rows)} rows; {FEW} are needed, some hundred are better."
        )


def sampled(rows: pd.DataFrame, features: Sequence[str], dropped: Collection[str]) -> pd.DataFrame:
    """Draw the rows that are kept, without the values of fields that are never stored."""
    count = min(len(rows), TRAINING_ROWS)
    drawn = rows[features].sample(count, random_state=0).reset_index(drop=True)
    return drawn.assign(**dict.fromkeys(dropped))


def coalitions(features: Sequence[str]) -> int:
    """Return how many coalitions one explanation tries: twice as many as features at least."""
    return max(SINGLE, 2 * len(features))


def as_trained(rows: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """Give whole numbers back their type, which a column of real numbers doesn't keep."""
    whole = training.select_dtypes("integer").columns
    kept = [name for name in whole if rows[name].notna().all() and (rows[name] % 1 == 0).all()]
    return rows.astype(dict.fromkeys(kept, int))
