"""One yes or no in two spellings: true and false in one file, 1 and 0 in another."""

import numpy as np

from . import features
from .columns import Column
from .statistics import Profile


def matched(profile: Profile, known: dict[str, dict]) -> tuple[Profile, list[str]]:
    """Spell a window's flags as its baseline does.

    A column of nothing but true and false counts as 1 and 0 where the baseline holds only these,
    and the reverse. Anything else stays as it is.

    Args:
        profile: of the window.
        known: the baseline's features by name, as statistics.json has them.

    Returns:
        The profile, another one if a column changed, and the names of the columns that changed.
    """
    changed = {}
    for name, column in profile.columns.items():
        if name in known and (found := _spelt(column.settled(), known[name])):
            changed[name] = found
    if not changed:
        return profile, []
    profile = profile.rename({name: name for name in profile.columns})
    profile.columns |= changed
    return profile, list(changed)


def _spelt(column: Column, known: dict) -> Column | None:
    """Return the column in the baseline's spelling; None if it is in it, or is no flag."""
    if _is_listed(column, {"true", "false"}) and (digits := _digits(known)) is not None:
        yes = sum(rows for value, rows in column.listed.items() if value.lower() == "true")
        return _made(column, np.repeat(digits, [yes, column.present - yes]))
    texts = _is_listed(column, {"0", "1"})
    if (texts or _is_zero_or_one(column)) and (spelling := _spelling(known)):
        yes = column.listed.get("1", 0) if texts else round(column.total)
        values = [spelling["true"]] * yes + [spelling["false"]] * (column.present - yes)
        return _made(column, np.array(values, dtype=object))
    return None


def _made(column: Column, values: np.ndarray) -> Column:
    made = Column(column.name, column.awaited)
    made.add(values)
    made.missing = column.missing
    return made.settled()


def _is_listed(column: Column, words: set[str]) -> bool:
    """Return whether a column holds text, and nothing but these words."""
    values = column.listed
    spelt = {value.lower() for value in values}
    return bool(values) and spelt <= words and sum(values.values()) == column.present


def _is_zero_or_one(column: Column) -> bool:
    bounded = column.numbers and {column.low, column.high} <= {0.0, 1.0}
    return bool(bounded) and column.present == column.numbers == column.whole


def _digits(known: dict) -> np.ndarray | None:
    """Return 1 and 0 as a baseline's feature holds them, numbers or categories; None if it has
    other values.
    """
    if (values := features.counts(known)) and set(values) <= {"0", "1"}:
        return np.array(["1", "0"], dtype=object)
    return np.array([1, 0]) if _only_zero_and_one(known) else None


def _only_zero_and_one(known: dict) -> bool:
    """Return whether a baseline's feature is a number that was always 0 or 1."""
    numbers = known.get("numerical_statistics") or {}
    distribution = (numbers.get("distribution") or {}).get("kll") or {}
    levels = (distribution.get("sketch") or {}).get("data") or []
    return bool(levels) and {value for level in levels for value in level} <= {0.0, 1.0}


def _spelling(known: dict) -> dict[str, str] | None:
    """Return how a baseline's feature of nothing but true and false spells them."""
    values = features.counts(known)
    spelt = {value.lower(): value for value in values}
    if not values or len(spelt) < len(values) or not set(spelt) <= {"true", "false"}:
        return None
    upper = next(iter(values))[0].isupper()
    return {
        word: spelt.get(word, word.capitalize() if upper else word) for word in ("true", "false")
    }
