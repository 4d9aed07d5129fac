"""Read monitored data in chunks: CSV, JSON, Parquet and SageMaker's data capture files.

A file's kind is told from its content, each kind has a module of its own. Cells of text files stay
text, since Model Monitor judges types by it. What is skipped or assumed is written into the
reading's notes, for the report.
"""

from collections.abc import Iterator
from pathlib import Path

from . import csv_files, json_files, parquet_files
from .finding import find_files
from .reading import Columns, Reading


def read_chunks(source: Path | str, reading: Reading, *, header: bool = True) -> Iterator[Columns]:
    """Yield the rows of a file or folder in order, one chunk at a time.

    Args:
        source: a file or folder.
        reading: takes the notes, and where each column is from.
        header: whether the first record of a CSV file holds column names; if not they are ``_c0``,
            ``_c1`` ...

    Raises:
        ValueError: there is nothing to read, files of different kinds, or what a kind's module and
            `find_files` refuse.
    """
    files = find_files(source, reading.notes)
    if files[0].kind in ("JSON", "capture"):
        yield from json_files.read(files, reading)
        return
    for found in files:
        if found.kind == "Parquet":
            yield from parquet_files.read(found, reading)
        else:
            yield from csv_files.read(found, reading, header)
