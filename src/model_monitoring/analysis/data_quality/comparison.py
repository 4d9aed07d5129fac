"""One table of drift: a row per feature, with its tests and distances."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from . import categories, constraints, divergence, drift
from .statistics import Profile, profile

FALSE_DISCOVERY_RATE = 0.05
_NUMERIC = ("Integral", "Fractional")

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
        One row per feature that both sides have. ``distance`` is compared with ``threshold``: for
        Robust it is the largest gap minus what chance allows, for Simple the largest gap, for
        ChiSquared the p-value, which means drift if it is *below* the threshold. ``linf`` is the
        largest gap itself, ``p_value`` that of the test, ``q_value`` the p-value after Benjamini &
        Hochberg (1995) over all features. There are also ``psi``, ``jensen_shannon``,
        ``wasserstein`` (in standard deviations of the reference) and ``drifted``. In mode exact a
        feature drifted if its distance exceeds the threshold and its q-value is at most 0.05; in
        mode aws, if its distance exceeds the threshold. ``note`` says why a feature could not be
        compared.

    From two data frames the gap of numeric features is exact. From profiles and files it comes from
    the sketches: exact up to 2,050 rows, else within about 0.2% of the rows.
    """
    raw = [_numbers(side) for side in (reference, current) if isinstance(side, pd.DataFrame)]
    known, seen = _features(reference), _features(current)
    listed = {feature["name"]: feature for feature in (rules or {}).get("features", [])}
    rows = []
    for name in known:
        if name in seen:
            config = constraints.settings(rules or {}, listed.get(name, {}))
            pair = [side[name] for side in raw if name in side]
            rows.append({"feature": name, **_row(known[name], seen[name], config, mode, pair)})
    table = pd.DataFrame(rows, columns=_COLUMNS)
    tested = table["p_value"].notna()
    if tested.any():
        table.loc[tested, "q_value"] = stats.false_discovery_control(
            table.loc[tested, "p_value"].astype(float)
        )
    if mode == "exact":
        table["drifted"] &= table["q_value"].fillna(1.0) <= FALSE_DISCOVERY_RATE
    return table


_COLUMNS = [
    "feature",
    "type",
    "rows_reference",
    "rows_current",
    "linf",
    "distance",
    "threshold",
    "p_value",
    "q_value",
]
_COLUMNS += ["psi", "jensen_shannon", "wasserstein", "drifted", "note"]


def _features(source: Source) -> dict[str, dict[str, Any]]:
    """Return the entries of a statistics.json by name."""
    if isinstance(source, pd.DataFrame):
        source = profile(source)
    document = source.statistics() if isinstance(source, Profile) else source
    return {feature["name"]: feature for feature in document["features"]}


def _numbers(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns that hold numbers, by name."""
    return {str(name): frame[name] for name in frame if frame[name].dtype.kind in "fiu"}


def _row(known: dict, seen: dict, config: dict, mode: drift.Mode, pair: list) -> dict[str, Any]:
    """Compare the statistics of one feature on both sides."""
    types = known["inferred_type"], seen["inferred_type"]
    row = {"type": types[0], "drifted": False, "note": ""}
    if types[0] != types[1]:
        return row | {"note": f"not compared: {types[0]} in the baseline, {types[1]} now"}
    if types[0] in _NUMERIC:
        return row | _numeric(known, seen, config, mode, pair)
    counts = [_counts(feature) for feature in (known, seen)]
    if not all(counts):
        return row | {"note": "not compared: too many different values, or none"}
    return row | _categorical(*counts, config, mode)


def _numeric(known: dict, seen: dict, config: dict, mode: drift.Mode, pair: list) -> dict[str, Any]:
    reference, current = (feature["numerical_statistics"] for feature in (known, seen))
    try:
        levels = [side["distribution"]["kll"]["sketch"]["data"] for side in (reference, current)]
    except KeyError:
        raise ValueError(
            f"Feature {known['name']!r} has no KLL sketch in its statistics: make a new baseline."
        ) from None
    first, second = (drift.steps(side, mode) for side in levels)
    gap = (
        drift.ks_distance(*pair)
        if len(pair) == 2 and mode == "exact"
        else drift.linf(first, second)
    )
    distance = (
        gap
        if config["comparison_method"] == "Simple"
        else drift.robust(gap, first.rows, second.rows)
    )
    truth = [drift.steps(side) for side in levels]
    cells = divergence.shares(*truth)
    return {
        "rows_reference": truth[0].rows,
        "rows_current": truth[1].rows,
        "linf": gap,
        "distance": distance,
        "threshold": config["comparison_threshold"],
        "p_value": drift.ks_p_value(gap, first.rows, second.rows),
        "psi": divergence.psi(*cells),
        "jensen_shannon": divergence.jensen_shannon(*cells),
        "wasserstein": divergence.wasserstein(*truth, reference["std_dev"]),
        "drifted": config["perform_comparison"] == "Enabled"
        and distance > config["comparison_threshold"],
    }


def _counts(feature: dict) -> dict[str, int]:
    """Return rows per category, empty if the file lists none."""
    buckets = (
        feature["string_statistics"]
        .get("distribution", {})
        .get("categorical", {})
        .get("buckets", [])
    )
    return {bucket["value"]: bucket["count"] for bucket in buckets}


def _categorical(known: dict, seen: dict, config: dict, mode: drift.Mode) -> dict[str, Any]:
    n, m = sum(known.values()), sum(seen.values())
    gap, p_value = categories.linf(known, seen), categories.chi_squared_p_value(known, seen, mode)
    threshold = config["categorical_comparison_threshold"]
    if config["categorical_drift_method"] == "ChiSquared":
        distance, over = p_value, p_value < threshold
    else:
        distance = gap if config["comparison_method"] == "Simple" else drift.robust(gap, n, m)
        over = distance > threshold
    cells = divergence.paired_counts(known, seen)
    return {
        "rows_reference": n,
        "rows_current": m,
        "linf": gap,
        "distance": distance,
        "threshold": threshold,
        "p_value": p_value,
        "psi": divergence.psi(*cells),
        "jensen_shannon": divergence.jensen_shannon(*cells),
        "wasserstein": np.nan,
        "drifted": config["perform_comparison"] == "Enabled" and over,
    }
