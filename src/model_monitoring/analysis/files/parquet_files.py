"""Read Parquet files, a chunk of rows at a time."""

import re
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..data_quality import times
from .finding import Found
from .reading import Columns, Reading

_ROWS = 65_536
_INDEX = re.compile(r"__index_level_\d+__")  # where pandas keeps an index without a name


def read(found: Found, reading: Reading) -> Iterator[Columns]:
    """Yield a file's rows; times are text as pandas writes them to CSV.

    Raises:
        ValueError: the file is damaged, or has columns of the same name.
    """
    try:
        pa.array(
            pd.array([], "period[D]")
        )  # has pandas tell Arrow of its types, periods and others
        file = pq.ParquetFile(found.path)
        names = file.schema_arrow.names
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{found.path} has column names more than once: {twice}.")
        index = [name for name in names if _INDEX.fullmatch(name)]
        if index:
            reading.notes.append(f"{found.path.name}: pandas' index {index} is no column of data.")
        kept = [name for name in names if name not in index]
        units = _units(file, kept)
        for batch in file.iter_batches(_ROWS, columns=kept):
            reading.progress(batch.nbytes)
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns |= {name: times.text(columns[name], unit) for name, unit in units.items()}
            yield {reading.name("file", name): columns[name] for name in kept}
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{found.path} cannot be read as Parquet: {error}.") from None


def _units(file: pq.ParquetFile, names: list[str]) -> dict[str, times.Unit]:
    """Return to which unit each column of times is written, for all rows alike."""
    kept = [name for name in names if pa.types.is_timestamp(file.schema_arrow.field(name).type)]
    units: dict[str, times.Unit] = dict.fromkeys(kept, "day")
    for batch in file.iter_batches(_ROWS, columns=kept) if kept else ():
        for name in kept:
            units[name] = times.finest(units[name], times.unit(batch[name]))
    return units
