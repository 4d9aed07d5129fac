"""Which class a label and a prediction say: one rule for all that compares the two.

Labels and predictions are of one kind: numbers, text or booleans. Booleans beside numbers are 0 and
1; text beside numbers is refused, for nobody knows whether ``"1"`` was meant to be 1. In files all
cells are text, and the cells of both columns tell the kind: see ``read``.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from ..data_quality.celltypes import FRACTIONAL, INTEGRAL

_LONGEST = 40  # digits of a class number; a longer one is text
_BOOLEANS = {"true": 1, "false": 0}


def one_kind(labels, predictions) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and predictions as arrays of one kind.

    Raises:
        ValueError: one is text and the other numbers, or a side mixes them.
    """
    sides = [np.asarray(labels), np.asarray(predictions)]
    kinds = [_kind(side) for side in sides]
    if set(kinds) == {"boolean", "number"}:
        sides = [side.astype(int) if _kind(side) == "boolean" else side for side in sides]
    elif kinds[0] != kinds[1] or "mixed" in kinds:
        raise ValueError(
            f"labels such as {_first(sides[0])!r} and predictions such as {_first(sides[1])!r} mix"
            " strings and numbers: convert one side, so that equal classes are equal."
        )
    return sides[0], sides[1]


def _first(values: np.ndarray) -> Any:
    return values[:1].tolist()[0] if len(values) else None


def _kind(values: np.ndarray) -> str:
    if values.dtype.kind != "O":
        return {"b": "boolean", "i": "number", "u": "number", "f": "number"}.get(
            values.dtype.kind, "text"
        )
    kinds = {type(value) for value in values.tolist()}
    if kinds <= {bool, np.bool_}:
        return "boolean"
    texts = {kind for kind in kinds if issubclass(kind, str)}
    return "number" if not texts else "text" if texts == kinds else "mixed"


def seen(labels: np.ndarray, predictions: np.ndarray) -> list:
    """Return the sorted classes of both sides, which are of one kind."""
    return sorted(set(pd.unique(labels).tolist()) | set(pd.unique(predictions).tolist()))


def codes(classes: list, values: np.ndarray) -> np.ndarray:
    """Return each value's position in ``classes``, whole numbers told apart beyond 2**53, too."""
    places = {value: at for at, value in enumerate(classes)}
    found, different = pd.factorize(values)
    return np.array([places[value] for value in different.tolist()], int)[found]


def binary(labels: np.ndarray, predictions: np.ndarray, positive_label) -> list:
    """Return [negative, positive]; a negative class that no row has is the other of 0 and 1, or for
    text 'not x'.

    Raises:
        ValueError: there are more than two classes, or the positive one cannot be told.
    """
    found = seen(labels, predictions)
    if positive_label is None:
        positive_label = _true_of(found)
    negatives = [c for c in found if c != positive_label]
    if len(negatives) > 1:
        raise ValueError(
            f"binary needs two classes; besides {positive_label!r} there are {negatives[:5]}."
        )
    if not negatives:
        is_text = isinstance(positive_label, str)
        negatives = [
            f"not {positive_label}" if is_text else type(positive_label)(not positive_label)
        ]
    if isinstance(positive_label, str) != isinstance(negatives[0], str):
        raise ValueError(
            f"positive_label is {positive_label!r} but labels look like {negatives[0]!r}: use "
            "their type."
        )
    return [*negatives, positive_label]


def _true_of(found: list) -> Any:
    """Return the class that is positive if nobody says which: 1 of 0 and 1, true of booleans.

    Raises:
        ValueError: the classes are others.
    """
    if set(found) <= {0, 1}:
        return type(found[0])(1)
    spelt = {text.lower(): text for text in found if isinstance(text, str)}
    if len(spelt) == len(found) and set(spelt) <= set(_BOOLEANS):
        return spelt.get("true", "True" if found[0][0].isupper() else "true")
    raise ValueError(f"Say which of the labels {found[:5]} is positive: positive_label=...")


def read(columns: Sequence[pd.Series], positive_label=None) -> tuple[list[np.ndarray], Any]:
    """Return what the cells of labels and predictions say, and the positive label in their kind.

    ``1``, ``1.0`` and ``1e0`` are one class; so are ``01`` and ``1``, unless one column has both,
    for then they are codes. If a cell of any column is no number, all are text,
    numbers in their plainest form: among codes and ``other``, ``2.0`` is ``"2"``. ``true`` and
    ``false`` are 1 and 0 if all else is. Blanks around a cell don't count.

    Args:
        columns: text, shape (n,) each, without missing cells.
        positive_label: a class as a user gives it: text, a number or a boolean.
    """
    if isinstance(positive_label, str):
        positive_label = positive_label.strip()
    if any(text != text.strip() for column in columns for text in pd.unique(column)):
        columns = [column.str.strip() for column in columns]
    texts = sorted({text for column in columns for text in pd.unique(column)})
    said = {text: _number(text) for text in texts}
    if any(map(_are_codes, columns)):
        said = dict.fromkeys(texts)
    words = {text for text in texts if said[text] is None}
    booleans = {text for text in words if text.lower() in _BOOLEANS}
    numbers = set(said.values()) - {None}
    if words and words == booleans and numbers and numbers <= {0, 1}:
        said |= {text: _BOOLEANS[text.lower()] for text in booleans}
        words = set()
    elif len({text.lower() for text in booleans}) < len(booleans):  # True here and true there
        said |= {text: text.lower() for text in booleans}
    if words:
        said = {t: v if isinstance(v, str) else t if v is None else str(v) for t, v in said.items()}
    if positive_label is not None and str(positive_label) not in said:
        positive_label = _as_written(str(positive_label), bool(words), said)
    elif positive_label is not None:
        positive_label = said[str(positive_label)]
    return [_array([said[text] for text in column]) for column in columns], positive_label


def _are_codes(column: pd.Series) -> bool:
    """Return whether a column tells ``01`` from ``1``."""
    texts = {text for text in pd.unique(column) if text.isascii() and text.isdigit()}
    return any((text.lstrip("0") or "0") in texts - {text} for text in texts)


def _as_written(text: str, words: bool, said: dict[str, Any]) -> Any:
    """Return a class that no row has, in the kind of the others."""
    number = _number(text)
    if text.lower() in _BOOLEANS:
        alike = [value for other, value in said.items() if other.lower() == text.lower()]
        return alike[0] if alike else text if words else _BOOLEANS[text.lower()]
    return str(number) if words and number is not None else text if number is None else number


def _number(text: str) -> int | float | None:
    """Return the number that a cell is by Model Monitor's rules, None if it is none."""
    plain = text.replace(" ", "")
    if len(text) > _LONGEST or not (re.match(INTEGRAL, text) or re.match(FRACTIONAL, text)):
        return None
    value = Decimal(plain)
    if value.adjusted() > _LONGEST:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _array(values: list) -> np.ndarray:
    """Return an array that tells all of the values apart."""
    if not any(isinstance(value, str) for value in values):
        exact = all(isinstance(value, int) and abs(value) < 2**63 for value in values)
        if exact or all(abs(value) <= 2**53 for value in values):
            return np.array(values)
    found = np.empty(len(values), object)
    found[:] = values
    return found
