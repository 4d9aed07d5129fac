"""Columns as COPY returns them, put into data frames."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from model_monitoring.datamart.postgres.columns import INTEGER
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, TIMESTAMP

PLACE = {"record_id": INTEGER, "row_number": SHORT_INTEGER, "scored_at": TIMESTAMP}


def frames(arrays: Mapping[tuple[str, str], np.ndarray], *parts: str) -> list[pd.DataFrame]:
    """Put columns that were read by (part, name) into one frame for each part."""
    found = []
    for part in parts:
        columns = {name: _flat(values) for (of, name), values in arrays.items() if of == part}
        found.append(pd.DataFrame(columns, copy=False))
    return found


def _flat(values: np.ndarray) -> np.ndarray | list:
    return list(values) if values.ndim > 1 else values
