"""Drift of one feature, from the statistics of both sides: a row of comparison.compare's table."""

from typing import Any

import numpy as np

from . import categories, constraints, divergence, drift, effects, power, ranks, shapes
from .effects import Effect

NUMERIC = ("Integral", "Fractional")
LEFT_OUT = "not compared: "
EARLIER = f"{LEFT_OUT}a window of an earlier version"


def compare(known: dict, seen: dict, config: dict, mode: drift.Mode, pair: list) -> dict[str, Any]:
    """Compare one feature's statistics of both sides.

    In mode exact ``drifted`` still has to be held against what is real (comparison.judge), and
    ``looks`` is what power.visible needs.
    """
    row = {"type": known["inferred_type"], "drifted": False, "note": ""}
    return row | (_as_aws if mode == "aws" else _exact)(known, seen, config, pair)


def _as_aws(known: dict, seen: dict, config: dict, _: list) -> dict[str, Any]:
    """Compare columns of one type, as Model Monitor does."""
    types = known["inferred_type"], seen["inferred_type"]
    if types[0] != types[1]:
        return {"note": f"{LEFT_OUT}{types[0]} in the baseline, {types[1]} now"}
    if types[0] in NUMERIC:
        return _numeric(known, seen, config, "aws", [])
    listed = [counts(feature) for feature in (known, seen)]
    if not all(listed):
        return {"note": f"{LEFT_OUT}too many different values, or none"}
    return _categorical(*listed, config, "aws")


def _exact(known: dict, seen: dict, config: dict, pair: list) -> dict[str, Any]:
    """Compare whatever both sides can be compared by."""
    types = known["inferred_type"], seen["inferred_type"]
    if "Unknown" in types:
        if types[0] == types[1]:
            return {"note": "no value on either side"}
        side = "the window" if types[0] != "Unknown" else "the baseline"
        return {"note": f"{LEFT_OUT}{side} has no value in it"}
    if types[0] in NUMERIC and types[1] in NUMERIC:
        return _numeric(known, seen, config, "exact", pair)
    if types[0] == "String" and _by_categories(known):
        return _listed(known, seen, config)
    shape = [
        shapes.of_numbers(side) if side["inferred_type"] in NUMERIC else side.get("shape")
        for side in (known, seen)
    ]
    if seen.get("earlier"):
        return {"note": EARLIER}
    if None in shape:
        side = "baseline" if shape[0] is None else "window"
        return {"note": f"{LEFT_OUT}the {side}'s statistics.json says too little of this text"}
    if types[0] in NUMERIC:
        return _number_part(known, *shape, config)
    return _shaped(*shape, config)


def _by_categories(known: dict) -> bool:
    """Return whether a text column's values can be compared one by one; see shapes.needed."""
    listed, shape = counts(known), known.get("shape")
    if shape is None:
        return True
    return bool(listed) and not (len(listed) > shapes.FEW and shapes.mostly_numbers(shape))


def _listed(known: dict, seen: dict, config: dict) -> dict[str, Any]:
    """Compare rows per category of the baseline; what it lacks is one more, if it is too much to be
    listed.
    """
    then = counts(known)
    if not then:
        reason = "the baseline lists no values of this text and not its shape: make a new baseline"
        return {"note": LEFT_OUT + reason}
    now = counts(seen)
    if not now and seen.get("earlier"):  # of many texts, it kept the first ones alone
        return {"note": EARLIER}
    if not now and "rows_of" in seen:
        now = {value: seen["rows_of"](value) for value in then}
        kind = "string" if seen["inferred_type"] == "String" else "numerical"
        present = seen[f"{kind}_statistics"]["common"]["num_present"]
        now["(others)"] = now.get("(others)", 0) + present - sum(now.values())
    if not now:
        return {"note": f"{LEFT_OUT}the window's statistics.json lists no values of this text"}
    then, now = categories.same_case(then), categories.same_case(now)
    return _categorical(then, now, config, "exact")


def _number_part(known: dict, shape: dict, seen: dict, config: dict) -> dict[str, Any]:
    """Compare a column of numbers with the numbers in one that holds other cells as well."""
    if not shapes.readable(seen):
        return {"note": f"{LEFT_OUT}the window has no number in it"}
    part = {"numerical_statistics": {"distribution": {"kll": {"sketch": {"data": seen["levels"]}}}}}
    left = seen["texts"] - seen["amounts"]
    return _numeric(known, part, config, "exact", []) | {
        "note": f"compared by its numbers; cells left out: {left}"
        if left
        else "compared as amounts"
    }


def _shaped(known: dict, seen: dict, config: dict) -> dict[str, Any]:
    """Compare two shapes by the aspect in which they differ most."""
    found = list(shapes.aspects(known, seen))
    simple = config["comparison_method"] == "Simple"
    distances = [one.gap if simple else drift.robust(*one[1:4]) for one in found]
    # Of several looks, the luckiest proves less (Bonferroni)
    chances = [min(1.0, one.chance * len(found)) for one in found]
    least = max(effects.ALPHA, min(chances))
    seen_at = [at for at, chance in enumerate(chances) if chance <= least]
    worst = max(seen_at, key=lambda at: (distances[at], found[at].gap))
    text = not shapes.mostly_numbers(known)
    key = "categorical_comparison_threshold" if text else "comparison_threshold"
    n, m = found[worst].n, found[worst].m
    effect = effects.of_steps(found[worst].gap, n, m)
    return {
        "rows_reference": found[0].n,
        "rows_current": found[0].m,
        "linf": found[worst].gap,
        "distance": distances[worst],
        "threshold": config[key],
        "p_value": _tested(min(chances), n, m),
        "psi": np.nan,
        "jensen_shannon": np.nan,
        "wasserstein": np.nan,
        "note": f"compared by its shape: {found[worst].name}" if distances[worst] else "",
        "looks": (2 * len(found), 0.5),
    } | _judged(effect, config, key, distances[worst] > config[key])


def _tested(p_value: float, n: float, m: float) -> float:
    """Return a p-value, NaN for too few rows to show anything (comparison.not_measured)."""
    return p_value if drift.robust(1.0, n, m) else np.nan


def _judged(effect: Effect, config: dict, key: str, over: bool) -> dict[str, Any]:
    """Say whether an effect matters: from 2% of the rows, unless somebody has set another limit.

    What AWS's container writes into every constraints.json (Robust, 0.1) is nobody's choice.
    """
    defaults = constraints.MONITORING_CONFIG["distribution_constraints"]
    asked = [key, "comparison_method"]
    asked += ["categorical_drift_method"] if key.startswith("categorical") else []
    chosen = any(config[name] != defaults[name] for name in asked)
    matters = over if chosen else effect.gap >= effects.MATTERS
    return {
        "effect": effect.gap,
        "effect_low": effect.low,
        "effect_high": effect.high,
        "effect_method": effect.method,
        "effect_threshold": np.nan if chosen else effects.MATTERS,
        "matters": matters,
        "drifted": config["perform_comparison"] == "Enabled" and matters,
    }


def _numeric(known: dict, seen: dict, config: dict, mode: drift.Mode, pair: list) -> dict[str, Any]:
    reference, current = (feature["numerical_statistics"] for feature in (known, seen))
    try:
        levels = [
            list(side["distribution"]["kll"]["sketch"]["data"]) for side in (reference, current)
        ]
    except (KeyError, TypeError):  # a part of it is null
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
    row = {
        "rows_reference": truth[0].rows,
        "rows_current": truth[1].rows,
        "linf": gap,
        "distance": distance,
        "threshold": config["comparison_threshold"],
        "p_value": drift.ks_p_value(gap, first.rows, second.rows),
        "psi": divergence.psi(*cells),
        "jensen_shannon": divergence.jensen_shannon(*cells),
        "wasserstein": divergence.wasserstein(*truth, reference["std_dev"]),
    }
    over = distance > config["comparison_threshold"]
    if mode == "aws":
        return row | {"drifted": config["perform_comparison"] == "Enabled" and over}
    n, m = truth[0].rows, truth[1].rows
    chance = ranks.p_value(*truth, gap, (len(levels[0]) == 1, len(levels[1]) == 1))
    effect = effects.of_steps(gap, n, m)
    judged = _judged(effect, config, "comparison_threshold", over)
    return row | judged | {"p_value": _tested(chance, n, m), "looks": None}


def counts(feature: dict) -> dict[str, int]:
    """Return rows per category, empty if the file lists none."""
    found: Any = feature
    for key in ("string_statistics", "distribution", "categorical", "buckets"):
        found = (found or {}).get(key)
    return {bucket["value"]: bucket["count"] for bucket in found or []}


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
    row = {
        "rows_reference": n,
        "rows_current": m,
        "linf": gap,
        "distance": distance,
        "threshold": threshold,
        "p_value": p_value,
        "psi": divergence.psi(*cells),
        "jensen_shannon": divergence.jensen_shannon(*cells),
        "wasserstein": np.nan,
    }
    if mode == "aws":
        return row | {"drifted": config["perform_comparison"] == "Enabled" and over}
    judged = _judged(
        categories.effect(known, seen), config, "categorical_comparison_threshold", over
    )
    looks = len(known), max(known.values()) / n
    chance = _tested(categories.p_value(known, seen), n, m)
    return row | judged | {"p_value": chance, "looks": looks}


def visible(row: dict[str, Any], features: int) -> float:
    """Return what would be seen half the time: see power.py."""
    rows = row["rows_reference"], row["rows_current"]
    if row["looks"] is None:
        return power.visible_shift(*rows, features, effects.ALPHA)
    looks, share = row["looks"]
    return power.visible_share(*rows, features, effects.ALPHA, categories=looks, share=share)
