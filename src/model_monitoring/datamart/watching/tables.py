"""Files of rows as data frames: numbers, booleans and text as they are written."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from model_monitoring.analysis.files.readers import read_chunks
from model_monitoring.analysis.files.reading import Reading
from model_monitoring.datamart.postgres.coercing import DECIMAL


def read(path: str | Path) -> pd.DataFrame:
    """Read CSV, JSON lines or Parquet, a file or a folder.

    A column of text is numbers or booleans if all its cells are. 01234 is a code and stays text.
    Only an empty cell is missing: NA is a category.

    Raises:
        ValueError: there is nothing to read, or a file can't be read.
    """
    if not Path(path).exists():
        raise ValueError(f"{path} doesn't exist.")
    reading = Reading()
    chunks = [pa.table(columns) for columns in read_chunks(path, reading)]
    if reading.skipped:
        raise ValueError(f"{path} has rows that can't be read: {reading.notes[-1]}")
    if not chunks or not sum(chunk.num_rows for chunk in chunks):
        raise ValueError(f"{path} has no rows.")
    frame = pa.concat_tables(chunks, promote_options="permissive").to_pandas()
    return frame.apply(_typed)


def joined(frame: pd.DataFrame, classes: Sequence | None) -> pd.DataFrame:
    """Make one column of lists of columns that hold a number for each class, such as p_a and p_b.

    They end in the classes' names, or in 0, 1, 2 in the order of the classes.
    """
    for ends in (list(map(str, classes or ())), [str(n) for n in range(len(classes or ()))]):
        stems = [name.removesuffix(f"_{ends[0]}") for name in frame] if ends else []
        for stem in stems:
            names = [f"{stem}_{end}" for end in ends]
            if stem not in frame and all(name in frame for name in names):
                lists = frame[names].to_numpy(dtype=float).tolist()
                frame = frame.drop(columns=names).assign(**{stem: lists})
    return frame


def _typed(column: pd.Series) -> pd.Series:
    """Return numbers or booleans where all cells of a text column are; blank cells are missing."""
    if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return column
    cells = column.where(column.notna(), None).astype(object)
    present = cells.dropna()
    if not all(isinstance(cell, str) for cell in present):
        return cells
    cells = cells.where(cells.str.strip() != "", None)
    found = set(cells.dropna())
    if found and all(map(_is_number, found)):
        return pd.to_numeric(cells)
    if found and {cell.lower() for cell in found} <= {"true", "false"}:
        return cells.str.lower().map({"true": True, "false": False})
    return cells


def _is_number(cell: str) -> bool:
    digits = cell.strip().lstrip("+-")
    return bool(DECIMAL.fullmatch(cell.strip())) and not (
        digits[:1] == "0" and digits[1:2].isdigit()
    )
