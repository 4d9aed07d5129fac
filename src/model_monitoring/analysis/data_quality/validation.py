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
    _once(names, where)
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


_ROWS = 1e15  # more than any data set has
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
    for key in {*_SHARES, *_METHODS, "perform_comparison"} & set(config):
        raise ValueError(f"{place}: {key} belongs into distribution_constraints.")
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
    where, names = "statistics.json", []
    for at, feature in enumerate(_list(document, "features", where)):
        place = f"{where}: features[{at}]"
        _object(feature, place)
        names.append(_value(feature, "name", place, str, "text"))
        _one_of(feature, "inferred_type", place, TYPES)
        if feature["inferred_type"] in ("Integral", "Fractional"):
            _numbers(feature.get("numerical_statistics"), f"{place}.numerical_statistics")
        else:
            keys = ("string_statistics", "distribution", "categorical", "buckets")
            buckets, inside = _inside(feature, keys, place)
            _each(buckets, inside, lambda one: isinstance(one["value"], str) and one["count"] > 0)
        if feature.get("shape") is not None:
            _shape(feature["shape"], f"{place}.shape")
    _once(names, where)


def _numbers(found: Any, place: str) -> None:
    """Check numerical_statistics; if the sketch is missing, comparison.compare says what to do."""
    _object(found, place)
    levels, inside = _inside(found, ("distribution", "kll", "sketch", "data"), place)
    if levels is not None:
        _value(found, "std_dev", place, Real, "a number")
        _levels(levels, inside, needed=True)
    common = found.get("common")
    _object(common, f"{place}.common")
    for key in ("num_present", "num_missing"):
        if not 0 <= _value(common, key, f"{place}.common", Real, "a number") <= _ROWS:
            raise ValueError(f"{place}.common.{key}: {common[key]} is no number of rows.")


def _shape(shape: Any, place: str) -> None:
    """Check the shape of a text column, see shapes.describe."""
    _object(shape, place)
    rows = ("missing", "texts", "numbers", "amounts")
    counted = [_value(shape, key, place, Real, "a number") for key in rows]
    if not all(0 <= count <= _ROWS for count in counted):
        raise ValueError(f"{place}: {counted} are no numbers of rows.")
    _, texts, *read = counted
    _levels(shape.get("levels"), f"{place}.levels", needed=any(read))
    for key in ("lengths", "words", "frequent", "sample"):
        pairs = _list(shape, key, place)
        _each(pairs, f"{place}.{key}", _is_pair)
        if texts and not pairs:
            raise ValueError(f"{place}.{key} is empty, but texts is {texts:g}.")


def _levels(levels: Any, place: str, needed: bool) -> None:
    """Check a sketch's values, which are there if any are needed."""
    _each(levels, place, lambda level: isinstance(level, list) and _are_finite(level))
    if needed and not any(levels or []):
        raise ValueError(f"{place} holds no value.")


def _is_pair(pair: Any) -> bool:
    """Return whether it is what is counted (a length, a hash) and how many rows have it."""
    return len(pair) == 2 and all(map(_is_number, pair)) and 0 < pair[1] <= _ROWS


def _are_finite(values: list) -> bool:
    found = np.array(values, float)
    return found.ndim == 1 and bool(np.isfinite(found).all())


def _inside(holder: Any, keys: Iterable[str], place: str) -> tuple[Any, str]:
    """Return what lies at the end of a path of objects, None if a part of it isn't there."""
    for key in keys:
        if holder is not None:
            _object(holder, place)
            holder, place = holder.get(key), f"{place}.{key}"
    return holder, place


def _once(names: list[str], where: str) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{where}: features name {twice[0]!r} more than once.")


def _each(items: Any, place: str, holds: Callable[[Any], bool]) -> None:
    if not isinstance(items, list | None):
        raise ValueError(f"{place} is {items!r:.60}, which is no list.")
    for at, item in enumerate(items or []):
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
