"""Read a constraints.json or statistics.json critically before a run: people edit these files, and
a setting that isn't understood must not switch a check off.

Every fault is told with its place, as in ``monitoring_config.evaluate_constraints: 'enabled' is
neither Enabled nor Disabled``.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from numbers import Real
from typing import Any

import numpy as np

TYPES = ("Integral", "Fractional", "String", "Unknown")
# AWS's documentation has the first spelling on the feature, the SDK's Constraints class the second
# inside a block.
OVERRIDES = ("monitoringConfigOverrides", "monitoring_config_overrides")


def check_constraints(document: dict[str, Any]) -> None:
    """Check a constraints.json.

    Raises:
        ValueError: a value or key isn't understood; the message has its place.
    """
    where = "constraints.json"
    _keys(document, where, ("version", "features", "monitoring_config"))
    names = []
    for at, feature in enumerate(_list(document, "features", where)):
        place = f"{where}: features[{at}]"
        _object(feature, place)
        blocks = ("num_constraints", "string_constraints")
        _keys(feature, place, ("name", "inferred_type", "completeness", *blocks, *OVERRIDES))
        names.append(_value(feature, "name", place, str, "text"))
        _one_of(feature, "inferred_type", place, TYPES)
        if "completeness" in feature:
            _share(feature, "completeness", place)
        for block in blocks:
            _block(feature.get(block), f"{place}.{block}")
        _overrides(feature, place)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{where}: features name {twice[0]!r} more than once.")
    if document.get("monitoring_config") is not None:
        _config(document["monitoring_config"], f"{where}: monitoring_config")


def _block(block: Any, place: str) -> None:
    if block is None:
        return
    _object(block, place)
    _overrides(block, place)
    if "is_non_negative" in block:
        _value(block, "is_non_negative", place, bool, "true or false")
    if "domains" in block:
        if not _list(block, "domains", place):
            raise ValueError(f"{place}.domains: an empty list admits no value; leave it out.")
        for at, value in enumerate(_list(block, "domains", place)):
            if not isinstance(value, str):
                raise ValueError(f"{place}.domains[{at}]: {value!r} is no text; cells are text.")


def _overrides(holder: dict[str, Any], place: str) -> None:
    for key in OVERRIDES:
        if holder.get(key) is not None:
            _config(holder[key], f"{place}.{key}")


_SWITCH = ("Enabled", "Disabled")
_METHODS = {
    "comparison_method": ("Robust", "Simple"),
    "categorical_drift_method": ("LInfinity", "ChiSquared"),
}
_SHARES = ("comparison_threshold", "categorical_comparison_threshold")


def _config(config: Any, place: str) -> None:
    """Check a block of settings; what it leaves out has its default."""
    _object(config, place)
    switches = ("evaluate_constraints", "emit_metrics")
    thresholds = ("datatype_check_threshold", "domain_content_threshold")
    _keys(config, place, (*switches, *thresholds, "distribution_constraints"))
    for key in switches:
        _one_of(config, key, place, _SWITCH, needed=False)
    for key in thresholds:
        if key in config:
            _share(config, key, place)
    inner = config.get("distribution_constraints")
    if inner is None:
        return
    place = f"{place}.distribution_constraints"
    _object(inner, place)
    _keys(inner, place, ("perform_comparison", *_SHARES, *_METHODS))
    _one_of(inner, "perform_comparison", place, _SWITCH, needed=False)
    for key, methods in _METHODS.items():
        _one_of(inner, key, place, methods, needed=False)
    for key in _SHARES:
        if key in inner:
            _share(inner, key, place)


def check_statistics(document: dict[str, Any]) -> None:
    """Check what drift is measured by in a statistics.json.

    Raises:
        ValueError: a value isn't understood; the message has its place.
    """
    where = "statistics.json"
    for at, feature in enumerate(_list(document, "features", where)):
        place = f"{where}: features[{at}]"
        _object(feature, place)
        _value(feature, "name", place, str, "text")
        _one_of(feature, "inferred_type", place, TYPES)
        if feature["inferred_type"] not in ("Integral", "Fractional"):
            found = feature.get("string_statistics") or {}
            buckets = ((found.get("distribution") or {}).get("categorical") or {}).get("buckets")
            place += ".string_statistics.distribution.categorical.buckets"
            _each(buckets or [], place, lambda one: isinstance(one["value"], str))
            _each(buckets or [], place, lambda one: _is_number(one["count"]) and one["count"] >= 0)
            continue
        found = feature.get("numerical_statistics")
        place += ".numerical_statistics"
        _object(found, place)
        try:
            levels = found["distribution"]["kll"]["sketch"]["data"]
        except (KeyError, TypeError):
            continue  # comparison.compare says what to do
        _value(found, "std_dev", place, Real, "a number")
        place += ".distribution.kll.sketch.data"
        _each(levels, place, lambda level: np.isfinite(np.asarray(level, float)).all())


def _each(items: Any, place: str, holds: Callable[[Any], bool]) -> None:
    for at, item in enumerate(items if isinstance(items, list) else [items]):
        try:
            fine = holds(item)
        except (KeyError, TypeError, ValueError):
            fine = False
        if not fine:
            raise ValueError(f"{place}[{at}]: {str(item)[:60]!r} is not what AWS's files hold.")


def _object(value: Any, place: str) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{place}: {value!r} is no object with keys and values.")


def _keys(holder: dict[str, Any], place: str, known: Iterable[str]) -> None:
    """Refuse a key that is one of the known ones but for its spelling; others are somebody's."""
    for key in set(holder) - set(known):
        if meant := get_close_matches(key, known, 1, 0.8):
            raise ValueError(f"{place}: there is no key {key!r}; write {meant[0]!r}.")


def _list(holder: dict[str, Any], key: str, place: str) -> list:
    if not isinstance(holder.get(key), list):
        raise ValueError(f"{place}: {key} is {holder.get(key)!r:.60}, which is no list.")
    return holder[key]


def _value(holder: dict[str, Any], key: str, place: str, kind: type, words: str) -> Any:
    value = holder.get(key)
    if not isinstance(value, kind) or (kind is Real and not _is_number(value)):
        raise ValueError(f"{place}.{key}: {value!r} is not {words}.")
    return value


def _one_of(
    holder: dict[str, Any], key: str, place: str, allowed: tuple[str, ...], needed: bool = True
) -> None:
    if (key in holder or needed) and holder.get(key) not in allowed:
        value = holder.get(key)
        if len(allowed) == 2:
            raise ValueError(f"{place}.{key}: {value!r} is neither {' nor '.join(allowed)}.")
        raise ValueError(f"{place}.{key}: {value!r} is none of {', '.join(allowed)}.")


def _share(holder: dict[str, Any], key: str, place: str) -> None:
    value = holder[key]
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{place}.{key}: {value!r} is no number from 0 to 1.")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
