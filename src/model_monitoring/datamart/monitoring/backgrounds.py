"""The training rows that explanations start from."""

from collections.abc import Callable, Collection, Sequence

import pandas as pd
from pandas.api.types import is_numeric_dtype

from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.texts import check_frame

TRAINING_ROWS = 1000  # of the training data, which are kept
FEW = 5  # background rows per explanation if there are many, and the minimum
SINGLE = 200  # coalitions tried for one explanation


def check(
    rows: pd.DataFrame,
    features: Sequence[str],
    changeable: Sequence[str],
    protected: Sequence[str],
) -> None:
    """Raise ValueError if rows lack a feature or are too few, or settings contradict each other."""
    if absent := [name for name in features if name not in rows]:
        raise ValueError(f"The background lacks the feature columns {', '.join(map(str, absent))}.")
    check_frame(rows[features], "background")
    if unknown := [name for name in (*changeable, *protected) if name not in features]:
        raise ValueError(
            f"{unknown[0]!r} is not a feature; the features are {', '.join(features)}."
        )
    if touched := [name for name in changeable if name in protected]:
        raise ValueError(
            f"{touched[0]!r} is protected, so it is never part of advice: remove it from"
            " changeable."
        )
    if len(rows) < FEW:
        raise ValueError(
            f"The background has {counted(len(rows), 'row')}; at least {FEW} are needed, and a"
            " few hundred are better."
        )


def sampled(rows: pd.DataFrame, features: Sequence[str], dropped: Collection[str]) -> pd.DataFrame:
    """Draw the rows that are kept, without the values of fields that are never stored."""
    count = min(len(rows), TRAINING_ROWS)
    drawn = rows[features].sample(count, random_state=0).reset_index(drop=True)
    return drawn.assign(**dict.fromkeys(dropped))


def coalitions(features: Sequence[str]) -> int:
    """Return how many coalitions one explanation tries: at least twice the number of features."""
    return max(SINGLE, 2 * len(features))


def as_trained(rows: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """Restore the types of numbers and booleans, which the payload may hold as another or as text.

    What isn't of the type stays as it is.
    """
    found = {}
    for kind, rule in (("number", coercing.number), ("integer", coercing.whole)):
        for name in training.select_dtypes(kind):
            if kind == "integer" or not is_numeric_dtype(rows[name]):
                found[name] = _read(rows[name], rule)
    for name in training.select_dtypes("bool"):
        found[name] = _read(rows[name], coercing.boolean)
    return rows.assign(**found)


def _read(values: pd.Series, rule: Callable[[object], object]) -> pd.Series:
    try:
        read = [rule(value) for value in values.astype(object).where(values.notna(), None)]
    except ValueError:
        return values
    return pd.Series(read, values.index, dtype=object if None in read else None)
