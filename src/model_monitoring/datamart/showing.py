"""The methods that show a table of the data mart."""

from numbers import Integral
from typing import NamedTuple

import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor, Database

NEVER_NULL = {
    "scoring_id",
    "scoring_timestamp",
    "deployment_id",
    "asset_revision",
    "record_timestamp",
    "ts",
}


class Selection(NamedTuple):
    """A query, and new names for some of its columns."""

    query: sql.Composable
    names: dict[str, str]


class TableVerbs:
    """The methods that every table of the data mart has: show, describe, print, get."""

    _database: Database

    def _select(self, limit: int | None) -> Selection:
        """Return the query behind these methods."""
        raise TypeError(f"{type(self).__name__} has no table.")

    def get_table_content(
        self, format: str = "pandas", limit: int | None = None
    ) -> pd.DataFrame | list[dict]:
        """Return the table, or its first `limit` rows.

        The result is a data frame or, with format "python", a list of dicts.

        Raises:
            ValueError: there is no payload yet, the limit is no number of rows, or the format is
                unknown.
        """
        if limit is not None and not (isinstance(limit, Integral) and limit >= 0):
            raise ValueError(f"limit is {limit!r:.80}: use a number of rows, or None for all.")
        if format not in ("pandas", "python"):
            raise ValueError(f"format is {format!r:.80}: use pandas or python.")
        selection = self._select(limit)
        frame = self._database.frame(selection.query, exact=True)
        frame = frame.rename(columns=selection.names)
        return frame if format == "pandas" else frame.to_dict("records")

    def show_table(self, limit: int = 10) -> pd.DataFrame:
        """Return the first rows."""
        return self.get_table_content(limit=limit)

    def describe_table(self, limit: int | None = None) -> pd.DataFrame:
        """Return count, mean, standard deviation and quartiles of each numeric column."""
        return self.get_table_content(limit=limit).describe(include="number")

    def print_table_schema(self) -> pd.DataFrame:
        """Return name, type and nullability of each column."""
        selection = self._select(0)

        def work(cursor: Cursor) -> list[tuple]:
            cursor.execute(selection.query)
            columns = [
                (selection.names.get(column.name, column.name), column.type_code)
                for column in cursor.description
            ]
            cursor.execute(
                "SELECT oid, format_type(oid, NULL) FROM pg_type WHERE oid = ANY(%s)",
                [[c[1] for c in columns]],
            )
            types = dict(cursor.fetchall())
            return [(name, types[code], name not in NEVER_NULL) for name, code in columns]

        return pd.DataFrame(self._database.run(work), columns=["name", "type", "nullable"])
