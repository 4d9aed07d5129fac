"""A query's rows as a data frame."""

import numpy as np
import pandas as pd
from psycopg2 import extensions

BIGINT = 20  # PostgreSQL's number of the type


def frame_of(cursor: extensions.cursor, exact: bool) -> pd.DataFrame:
    """Fetch the rows of a query.

    If `exact`, whole numbers stay so beside missing ones (pandas' Int64), beyond 2^53 too.
    """
    columns, rows = cursor.description, cursor.fetchall()
    numbers = {c.name: float for c in columns if c.type_code in extensions.FLOAT.values}
    found = pd.DataFrame(rows, columns=[c.name for c in columns]).astype(numbers)
    for place, column in enumerate(columns if exact else ()):
        if column.type_code == BIGINT and found[column.name].dtype != np.int64:
            found[column.name] = pd.array([row[place] for row in rows], dtype="Int64")
    return found
