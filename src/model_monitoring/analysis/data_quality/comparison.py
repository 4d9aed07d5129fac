"""One table of drift: a row per feature, with its tests and distances."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..not_measured import NotMeasured
from ..wording import counted
from . import constraints, drift, effects, features, flags, shapes
from .celltypes import widened
from .statistics import Profile, profile

Source = Profile | pd.DataFrame | dict[str, Any]


def compare(
    reference: Source,
    current: Source,
    *,
    mode: drift.Mode = "exact",
    rules: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Compare two data sets feature by feature; a prediction is compared like any other column.

    Args:
        reference: a data frame, a profile, or the content of a statistics.json (also one that AWS
            wrote).
        current: the same for the window.
        mode: exact, or aws for Model Monitor's own distance (see drift.py).
        rules: the content of a constraints.json, for thresholds and methods; default: the defaults
            of AWS.

    Returns:
        One row per feature that both sides have. ``distance`` and ``threshold`` are Model
        Monitor's: for Robust it is the largest gap minus what chance allows, for Simple the largest
        gap, for ChiSquared the p-value, which means drift if it is *below* the threshold. ``linf``
        is the largest gap itself, ``p_value`` that of the test, ``q_value`` the p-value after
        Benjamini & Hochberg (1995) over all features. There are also ``psi``, ``jensen_shannon``,
        ``wasserstein`` (in standard deviations of the reference) and ``drifted``. In mode aws a
        feature drifted if its distance exceeds the threshold.

        Mode exact asks two questions, and a feature drifted if both are answered yes. ``real``: is
        it more than chance, with a q-value of at most 0.05? The tests are in ranks.py,
        categories.py and shapes.py. ``matters``: is the ``effect`` (the largest gap, as a share of
        rows, with a 95% interval from ``effect_low`` to ``effect_high`` that is computed as
        ``effect_method`` says) at least ``effect_threshold``? That is 2% of the rows; if somebody
        has set another threshold or method in the rules, ``distance`` is held against that instead,
        and effect_threshold is NaN. ``visible`` is the smallest change that would be found half the
        time with so many rows: a shift of the mean in standard deviations for numbers, a share of
        rows for others. ``note`` says why a feature could not be
        compared, or by what it was: numbers among text are compared as numbers, and text with many
        values by its shape (shapes.py). Mode aws compares neither.

    From two data frames the gap of numeric features is exact. From profiles and files it comes from
    the sketches: exact up to 2,050 rows, else within about 0.2% of the rows.

    Raises:
        ValueError: there is no such mode.
    """
    drift.check_mode(mode)
    raw = [_numbers(side) for side in (reference, current) if isinstance(side, pd.DataFrame)]
    known = _features(reference, mode)
    awaited = {name: list(features.counts(known[name])) for name in known}
    if isinstance(current, pd.DataFrame):
        current = profile(current, awaited)
    if mode == "exact" and isinstance(current, Profile):
        current, _ = flags.matched(current, known)
    seen = _features(current, mode)
    listed = {feature["name"]: feature for feature in (rules or {}).get("features", [])}
    rows = []
    for name in known:
        if name in seen:
            config = constraints.settings(rules or {}, listed.get(name, {}))
            pair = [side[name] for side in raw if name in side]
            row = features.compare(known[name], seen[name], config, mode, pair)
            rows.append({"feature": name, **row})
    if mode == "exact":
        together = sum("p_value" in row and row["p_value"] == row["p_value"] for row in rows)
        for row in rows:
            if row.get("rows_current", 0) > 0:
                row["visible"] = features.visible(row, max(1, together))
    table = pd.DataFrame(rows, columns=[*_COLUMNS, *(_EXACT if mode == "exact" else ()), *_LAST])
    return judge(table, mode=mode)[0]


def judge(
    table: pd.DataFrame | None, beside: Sequence[float] = (), *, mode: drift.Mode = "exact"
) -> tuple[pd.DataFrame | None, np.ndarray]:
    """Control false discoveries over a table's features and other p-values together.

    Returns:
        The table with ``q_value`` (and in mode exact ``real`` and ``drifted``) filled, and the
        q-values of ``beside``.
    """
    if table is None:
        return None, stats.false_discovery_control(beside) if beside else np.empty(0)
    table = table.copy()
    tested = table["p_value"].notna()
    chances = [*table.loc[tested, "p_value"].astype(float), *beside]
    q_values = stats.false_discovery_control(chances) if chances else np.empty(0)
    count = int(tested.sum())
    table.loc[tested, "q_value"] = q_values[:count]
    if mode == "exact":
        table["real"] = table["q_value"].fillna(1.0) <= effects.ALPHA
        table["matters"] = table["matters"].eq(True)
        table["drifted"] &= table["real"]
    return table, q_values[count:]


_COLUMNS = ["feature", "type", "rows_reference", "rows_current"]
_COLUMNS += ["linf", "distance", "threshold", "p_value", "q_value"]
_EXACT = ["real", "effect", "effect_low", "effect_high", "effect_method"]
_EXACT += ["effect_threshold", "matters", "visible"]
_LAST = ["psi", "jensen_shannon", "wasserstein", "drifted", "note"]


def _features(source: Source, mode: drift.Mode) -> dict[str, dict[str, Any]]:
    """Return the entries of a statistics.json by name, of a profile with each text's shape."""
    if isinstance(source, pd.DataFrame):
        source = profile(source)
    if not isinstance(source, Profile):
        return {feature["name"]: feature for feature in source["features"]}
    found = {feature["name"]: feature for feature in source.statistics()["features"]}
    if mode == "exact":
        for name, column in source.columns.items():
            column = column.settled()
            found[name]["rows_of"] = column.rows_of
            found[name]["earlier"] = not column.texts.has_shape
            if column.inferred_type == "String":
                found[name]["shape"] = shapes.describe(column)
    return found


def _numbers(frame: pd.DataFrame) -> dict[str, np.ndarray | pd.Series]:
    """Return the columns that hold numbers, by name."""
    columns = {str(name): frame[name] for name in frame if frame[name].dtype.kind in "fiu"}
    return {
        name: widened(column.to_numpy()) if isinstance(column.dtype, np.dtype) else column
        for name, column in columns.items()
    }


def not_measured(table: pd.DataFrame) -> list[NotMeasured]:
    """List the features of a drift table that could not be compared, and those of which a window is
    too small to ever show drift.
    """
    found = []
    for row in table.itertuples() if len(table) else ():
        if row.note.startswith(features.LEFT_OUT):
            reason = row.note.removeprefix(features.LEFT_OUT)
            lasting = reason.startswith("the baseline")
            found.append(NotMeasured("column", str(row.feature), reason, lasting=lasting))
        elif row.rows_current > 0 and not drift.robust(1.0, row.rows_reference, row.rows_current):
            reason = (
                counted(int(row.rows_current), "row is", "rows are") + " too few to show any drift"
            )
            found.append(NotMeasured("column", str(row.feature), reason))
    return found
