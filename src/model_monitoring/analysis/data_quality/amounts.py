"""Amounts of money and other numbers that people write for people: ``$1,234.50``, ``1.234,50 €``,
``(12)``, ``12 %``.

Model Monitor takes such a cell for text, and so does statistics.json; drift is measured on what
they say.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_CURRENCY = (
    r"(?:\p{Sc}|[AC-Z]{1,2}\$|kr\.?"
    r"|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|TRY)"
)
# Between thousands: comma, point, apostrophes, spaces; and lakhs and crores (12,34,567)
_MARK = r"[,.' \x{2019}\x{a0}\x{202f}]"
_DIGITS = (
    rf"(?:\d{{1,3}}(?:{_MARK}\d{{3}})+(?:[.,]\d+)?|\d{{1,3}}(?:,\d{{2}})*,\d{{3}}(?:\.\d+)?"
    r"|\d+(?:[.,]\d+)?)"
)
_SIGN = r"[-+\x{2212}]?"
PATTERN = (
    rf"^\s*\(?{_SIGN}\s?{_CURRENCY}?[\s\x{{a0}}]?{_SIGN}{_DIGITS}"
    rf"[\s\x{{a0}}\x{{202f}}]?(?:{_CURRENCY}|%|-)?\)?\s*$"
)


def find(texts: pa.StringArray) -> np.ndarray:
    """Return the amounts among texts, in their order; digits beyond a double's range are none."""
    matched = texts.filter(pc.match_substring_regex(texts, PATTERN))
    found = np.array([read(text) for text in matched.to_pylist()], float)
    return found[np.isfinite(found)]


def read(text: str) -> float:
    """Return what an amount says.

    The last of two kinds of marks is the decimal one. A mark that comes alone is, too, unless it
    comes several times or is a comma before three digits: ``1,234`` is more than a thousand.

    >>> [read(text) for text in ("$1,234.50", "1.234,5 €", "1'000", "(0,75)", "1,234", "12,5 %")]
    [1234.5, 1234.5, 1000.0, -0.75, 1234.0, 12.5]
    """
    digits = re.sub(r"[^\d.,]", "", text).strip(".,")
    mark = max(".,", key=digits.rfind)
    head, _, tail = digits.rpartition(mark)
    both = "." in digits and "," in digits
    grouped = digits.count(mark) > 1 or (mark == "," and len(tail) == 3 and head != "0")
    if not head or (grouped and not both):
        value = float(re.sub(r"[.,]", "", digits))
    else:
        value = float(f"{re.sub(r'[.,]', '', head)}.{tail}")
    return -value if re.search("[-\u2212(]", text) else value
