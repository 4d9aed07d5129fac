"""Three of Model Monitor's checks, those of a column's cells: type, completeness and categories.

Mode aws compares a share with its limit. Mode exact also asks how often chance alone does as much:
a limit learned from a baseline is a share of its rows, and counts as such; one that somebody wrote
into constraints.json is taken at its word.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from . import constraints, features, tolerance
from .categories import BOOLEANS, same_case
from .columns import Column
from .drift import Mode

_ALIKE = 1e-9  # shares that differ less are the same, written to fewer digits


class Look(NamedTuple):
    """What a check came to.

    ``violation`` is None if the share keeps its limit. ``chance`` is how likely a clean window is
    as far from it; a look that no window of this size could fail by chance is not ``counted``.
    """

    violation: dict[str, str] | None
    chance: float = 1.0
    counted: bool = False


def looks(
    column: Column, feature: dict, config: dict, known: dict[str, Any] | None, mode: Mode
) -> Iterator[Look]:
    """Check the cells of a settled column.

    Args:
        column: the window's.
        feature: its entry in constraints.json.
        config: its settings.
        known: its entry in the baseline's statistics.json, if there is one.
        mode: aws or exact.
    """
    if feature["inferred_type"] != "Unknown" and column.present:
        yield _data_type(column, feature["inferred_type"], config, known, mode)
    yield _completeness(column, feature.get("completeness", 0.0), known)
    domain = (feature.get("string_constraints") or {}).get("domains")
    if domain and column.present:
        yield _categories(column, domain, config, known, mode)


def violation(feature: str, kind: str, description: str) -> dict[str, str]:
    """Return an entry of constraint_violations.json."""
    return {"feature_name": feature, "constraint_check_type": kind, "description": description}


def _data_type(column: Column, expected: str, config: dict, known: dict | None, mode: Mode) -> Look:
    """Compare the share of present cells of the expected type with the threshold."""
    share, threshold = column.share_of(expected, mode), config["datatype_check_threshold"]
    text = (
        f"Data type match requirement is not met. Expected data type: {expected}, "
        f"Expected match: {java_double(threshold * 100)}%. "
        f"Observed: Only {java_double(share * 100)}% of data is {expected}."
    )
    found = violation(column.name, "data_type_check", text) if share < threshold else None
    others = round((1 - share) * column.present)
    learned = known and known["inferred_type"] == expected and threshold == _default("datatype")
    present, _ = _rows(known)
    there = (0, present) if learned and present else None
    return _look(found, others, column.present, 1 - threshold, there)


def _completeness(column: Column, expected: float, known: dict | None) -> Look:
    """Compare the share of present cells with the baseline's."""
    text = (
        f"Data completeness requirement is not met. Expected: {java_double(expected * 100)}%. "
        f"Observed: Only {java_double(column.completeness * 100)}%."
    )
    short = column.completeness < expected
    found = violation(column.name, "completeness_check", text) if short else None
    present, missing = _rows(known)
    stated = present + missing > 0 and abs(present / (present + missing) - expected) < _ALIKE
    there = (missing, present + missing) if stated else None
    rows = column.present + column.missing
    return _look(found, column.missing, rows, 1 - expected, there)


def _categories(
    column: Column, domain: list[str], config: dict, known: dict | None, mode: Mode
) -> Look:
    """Compare the share of present cells in the baseline's domain with the threshold.

    In mode exact it doesn't matter how booleans are written.

    The message is that of the AWS container of 2019, with its trailing blank; no later wording has
    been published.
    """
    allowed, threshold = set(domain), config["domain_content_threshold"]
    if mode == "exact":
        alike = {value.lower() for value in allowed & BOOLEANS}
        allowed |= {value for value in BOOLEANS if value.lower() in alike}
    inside = sum(map(column.rows_of, allowed))
    share = inside / column.present
    text = f"Value: {java_double(share)} does not meet the constraint requirement! "
    found = violation(column.name, "categorical_values_check", text) if share < threshold else None
    counts = features.counts(known) if known else {}
    outside = column.present - inside
    if set(counts) != set(domain) or threshold != _default("domain"):
        return _look(found, outside, column.present, 1 - threshold, None)
    then = same_case(counts)
    now = same_case({value: column.rows_of(value) for value in allowed})
    new = {value: n for value, n in same_case(column.listed).items() if value not in then}
    rest = outside - sum(new.values())  # a long list of values isn't complete
    chance = tolerance.unseen(then, now | new | ({"": rest} if rest > 0 else {}))
    return Look(found, chance, outside > 0 or tolerance.often_unseen(then, column.present))


def _look(
    found: dict | None, here: int, m: int, limit: float, there: tuple[int, int] | None
) -> Look:
    """Judge how many of m rows are of a kind: against a baseline's rows, or against a limit."""
    if there:
        return Look(found, tolerance.above(*there, here, m), tolerance.possible(*there, here, m))
    return Look(found, tolerance.beyond(here, m, limit), limit > _ALIKE or here > 0)


def _rows(known: dict[str, Any] | None) -> tuple[int, int]:
    """Return how many rows of a baseline have a value and how many don't; 0 if it doesn't say."""
    kind = "numerical" if known and "numerical_statistics" in known else "string"
    common = ((known or {}).get(f"{kind}_statistics") or {}).get("common")
    common = common if isinstance(common, dict) else {}
    rows = common.get("num_present"), common.get("num_missing")
    return rows if all(isinstance(count, int) for count in rows) else (0, 0)


def _default(check: str) -> float:
    name = "datatype_check_threshold" if check == "datatype" else "domain_content_threshold"
    return constraints.MONITORING_CONFIG[name]


def java_double(value: float) -> str:
    """Write a float as Java's Double.toString does: 0.001 <= x < 10,000,000 plain, else 1.0E-5."""
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = exponent + len(digits) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"
