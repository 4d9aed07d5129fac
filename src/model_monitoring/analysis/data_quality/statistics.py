"""Profiles of a data set, and Model Monitor's statistics.json made from them.

A profile is made in one pass over chunks of any size and takes a few hundred kilobytes, whatever
the number of rows. Profiles of parts can be merged, for example hours into a day. statistics.json
has the shape and the rules of the files that the AWS container writes (deequ's type inference,
moments, KLL sketch and buckets). Only distinct counts may differ (see distinct.py).
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from . import kll, shapes
from .columns import Column
from .drift import Mode

VERSION = 0.0
_LARGEST = 1e150


class Profile:
    """Summarise rows by column.

    Attributes:
        rows: the number of rows added.
        columns: the statistics of each column, by name, in the order of first appearance.
    """

    def __init__(
        self,
        awaited: Mapping[str, Collection[str]] | None = None,
        textual: Collection[str] = (),
    ):
        """Start an empty profile.

        ``awaited`` has by column the texts whose rows count in any case, such as a baseline's
        categories; a column it doesn't name (captured ones get their names later) awaits all.
        Cells of the ``textual`` columns are strings even if they look like numbers.
        """
        self._textual = frozenset(textual)
        self.rows = 0
        self.columns: dict[str, Column] = {}
        self._awaited = awaited or {}
        self._all = {text for texts in self._awaited.values() for text in texts}

    def update(self, frame: pd.DataFrame | Mapping[str, Any]) -> None:
        """Add rows: a data frame, or columns of equal length (Arrow, pandas or numpy) by name.

        If some rows lack a column, its cells count as missing there.

        Raises:
            ValueError: two columns are of one name, or one is of a type that can't be monitored.
        """
        if not isinstance(frame, pd.DataFrame | Mapping):
            raise ValueError(
                f"profile takes a data frame, or columns by name, not {type(frame).__name__}."
            )
        names = Counter(map(str, frame))  # 0 and "0" are one name
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"Column names must be unique; found more than once: {twice}.")
        rows = (
            len(frame) if isinstance(frame, pd.DataFrame) else len(next(iter(frame.values()), ()))
        )
        for name, values in frame.items():
            try:
                self._column(str(name)).add(values)
            except ValueError as error:
                raise ValueError(f"Column {name!r}: {error}") from None
        self.rows += rows
        self._fill_gaps()

    def _column(self, name: str) -> Column:
        if name not in self.columns:
            awaited = self._awaited.get(name, self._all)
            self.columns[name] = Column(name, awaited, name in self._textual)
        return self.columns[name]

    def _fill_gaps(self) -> None:
        for column in self.columns.values():
            column.missing += self.rows - column.present - column.missing

    def merge(self, other: "Profile") -> None:
        """Add the rows of another profile, as if they followed."""
        for name, column in other.columns.items():
            self._column(name).merge(column)
        self.rows += other.rows
        self._fill_gaps()

    def rename(self, names: Mapping[str, str]) -> "Profile":
        """Return this profile with other column names; columns not in ``names`` are left out."""
        renamed = Profile()
        renamed.rows = self.rows
        for old, new in names.items():
            renamed.columns[new] = self.columns[old]
            renamed.columns[new].name = new
        return renamed

    def statistics(self, mode: Mode = "aws") -> dict[str, Any]:
        """Return the content of statistics.json.

        Mode ``exact`` adds to a text column the ``shape`` that its drift is measured by, where
        Model Monitor's own keys say too little; see shapes.py.

        Raises:
            ValueError: a column holds numbers beyond 1e150, whose squares cannot be added up.
        """
        features = [_feature(column.settled(), mode) for column in self.columns.values()]
        return {"version": VERSION, "dataset": {"item_count": self.rows}, "features": features}

    def to_dict(self) -> dict[str, Any]:
        """Return the whole state as plain JSON values.

        A store can keep one profile per window.
        """
        return {
            "rows": self.rows,
            "columns": [column.to_dict() for column in self.columns.values()],
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> "Profile":
        """Return the profile that ``to_dict`` described."""
        profile = cls()
        profile.rows = state["rows"]
        profile.columns = {column["name"]: Column.from_dict(column) for column in state["columns"]}
        return profile


def profile(
    frame: pd.DataFrame | Mapping[str, Any],
    awaited: Mapping[str, Collection[str]] | None = None,
    textual: Collection[str] = (),
) -> Profile:
    """Summarise a data frame (or columns by name) in one pass.

    Types follow the dtypes: integer dtypes (also the nullable Int64) are Integral, float dtypes are
    Fractional, and strings are judged cell by cell, but in ``textual`` columns, where they stay
    strings. NaN, None and empty strings are missing.
    """
    result = Profile(awaited, textual)
    result.update(frame)
    return result


def _feature(column: Column, mode: Mode) -> dict[str, Any]:
    """Describe a settled column as one entry of statistics.json."""
    common = {"num_present": column.present, "num_missing": column.missing}
    kind = column.inferred_type
    if kind in ("Integral", "Fractional"):
        if max(-column.low, column.high) > _LARGEST:
            raise ValueError(
                f"Column {column.name} holds numbers too large to square: {column.low} to"
                f" {column.high}. Use a smaller unit or the logarithm, or leave the column out."
            )
        levels = [level.tolist() for level in column.sketch.levels]
        sketch = {"parameters": {"c": kll.C, "k": float(kll.K)}, "data": levels}
        statistics = {
            "common": common,
            "mean": column.mean,
            "sum": column.total,
            "std_dev": column.std_dev,
            "min": column.low,
            "max": column.high,
            "approximate_num_distinct_values": column.distinct.count(),
            "completeness": column.completeness,
            "distribution": {
                "kll": {"buckets": kll.buckets(levels, column.low, column.high), "sketch": sketch}
            },
        }
        return {"name": column.name, "inferred_type": kind, "numerical_statistics": statistics}
    statistics = {
        "common": common,
        "distinct_count": float(column.distinct.count()),
        "completeness": column.completeness,
    }
    if column.categories:
        counted = [{"value": value, "count": count} for value, count in column.categories.items()]
        statistics["distribution"] = {"categorical": {"buckets": counted}}
    feature = {"name": column.name, "inferred_type": kind, "string_statistics": statistics}
    if mode == "exact" and column.present and shapes.needed(column):
        feature["shape"] = shapes.describe(column)
    return feature
