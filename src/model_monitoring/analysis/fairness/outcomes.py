"""Which outcomes favour a person."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import pandas as pd

from .members import alike, check_listed, label, match


def outcomes(values, favourable: Sequence, unfavourable: Sequence | None, name: str) -> np.ndarray:
    """Mark each value: 1 if favourable, 0 if unfavourable, 2 if neither or missing; int, (n,).

    ``favourable`` and ``unfavourable`` are lists of values, or of ranges for regression. Without
    ``unfavourable``, all other values are unfavourable.

    Raises:
        ValueError: ``favourable`` is empty or a string, the two lists overlap, or none of the
            values is in either.
    """
    if not len(favourable):
        raise ValueError(
            "favourable is empty: name the outcomes that favour a person, for example ['good']."
        )
    for what, listed in (("favourable", favourable), ("unfavourable", unfavourable)):
        check_listed(listed, what)
    codes, _, _ = match(values, [*favourable, *(unfavourable or ())], name)
    rest = 2 if unfavourable is not None else 0
    kinds = [codes == -2, codes == -1, codes < len(favourable)]
    marked = np.select(kinds, [2, rest, 1], default=0)
    if len(marked) and (marked == 2).all():
        seen = ", ".join(map(repr, pd.unique(pd.Series(values))[:3]))
        raise ValueError(f"No {name} is favourable or unfavourable; they are {seen} ...")
    return marked


def written(values, favourable: Sequence, name: str) -> str:
    """Write favourable outcomes as Clarify does: categories or ranges, separated by commas.

    Open ends of a range are closed at the values seen.
    """
    _, members, seen = match(values, list(favourable), name)
    return ",".join(label(member, seen) for member in members)


def unseen(values: Sequence, listed: Sequence) -> list[str]:
    """Say which of the listed outcomes no row has, and what is spelled almost like it.

    ``values`` are columns of outcomes. Ranges are left out.
    """
    seen = [one for column in values for one in pd.Series(column).dropna().unique().tolist()]
    numeric = all(isinstance(value, Real) for value in seen)
    texts = {str(value) for value in seen}  # a column of text is compared as it is written
    found = []
    for member in listed:
        if isinstance(member, list | tuple | pd.Interval) or member in seen or str(member) in texts:
            continue
        other = alike(member, seen)
        if other is not None and numeric:
            continue  # compared as numbers, so '1.0' is 1
        found.append(f"no row has {member!r}" + ("" if other is None else f"; there is {other!r}"))
    return found
