"""Check hyperparameters as SageMaker's algorithms do: against a table of allowed values."""

import math
import re
from collections.abc import Mapping

from .contract import ClientError

REQUIRED = "required"
Rule = str | tuple[str, str]
"""What a value may be: words and ranges separated by `|`, such as `auto|float[0,inf)`.

As a pair it comes with a default, or REQUIRED.
"""

_RANGE = re.compile(
    r"(?P<kind>int|float)(?P<low_end>[\[(])(?P<low>[^,]+),(?P<high>[^\])]+)(?P<high_end>[\])])"
)


def validate(given: Mapping[str, str], rules: Mapping[str, Rule]) -> dict[str, str | int | float]:
    """Check and convert `given` by `rules`, and fill in defaults.

    A parameter that has no default and isn't given is left out. The messages are those of AWS's
    open-source xgboost container.

    Raises:
        ClientError: a parameter is missing, unknown, of another type, or out of its range.
    """
    for name in given:
        if name not in rules:
            known = ", ".join(sorted(known for known in rules if not known.startswith("_")))
            raise ClientError(f"Extraneous hyperparameter found: {name}. Known are: {known}")
    values = {}
    for name, rule in rules.items():
        allowed, default = rule if isinstance(rule, tuple) else (rule, None)
        if name in given:
            values[name] = _convert(name, given[name], allowed)
        elif default is REQUIRED:
            raise ClientError(f"Missing required hyperparameter: {name}")
        elif default is not None:
            values[name] = _convert(name, default, allowed)
    return values


def _convert(name: str, text: str, allowed: str) -> str | int | float:
    """Convert one value by its rule; raises ClientError."""
    text = str(text)
    options = allowed.split("|")
    if text in options or allowed == "text":
        return text
    ranges = [match for match in map(_RANGE.fullmatch, options) if match]
    for match in ranges:
        try:
            number = int(text) if match["kind"] == "int" else float(text)
        except ValueError:
            continue
        if _inside(number, match):
            return number
        raise ClientError(
            f"Hyperparameter {name}: {text} is not in {match[0].removeprefix(match['kind'])}"
        )
    if ranges and len(options) == 1:
        raise ClientError(
            f"Hyperparameter {name}: could not parse value {text!r} as {ranges[0]['kind']}"
        )
    raise ClientError(f"Hyperparameter {name}: {text} is not in {options}")


def _inside(number: float, match: re.Match) -> bool:
    low, high = float(match["low"]), float(match["high"])
    above = number >= low if match["low_end"] == "[" else number > low
    below = number <= high if match["high_end"] == "]" else number < high
    return math.isfinite(number) and above and below
