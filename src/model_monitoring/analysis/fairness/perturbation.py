"""OpenScale's perturbation: would the same person get another prediction in the other group?

Each row gets twins that differ only in the protected attribute, and the model predicts them too.
Twins are never live traffic: they have ``source`` = "perturbed" and are in a frame of their own.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..wording import counted
from .groups import Feature, Groups, assign, column

Predict = Callable[[pd.DataFrame], Sequence]
BATCH = 5_000


def perturb(
    rows: pd.DataFrame,
    features: Sequence[Feature],
    predict: Predict,
    *,
    draws: int = 2,
    sample: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Predict the twins of live rows.

    A minority row has a twin in each majority category, and the reverse. If groups are ranges, it
    has ``draws`` twins at random values in each range. ``predict`` is called with batches, frames
    with the columns of ``rows``, and returns one prediction per row. If there are more than
    ``sample`` rows, only ``sample`` of them, drawn at random, have twins.

    Returns:
        ``rows``' columns for each twin, then source ("perturbed"), feature, group (the twin's),
        twin_of (position of the live row in ``rows``) and prediction.

    Raises:
        ValueError: a feature isn't a column of ``rows`` or breaks a rule of ``assign``, or
            ``predict`` doesn't return one prediction per row.
    """
    rng = np.random.default_rng(seed)
    drawn = np.arange(len(rows))
    if sample is not None and len(rows) > sample:
        drawn = np.sort(rng.choice(drawn, sample, replace=False))
    twins = [_twins(rows, drawn, feature, draws, rng) for feature in features]
    twins = pd.concat([part for part in twins if len(part)] or twins[:1], ignore_index=True)
    answers = []
    for start in tqdm(
        range(0, len(twins), BATCH), disable=len(twins) <= BATCH, desc="scoring twins"
    ):
        batch = twins.loc[start : start + BATCH - 1, list(rows.columns)]
        answers.extend(predict(batch))
        if len(answers) != start + len(batch):
            raise ValueError(
                f"predict returned {counted(len(answers) - start, 'prediction')} for"
                f" {counted(len(batch), 'row')}; it must return one per row."
            )
    return twins.assign(prediction=answers)


def _twins(
    rows: pd.DataFrame, drawn: np.ndarray, feature: Feature, draws: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Copy the drawn rows into the groups on the other side of one feature."""
    values = column(rows, feature.name)
    groups = assign(values, feature)
    origins, replaced, targets = [], [], []
    for role, opposite in (("minority", "majority"), ("majority", "minority")):
        live = drawn[np.isin(groups.codes[drawn], groups.positions(role))]
        for target in groups.positions(opposite):
            for choices in _values(values, groups, target, draws, rng, len(live)):
                origins.append(live)
                replaced.append(choices)
                targets.append(np.full(len(live), target))
    origin = np.concatenate(origins) if origins else np.empty(0, int)
    twins = rows.iloc[origin].reset_index(drop=True)
    twins[feature.name] = pd.Series(
        np.concatenate(replaced) if replaced else [], dtype=values.dtype
    )
    labels = np.array(groups.labels, dtype=object)
    group = labels[np.concatenate(targets)] if targets else []
    return twins.assign(source="perturbed", feature=feature.name, group=group, twin_of=origin)


def _values(values: pd.Series, groups: Groups, target: int, draws: int, rng, n: int) -> list:
    """Return the columns of n new values that put a row into a group.

    There is one for a category, and ``draws`` for a range.
    """
    member, seen = groups.members[target], values[groups.codes == target]
    if isinstance(member, pd.Interval) and np.isfinite([member.left, member.right]).all():
        if pd.api.types.is_float_dtype(values) and not (values.dropna() % 1 == 0).all():
            # Integers stay integers
            return [rng.uniform(member.left, member.right, n) for _ in range(draws)]
        low = int(np.floor(member.left + 1)) if member.open_left else int(np.ceil(member.left))
        high = int(np.ceil(member.right - 1)) if member.open_right else int(np.floor(member.right))
        drawn = [rng.integers(low, high, n, endpoint=True) for _ in range(draws)]
        return (
            drawn if pd.api.types.is_numeric_dtype(values) else [one.astype(str) for one in drawn]
        )
    if member is not None and not isinstance(member, pd.Interval):
        return [np.full(n, seen.iloc[0] if len(seen) else member)]
    if pd.api.types.is_numeric_dtype(values):
        return [rng.choice(seen, n) for _ in range(draws)] if len(seen) else []
    return [np.full(n, value) for value in pd.unique(seen)]


def by_row(
    groups: Groups, live: np.ndarray, twins: pd.DataFrame, twin_outcomes: np.ndarray
) -> dict[int, np.ndarray]:
    """Count the outcomes that OpenScale's fairness score compares, over live rows and their twins.

    Live rows without a twin don't count: they are in no group, or weren't drawn. ``live`` and
    ``twin_outcomes`` are 1 for favourable, 0 for unfavourable and 2 for neither (left out).

    Returns by position of each minority group, for each live row with its twins, (n, 4): the
    favourable ones and all in the group, then the same in all majority groups.
    """
    labels = {label: position for position, label in enumerate(groups.labels)}
    origin = twins["twin_of"].to_numpy(int)
    asked = np.unique(origin)
    group = np.concatenate([groups.codes[asked], twins["group"].map(labels).to_numpy(int)])
    owner = np.concatenate([np.arange(len(asked)), np.searchsorted(asked, origin)])
    outcome = np.concatenate([live[asked], twin_outcomes])

    def per_row(members: list[int], outcomes: tuple) -> np.ndarray:
        counted = np.isin(group, members) & np.isin(outcome, outcomes)
        return np.bincount(owner[counted], minlength=len(asked)).astype(float)

    majority = groups.positions("majority")
    kinds = ((1,), (0, 1))
    return {
        position: np.column_stack(
            [per_row(members, kind) for members in ([position], majority) for kind in kinds]
        )
        for position in groups.positions("minority")
    }
