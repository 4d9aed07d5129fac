"""The formats of feedback (lists, dicts, CSV, frames), and the ids of the rows it is about."""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from model_monitoring.analysis.data_quality.celltypes import widened
from model_monitoring.analysis.files.json_rows import repeated
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.postgres.texts import check_text
from model_monitoring.datamart.postgres.wording import shown, some
from model_monitoring.datamart.records.frames import raw


def columns_of(
    data: Sequence | str | pd.DataFrame, fields: Sequence[str], header: bool, delimiter: str
) -> dict[str, list]:
    """Lay feedback out in columns, whichever of the formats it came in; CSV's cells are text."""
    if isinstance(data, str):
        data, fields = _rows_of_csv(data, fields, header, delimiter)
    if isinstance(data, pd.DataFrame):
        named = {str(name): name for name in data.columns}
        if len(named) < len(data.columns):
            twice = repeated(list(map(str, data.columns)))
            raise ValueError(
                f"Two columns of the data frame have the same name, {shown(twice)}. Nothing was"
                " stored."
            )
        return {name: _objects(data[column]) for name, column in named.items()}
    if not isinstance(data, Sequence | np.ndarray):
        raise ValueError(
            "feedback_data must be a data frame, a list of rows, or a CSV string, not"
            f" {type(data).__name__}. Nothing was stored."
        )
    rows = list(data)
    if (twice := repeated(list(fields))) is not None:
        raise ValueError(f"The feedback has the field {shown(twice)} twice. Nothing was stored.")
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
                f"Row {number} of the feedback must have {counted(len(fields), 'value')}:"
                f" {some(fields)}."
            )
    return dict(zip(fields, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}


def _objects(series: pd.Series) -> list:
    """Return a column's values as Python objects, with None for missing ones."""
    values = raw(series)
    if not isinstance(values, np.ndarray):
        return list(values)
    values = widened(values).astype(object)
    return np.where(pd.isna(values), None, values).tolist()


def _rows_of_csv(
    text: str, fields: Sequence[str], header: bool, delimiter: str
) -> tuple[list[list[str]], Sequence[str]]:
    """Read CSV; return its rows, each of as many cells as there are fields, and the fields."""
    check_text(text, "feedback_data", empty=True)
    try:
        text = text.removeprefix("\ufeff")  # which Excel puts before UTF-8
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [row for row in lines if row]
    except (csv.Error, TypeError) as error:
        raise ValueError(f"The feedback isn't CSV: {error}.") from None
    if header:
        if not rows:
            raise ValueError("The feedback isn't CSV: it has no header.")
        fields = [name.strip() for name in rows.pop(0)]
    return rows, fields


def hashable(label: object) -> object:
    """Return a label in a form that can be looked up in a dict."""
    try:
        hash(label)
    except TypeError:
        return shown(label)
    return label
