"""Model quality from files to files: a baseline of labelled predictions, and checks against it.

Columns are always named, never guessed. CSV has names in its header. In captured requests merged
with ground truth, the label is ``_label`` and the endpoint's CSV outputs are ``_out0``, ``_out1``
...; JSON outputs have their own names.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..data_quality.celltypes import cells
from ..files import documents
from ..files.jobs import Result, Source, as_sources
from ..files.readers import Reading, read_chunks
from . import model_quality


@dataclass(frozen=True)
class Columns:
    """Name the columns of labelled predictions.

    Either ``prediction`` or ``probability`` may be left out.
    """

    label: str
    prediction: str | None = None
    probability: str | None = None
    positive_label: Any = None
    threshold: float = 0.5


def run_model_quality(
    source: Source,
    output: Path | str,
    problem_type: model_quality.ProblemType,
    columns: Columns,
    *,
    baseline: Path | str | None = None,
    header: bool = True,
) -> Result:
    """Measure labelled predictions and write statistics.json into the folder ``output``.

    It also writes constraints.json. With a baseline (a folder that has a constraints.json) it
    writes constraint_violations.json instead.

    Raises:
        ValueError: there is nothing to read, a named column is missing, model_quality refuses the
            values, or the baseline cannot be used.
    """
    rules = documents.read(Path(baseline) / "constraints.json", "version") if baseline else None
    result = _measure(source, problem_type, columns, header)
    if rules:
        result.violations.extend(model_quality.check(result.statistics, rules))
        documents.write(
            {"violations": result.violations}, Path(output) / "constraint_violations.json"
        )
    else:
        documents.write(model_quality.suggest(result.statistics), Path(output) / "constraints.json")
    documents.write(result.statistics, Path(output) / "statistics.json")
    return result


def _measure(
    source: Source, problem_type: model_quality.ProblemType, columns: Columns, header: bool
) -> Result:
    reading = Reading()
    wanted = [name for name in (columns.label, columns.prediction, columns.probability) if name]
    frame = _read(source, wanted, reading, header)
    unlabelled = int(frame.isna().any(axis=1).sum())
    if unlabelled:
        reading.notes.append(f"{unlabelled} rows without a label or a prediction were left out.")
        frame = frame.dropna()
    get = {name: frame[name].to_numpy() for name in wanted}
    statistics = model_quality.statistics(
        problem_type,
        get[columns.label],
        get.get(columns.prediction),
        get.get(columns.probability),
        positive_label=columns.positive_label,
        threshold=columns.threshold,
    )
    return Result(len(frame), statistics, [], pd.DataFrame(), reading.notes)


def _read(source: Source, wanted: list[str], reading: Reading, header: bool) -> pd.DataFrame:
    """Read some columns: as numbers if all cells are numbers, else as strings."""
    parts: dict[str, list[pa.Array]] = {name: [] for name in wanted}
    for one in as_sources(source):
        for chunk in read_chunks(one, reading, header=header):
            if absent := [name for name in wanted if name not in chunk]:
                raise ValueError(f"There is no column {absent} in {one}; there are {list(chunk)}.")
            for name in wanted:
                parts[name].append(chunk[name].cast(pa.string()))
    if not parts[wanted[0]]:
        raise ValueError(" ".join([f"No rows in {source}.", *reading.notes]))
    return pd.DataFrame({name: _values(pa.chunked_array(arrays)) for name, arrays in parts.items()})


def _values(column: pa.ChunkedArray) -> np.ndarray | pd.Series:
    found = cells(column)
    if len(found.texts):
        return column.to_pandas()
    numbers = pd.to_numeric(column.to_pandas())
    whole = numbers.notna().all() and bool((numbers % 1 == 0).all())
    # Classes read as 0 and 1, also from "1.0"
    return numbers.astype(int) if whole else numbers
