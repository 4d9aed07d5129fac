"""Model quality from files to files: a baseline of labelled predictions, and checks against it.

Columns are always named, never guessed. CSV has names in its header. In captured requests merged
with ground truth, the label is ``_label`` and the endpoint's CSV outputs are ``_out0``, ``_out1``
...; JSON outputs have their own names.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..data_quality.celltypes import INTEGRAL
from ..data_quality.drift import Mode
from ..files import documents
from ..files.jobs import Result, Source, as_sources
from ..files.readers import read_chunks
from ..files.reading import Reading
from ..wording import counted
from . import classes, limits, model_quality
from .rows import usable


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
    mode: Mode = "exact",
) -> Result:
    """Measure labelled predictions and write statistics.json into the folder ``output``.

    It also writes constraints.json. With a baseline (a folder that has a constraints.json) it
    writes constraint_violations.json instead. Rows that can't be measured are left out and counted;
    the exit message counts them in mode exact alone.

    Raises:
        ValueError: there is nothing to read, a named column is missing, model_quality refuses the
            values, or the baseline cannot be used.
    """
    rules = documents.read(Path(baseline) / "constraints.json", "version") if baseline else None
    result = replace(_measure(source, problem_type, columns, header), mode=mode)
    if rules:
        result.violations.extend(limits.check(result.statistics, rules))
        result.not_measured.extend(limits.not_measured(result.statistics, rules))
        documents.write(
            {"violations": result.violations}, Path(output) / "constraint_violations.json"
        )
    else:
        documents.write(limits.suggest(result.statistics), Path(output) / "constraints.json")
    documents.write(result.statistics, Path(output) / "statistics.json")
    return result


def _measure(
    source: Source, problem_type: model_quality.ProblemType, columns: Columns, header: bool
) -> Result:
    reading = Reading()
    wanted = [name for name in (columns.label, columns.prediction, columns.probability) if name]
    frame = _read(source, wanted, reading, header)
    answers = {"label": frame[columns.label]}
    if columns.prediction:
        answers["prediction"] = frame[columns.prediction]
    scores = frame[columns.probability] if columns.probability else None
    fine, scores, left = usable(problem_type, answers, scores)
    if not fine.any() or (scores is None and not columns.prediction and left):
        why = "; ".join(map(str, left))
        raise ValueError(f"No row can be measured ({counted(len(frame), 'row')} read): {why}.")
    said, positive = [side[fine] for side in answers.values()], None
    if problem_type == "Regression":
        said = [_numbers(side) for side in said]
    else:
        said, positive = classes.read(said, columns.positive_label)
    statistics = model_quality.statistics(
        problem_type,
        *said,
        probabilities=None if scores is None else scores[fine],
        positive_label=positive,
        threshold=columns.threshold,
    )
    rows = int(fine.sum())
    return Result(rows, statistics, [], pd.DataFrame(), reading.notes, not_measured=left)


def _read(source: Source, wanted: list[str], reading: Reading, header: bool) -> pd.DataFrame:
    """Read some columns as text, None where a cell is missing."""
    parts: dict[str, list[pa.Array]] = {name: [] for name in wanted}
    for one in as_sources(source):
        for chunk in read_chunks(one, reading, header=header):
            rows = len(next(iter(chunk.values())))
            for name, cells in parts.items():
                found = name in chunk  # a field of JSON may be in no row of a chunk
                cells.append(
                    chunk[name].cast(pa.string()) if found else pa.nulls(rows, pa.string())
                )
    if not parts[wanted[0]]:
        said = f"{source} holds no rows: give files with at least one."
        raise ValueError(" ".join([said, *reading.notes]))
    if absent := [name for name in wanted if name not in reading.fields]:
        there = list(reading.fields)
        raise ValueError(f"There is no column {absent} in {source}; there are {there}.")
    columns = {name: pa.chunked_array(arrays).to_pylist() for name, arrays in parts.items()}
    return pd.DataFrame(columns, dtype=object).replace("", None)


def _numbers(cells: pd.Series) -> np.ndarray:
    """Return numbers, whole ones exactly."""
    numbers = pd.to_numeric(cells).to_numpy()
    if numbers.dtype.kind == "f" and cells.str.match(INTEGRAL).all():
        return np.array([int(cell) for cell in cells], dtype=object)
    return numbers
