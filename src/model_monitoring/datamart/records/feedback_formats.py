"""The formats of feedback (lists, dicts, CSV, frames), and the ids of the rows it is about."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from model_monitoring.datamart.postgres.texts import check_text
from model_monitoring.datamart.postgres.wording import shown, some


def columns_of(
    data: Sequence | str | pd.DataFrame, fields: Sequence[str], header: bool, delimiter: str
) -> dict[str, list]:
    """Lay feedback out in columns, whichever of these formats it has."""
    if isinstance(data, str):
        check_text(data, "feedback_data", empty=True)
        names = (
            {"header": 0} if header else {"header": None, "names": list(fields), "index_col": False}
        )
        try:
            data = pd.read_csv(io.StringIO(data), sep=delimiter, dtype={"scoring_id": str}, **names)
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise ValueError(f"The feedback isn't CSV: {error}") from None
    if isinstance(data, pd.DataFrame):
        objects = data.astype(object)
        return {
            str(name): objects[name].where(objects[name].notna(), None).tolist()
            for name in data.columns
        }
    if not isinstance(data, Sequence | np.ndarray):
        raise ValueError("feedback_data must be a data frame, a list of rows, or a CSV string.")
    rows = list(data)
    if rows and isinstance(rows[0], Mapping):
        names = list(rows[0])
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Mapping) or set(row) != set(names):
                raise ValueError(
                    f"Row {number} of the feedback has different fields than row 1: {some(names)}."
                )
        return {name: [row[name] for row in rows] for name in names}
    for number, row in enumerate(rows, 1):
        if (
            isinstance(row, str)
            or not isinstance(row, Sequence | np.ndarray)
            or len(row) != len(fields)
        ):
            raise ValueError(
                f"Row {number} of the feedback must have {len(fields)} values: {some(fields)}."
            )
    return dict(zip(fields, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}


def hashable(label: object) -> object:
    """Return a label in a form that can be looked up in a dict."""
    try:
        hash(label)
    except TypeError:
        return shown(label)
    return label
