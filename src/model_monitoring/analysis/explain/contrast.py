"""Explain one answer by contrast: the smallest change that flips it, and what could change without
flipping it.

OpenScale's two halves: the pertinent negative is the smallest change that turns the answer, here
only over features that a person can change; the pertinent positive is the largest change towards
ordinary values that keeps it. Both ask the model alone. (dice-ml draws many random counterfactuals
where one smallest is wanted, and bounds no calls.)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype

Score = Callable[[pd.DataFrame], Sequence[float]]
STEPS = 8
BEAM = 6
REFINED = 4
FINE = 16
MAX_CHANGES = 4
# Rows that a round of _unneeded wants for a feature: two for itself, three to move a number part of
# the way
ROUND = 5
MAX_ROWS = 3000


@dataclass(frozen=True)
class Contrast:
    """Hold the contrastive explanation of one row.

    Attributes:
        score, favourable: the model's answer, and whether it reaches the threshold.
        flip: the smallest change that turns the answer, a row a feature: feature, now, changed;
            empty if none found.
        flip_score: the answer after that change; None if none found.
        keep: every feature: feature, now, could_be (as far towards the ordinary value as all of
            these can go together without turning the answer) and needed (it could not move at all).
        scored_rows: rows that the model was asked for.
    """

    score: float
    favourable: bool
    flip: pd.DataFrame
    flip_score: float | None
    keep: pd.DataFrame
    scored_rows: int


class _Asker:
    """Ask the model about variants of one row, and count them. Callers see that ``left`` doesn't
    fall below 0.
    """

    def __init__(self, score: Score, row: pd.DataFrame, threshold: float):
        self.score, self.threshold, self.rows, self.left = score, threshold, 0, 0
        self.kinds, self.now = row.dtypes, row.to_dict("records")[0]
        self.start = float(self([{}])[0])
        self.favourable = self.start >= threshold

    def __call__(self, changes: Sequence[dict]) -> np.ndarray:
        """Score the row under each change, a dict of new values by feature; shape
        (len(changes),).
        """
        self.rows += len(changes)
        self.left -= len(changes)
        return np.asarray(
            self.score(pd.DataFrame([self.now | one for one in changes]).astype(self.kinds)), float
        )

    def flips(self, scores: np.ndarray) -> np.ndarray:
        """Tell which scores lie on the other side of the threshold."""
        return (scores >= self.threshold) != self.favourable

    def is_number(self, name: str) -> bool:
        """Tell whether the row has a number here."""
        return is_numeric_dtype(self.kinds[name]) and pd.notna(self.now[name])

    def steps(self, name: str, near, far, fine: int = FINE) -> list:
        """List values from ``near`` to ``far`` in ``fine`` steps, both included, whole where the
        feature is.
        """
        values = np.linspace(near, far, fine + 1)
        whole = is_integer_dtype(self.kinds[name])
        return list(
            dict.fromkeys(np.round(values).astype(int).tolist() if whole else values.tolist())
        )


def contrast(
    score: Score,
    row: pd.DataFrame,
    background: pd.DataFrame,
    changeable: Sequence[str],
    *,
    protected: Sequence[str] = (),
    threshold: float = 0.5,
    max_rows: int = MAX_ROWS,
) -> Contrast:
    """Explain one row by contrast, in at most ``max_rows`` model rows.

    A flip changes as few features as possible, at most four, and among those that change equally
    many is the nearest found: numbers count by their distance in (robust) standard deviations of
    the background, a category as one. Single changes are tried exhaustively on eight quantiles of a
    number and on every category, then refined; several at once by a beam search over the six most
    promising.

    Args:
        score: the probability of the favourable outcome for each row of a frame.
        row: a frame of the one row to explain.
        background: training rows: they give the values that occur and the ordinary ones (medians
            and modes).
        changeable: features that a person can change.
        protected: features that no advice may touch.
        threshold: from which score on the outcome is favourable.
        max_rows: of the model; fewer make the search coarser.

    Raises:
        ValueError: more than one row, unknown columns, or a protected feature listed as changeable.
    """
    if len(row) != 1:
        raise ValueError(f"contrast explains one row, not {len(row)}.")
    if touched := set(changeable) & set(protected):
        raise ValueError(
            f"{', '.join(sorted(touched))}: protected, so never advice; take it out of changeable."
        )
    if unknown := (set(changeable) - set(row)) | (set(row) - set(background)):
        raise ValueError(
            f"{', '.join(sorted(unknown))}: no such column in both the row and the background."
        )
    ask = _Asker(score, row, threshold)
    # The others are for _unneeded
    ask.left = max_rows - min(max_rows // 3, 2 * ROUND * len(ask.now))
    flip = _smallest_flip(ask, background, changeable)
    listed = [
        {"feature": name, "now": ask.now[name], "changed": value} for name, value in flip.items()
    ]
    table = pd.DataFrame(listed, columns=["feature", "now", "changed"], dtype=object)
    flip_score = float(ask([flip])[0]) if flip else None
    ask.left = max(0, max_rows - ask.rows)
    keep = _unneeded(ask, background)
    return Contrast(ask.start, ask.favourable, table, flip_score, keep, ask.rows)


def _smallest_flip(ask: _Asker, background: pd.DataFrame, changeable: Sequence[str]) -> dict:
    """Search one change, then two and more at once, until something flips; empty if nothing
    does.
    """
    single = [
        {name: value}
        for name in changeable
        for value in _candidates(background[name], ask.now[name])
    ]
    distance = _distance(ask.now, background)
    beam = [{}]
    for _ in range(MAX_CHANGES):
        grown = [held | one for held in beam for one in single if not set(one) & set(held)]
        grown = list({tuple(sorted(change.items(), key=str)): change for change in grown}.values())
        grown = grown[: max(0, ask.left - 2 * REFINED * (FINE + 1))]
        if not grown:
            break
        scores = ask(grown)
        flips = ask.flips(scores)
        if flips.any():
            nearest = {}  # by the features changed: one change of each kind is worth refining
            for change in sorted(
                (one for one, flip in zip(grown, flips, strict=True) if flip), key=distance
            ):
                nearest.setdefault(tuple(change), change)
            return min(
                (_refine(ask, change) for change in list(nearest.values())[:REFINED]), key=distance
            )
        progress = (scores - ask.start) * (-1 if ask.favourable else 1)
        beam = [grown[at] for at in np.argsort(-progress, kind="stable")[:BEAM]]
    return {}


def _candidates(seen: pd.Series, now) -> list:
    """List other values of a feature: every category, or eight quantiles of a number."""
    if is_numeric_dtype(seen):
        seen = seen.quantile(np.linspace(0, 1, STEPS), interpolation="nearest")
    return [value for value in seen.dropna().drop_duplicates().tolist() if value != now]


def _distance(now: dict, background: pd.DataFrame) -> Callable[[dict], float]:
    """Return a function that measures a change: numbers by their scale, a category as one."""
    numbers = background.select_dtypes("number")
    # The standard deviation, were they normal
    scale = (numbers - numbers.median()).abs().median() * 1.4826
    scale = scale.where(scale > 0, numbers.std()).replace(0, 1).fillna(1)
    return lambda change: sum(
        abs(value - now[name]) / scale[name] if name in scale else 1.0
        for name, value in change.items()
    )


def _refine(ask: _Asker, change: dict) -> dict:
    """Move each changed number back towards its present value as far as the answer stays
    flipped.
    """
    for name in [name for name in change if ask.is_number(name)]:
        near, far = ask.now[name], change[name]
        for _ in range(2):
            steps = ask.steps(name, near, far)
            if len(steps) > ask.left:
                return change
            flips = ask.flips(ask([change | {name: value} for value in steps]))
            first = max(1, int(flips.argmax()) if flips.any() else len(steps) - 1)
            near, far = steps[first - 1], steps[first]
        change = change | {name: far}
    return change


def _unneeded(ask: _Asker, background: pd.DataFrame) -> pd.DataFrame:
    """Move features to ordinary values, those that cost least first, as long as the answer
    stays.
    """
    usual = {
        name: _usual(background[name], is_integer_dtype(kind)) for name, kind in ask.kinds.items()
    }
    held, left, stuck = {}, [name for name in ask.now if usual[name] != ask.now[name]], set()
    left = left[: ask.left // ROUND]
    while left and ROUND * len(left) <= ask.left:
        alone = ask([held | {name: usual[name]} for name in left])
        stuck = {name for name, flips in zip(left, ask.flips(alone), strict=True) if flips}
        left = [left[at] for at in np.argsort(-alone if ask.favourable else alone, kind="stable")]
        together = [held | {name: usual[name] for name in left[: n + 1]} for n in range(len(left))]
        flips = ask.flips(ask(together))
        movable = int(flips.argmax()) if flips.any() else len(left)
        if not movable:
            break
        held, left = together[movable - 1], left[movable:]
    numbers = list(filter(ask.is_number, left))
    for name in numbers:  # as far as they can go
        steps = ask.steps(name, ask.now[name], usual[name], min(FINE, ask.left // len(numbers) - 1))
        flips = ask.flips(ask([held | {name: value} for value in steps]))
        held[name] = steps[int(flips.argmax()) - 1 if flips.any() else -1]
    table = pd.DataFrame({"feature": list(ask.now), "now": list(ask.now.values())}, dtype=object)
    table["could_be"] = pd.Series(
        [held.get(name, now) for name, now in ask.now.items()], dtype=object
    )
    table["needed"] = [
        name in stuck and held.get(name, now) == now for name, now in ask.now.items()
    ]
    return table


def _usual(seen: pd.Series, whole: bool):
    """Return the ordinary value of a feature: the median (one that occurs, of whole numbers) or the
    mode, if any.
    """
    if not is_numeric_dtype(seen):
        return next(iter(seen.mode()), None)
    return int(seen.quantile(0.5, interpolation="lower")) if whole else float(seen.median())
